#include "client/node_channels.h"

#include <utility>

namespace fsdfs::client {

Result<std::shared_ptr<NodeChannels::Stub>> NodeChannels::stub(const std::string& address) {
  {
    std::lock_guard lock(mutex_);
    if (auto found = stubs_.find(address); found != stubs_.end()) return found->second;
  }
  FSDFS_ASSIGN(auto channel, dialer_.channel(address));
  std::shared_ptr<Stub> stub = v1::Replicas::NewStub(channel);
  std::lock_guard lock(mutex_);
  if (stubs_.size() >= kStubsMax) stubs_.clear();
  return stubs_.try_emplace(address, std::move(stub)).first->second;
}

NodeChannels::~NodeChannels() {
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [&] { return streams_ == 0; });
}

void NodeChannels::stream_began() {
  std::lock_guard lock(mutex_);
  ++streams_;
}

void NodeChannels::stream_ended() {
  std::lock_guard lock(mutex_);
  // Under the lock: whoever waits may destroy this as soon as it is free.
  if (--streams_ == 0) idle_.notify_all();
}

}  // namespace fsdfs::client
