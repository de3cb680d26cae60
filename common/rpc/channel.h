// Dialer: channels to other members, one per address, shared by all who call there. Each process makes one.
//
// Thread safety: all methods, from any thread.
// A channel connects when first used, reconnects by itself (every 0.1 to 1 s while the server is away) and
// notices a dead peer within kKeepaliveTime + kKeepaliveTimeout. Beyond `channels_max` the one that was asked
// for least recently is forgotten; it works on for those who still hold it.
#pragma once

#include <memory>
#include <string>

#include "common/clock.h"
#include "common/rpc/limits.h"
#include "common/security/credentials.h"
#include "common/status.h"

namespace grpc {
class ChannelInterface;
class Status;
}  // namespace grpc

namespace fsdfs {

class Dialer {
 public:
  struct Options {
    size_t channels_max = 1024;
    size_t message_bytes_max = kMessageBytesMax;
    std::shared_ptr<const Clock> clock = std::make_shared<SystemClock>();
  };

  // kInvalidArgument, kPermissionDenied: what is wrong with the credentials.
  static Result<std::unique_ptr<Dialer>> create(const Credentials& credentials);
  static Result<std::unique_ptr<Dialer>> create(const Credentials& credentials, Options options);
  ~Dialer();
  Dialer(const Dialer&) = delete;
  Dialer& operator=(const Dialer&) = delete;

  // The channel to "HOST:PORT", never null. Nothing is sent yet. kInvalidArgument: not an address.
  Result<std::shared_ptr<grpc::ChannelInterface>> channel(const std::string& address);

  // How a call over this Dialer's channel to `address` ended. gRPC reports a failed handshake as UNAVAILABLE
  // (or as DEADLINE_EXCEEDED to a call that waits); this makes of it the reason that the handshake failed
  // for: kPermissionDenied with Reason::kWrongPassword where the server belongs to another authority,
  // kPermissionDenied where its certificate is out of date. Every other status passes unchanged.
  Status explain(const std::string& address, const grpc::Status& status) const;
  Status explain(const std::string& address, const Status& status) const;

 private:
  class Poller;
  class Verdict;
  struct Entry;
  struct State;
  explicit Dialer(std::unique_ptr<State> state);

  const std::unique_ptr<State> state_;
};

}  // namespace fsdfs
