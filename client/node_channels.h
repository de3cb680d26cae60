// NodeChannels: stubs of the nodes' data services, one per address, over the process's one Dialer.
//
// Used by BlockFetch and ChainStream. Thread-safe. Connections are kept, so a transfer costs no handshake
// after the first one to its node.
// Every stream over these stubs is registered while it runs, and the destructor waits for the last one: a
// channel must not be let go of by gRPC's own threads (gRPC 1.51 makes such a thread wait for itself).
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "common/rpc/channel.h"
#include "common/status.h"
#include "fsdfs/replicas.grpc.pb.h"

namespace fsdfs::client {

class NodeChannels {
 public:
  using Stub = v1::Replicas::Stub;

  // `dialer` outlives this.
  explicit NodeChannels(Dialer& dialer) : dialer_(dialer) {}
  ~NodeChannels();  // all streams have been cancelled, or will end soon
  NodeChannels(const NodeChannels&) = delete;
  NodeChannels& operator=(const NodeChannels&) = delete;

  // Never null. kInvalidArgument: `address` is none.
  Result<std::shared_ptr<Stub>> stub(const std::string& address);
  // How a call to `address` ended, with the reason where the handshake failed (Dialer::explain).
  Status explain(const std::string& address, const grpc::Status& status) const {
    return dialer_.explain(address, status);
  }

  void stream_began();
  void stream_ended();  // nothing of it is left but what its owner holds

 private:
  static constexpr size_t kStubsMax = 1024;  // then all are forgotten; each is made again in no time

  Dialer& dialer_;
  std::mutex mutex_;
  std::condition_variable idle_;
  std::unordered_map<std::string, std::shared_ptr<Stub>> stubs_;  // guarded by mutex_
  size_t streams_ = 0;                                            // guarded by mutex_
};

}  // namespace fsdfs::client
