#include "node/store/change_log.h"

#include <algorithm>

namespace fsdfs::node {

void ChangeLog::set_listener(std::function<void()> listener) {
  std::lock_guard lock(mutex_);
  listener_ = std::move(listener);
}

void ChangeLog::added(const HeldReplica& held) {
  push({0, false, held});
}

void ChangeLog::removed(const ReplicaId& replica) {
  push({0, true, {replica, {}, HeldState::kWhole}});
}

void ChangeLog::push(Change change) {
  std::function<void()> listener;
  {
    std::lock_guard lock(mutex_);
    change.sequence = ++last_;
    pending_.push_back(std::move(change));
    if (pending_.size() > kPendingMax) {
      pending_.pop_front();
      overflowed_ = true;
    }
    listener = listener_;
  }
  if (listener) listener();
}

uint64_t ChangeLog::last_sequence() const {
  std::lock_guard lock(mutex_);
  return last_;
}

std::vector<Change> ChangeLog::pending_after(uint64_t sequence, size_t limit) const {
  std::lock_guard lock(mutex_);
  auto begin = std::partition_point(pending_.begin(), pending_.end(),
                                    [&](const Change& change) { return change.sequence <= sequence; });
  auto count = std::min(limit, static_cast<size_t>(pending_.end() - begin));
  return {begin, begin + static_cast<std::ptrdiff_t>(count)};
}

size_t ChangeLog::pending() const {
  std::lock_guard lock(mutex_);
  return pending_.size();
}

bool ChangeLog::overflowed() const {
  std::lock_guard lock(mutex_);
  return overflowed_;
}

void ChangeLog::start_over(MonotonicTime again) {
  std::function<void()> listener;
  {
    std::lock_guard lock(mutex_);
    overflowed_ = true;
    again_ = again;
    listener = listener_;
  }
  if (listener) listener();
}

bool ChangeLog::inventory_due(MonotonicTime now) {
  std::lock_guard lock(mutex_);
  if (again_ && now >= *again_) {
    again_.reset();
    overflowed_ = true;
  }
  return overflowed_;
}

void ChangeLog::acknowledge(uint64_t sequence) {
  std::lock_guard lock(mutex_);
  while (!pending_.empty() && pending_.front().sequence <= sequence) pending_.pop_front();
}

size_t ChangeLog::pending_added(uint64_t up_to) const {
  std::lock_guard lock(mutex_);
  size_t count = 0;
  for (const Change& change : pending_) {
    if (change.sequence > up_to) break;
    if (!change.removed) ++count;
  }
  return count;
}

uint64_t ChangeLog::restart() {
  std::lock_guard lock(mutex_);
  pending_.clear();
  overflowed_ = false;
  return last_;
}

}  // namespace fsdfs::node
