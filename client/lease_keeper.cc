#include "client/lease_keeper.h"

#include <algorithm>
#include <vector>

namespace fsdfs::client {

namespace {

constexpr Duration kRenewPatience = std::chrono::seconds(5);

}  // namespace

LeaseKeeper::LeaseKeeper(SwarmClient& client) : client_(client), thread_([this] { work(); }) {}

LeaseKeeper::~LeaseKeeper() {
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

LeaseKeeper::Hold::Hold(LeaseKeeper& keeper, const OpenedSession& session, uint64_t size)
    : keeper_(keeper), session_(session.session) {
  std::lock_guard lock(keeper_.mutex_);
  bool first = keeper_.kept_.empty();
  keeper_.kept_[session_] = {size, session.lease, keeper_.client_.clock().now() + session.lease / 3};
  if (first) keeper_.changed_.notify_all();
}

LeaseKeeper::Hold::~Hold() {
  std::lock_guard lock(keeper_.mutex_);
  keeper_.kept_.erase(session_);
}

void LeaseKeeper::work() {
  std::unique_lock lock(mutex_);
  while (!stopped_) {
    if (kept_.empty()) {
      changed_.wait(lock);
      continue;
    }
    MonotonicTime now = client_.clock().now();
    auto next = std::min_element(kept_.begin(), kept_.end(),
                                 [](const auto& a, const auto& b) { return a.second.due < b.second.due; });
    if (next->second.due > now) {
      changed_.wait_for(lock, next->second.due - now);
      continue;
    }
    auto [session, kept] = *next;
    next->second.due = now + kept.lease / 3;
    lock.unlock();
    Status renewed =
        client_.extend_session(session, kept.size, client_.clock().now() + kRenewPatience).status();
    if (!renewed.ok()) client_.logger().debug("session {}: {}", session.value, renewed.message());
    lock.lock();
  }
}

}  // namespace fsdfs::client
