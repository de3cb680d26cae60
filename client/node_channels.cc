#include "client/node_channels.h"

#include <utility>

namespace fsdfs::client {

Result<std::shared_ptr<NodeChannels::Stub>> NodeChannels::stub(const std::string& address) {
  {
    std::lock_guard lock(mutex_);
    if (auto found = stubs_.find(address); found != stubs_.end()) return found->second;
  }
  FSDFS_ASSIGN(auto channel, dialer_->channel(address));
  std::shared_ptr<Stub> stub = v1::Replicas::NewStub(channel);
  std::lock_guard lock(mutex_);
  if (stubs_.size() >= kStubsMax) stubs_.clear();
  return stubs_.try_emplace(address, std::move(stub)).first->second;
}

}  // namespace fsdfs::client
