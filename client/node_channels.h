// NodeChannels: stubs of the nodes' data services, one per address, over the process's one Dialer.
//
// Used by BlockFetch and ChainStream. Thread-safe. Connections are kept, so a transfer costs no handshake
// after the first one to its node.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

#include "common/rpc/channel.h"
#include "common/status.h"
#include "fsdfs/replicas.grpc.pb.h"

namespace fsdfs::client {

class NodeChannels {
 public:
  using Stub = v1::Replicas::Stub;

  explicit NodeChannels(std::shared_ptr<Dialer> dialer) : dialer_(std::move(dialer)) {}

  // Never null. kInvalidArgument: `address` is none.
  Result<std::shared_ptr<Stub>> stub(const std::string& address);
  // How a call to `address` ended, with the reason where the handshake failed (Dialer::explain).
  Status explain(const std::string& address, const grpc::Status& status) const {
    return dialer_->explain(address, status);
  }

 private:
  static constexpr size_t kStubsMax = 1024;  // then all are forgotten; each is made again in no time

  const std::shared_ptr<Dialer> dialer_;  // shared with the master's connection
  std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<Stub>> stubs_;  // guarded by mutex_
};

}  // namespace fsdfs::client
