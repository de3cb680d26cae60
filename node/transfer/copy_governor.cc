#include "node/transfer/copy_governor.h"

namespace fsdfs::node {
namespace {

constexpr std::chrono::milliseconds kLookInterval{5};

}  // namespace

void CopyGovernor::served(uint64_t bytes) {
  std::lock_guard lock(mutex_);
  served_at_ = clock_.now();
  credit_ = std::min(credit_ + static_cast<int64_t>(kShare * static_cast<double>(cost(bytes))),
                     static_cast<int64_t>(kCreditMax));
}

void CopyGovernor::copied(uint64_t bytes) {
  std::lock_guard lock(mutex_);
  credit_ -= cost(bytes);
}

bool CopyGovernor::turn_has_come() {
  MonotonicTime now = clock_.now();
  double seconds = std::chrono::duration<double>(now - refilled_at_).count();
  refilled_at_ = now;
  credit_ = std::min(credit_ + static_cast<int64_t>(seconds * static_cast<double>(kFloor)),
                     static_cast<int64_t>(kCreditMax));
  if (now - served_at_ > kIdle) credit_ = std::max<int64_t>(credit_, 0);
  return credit_ >= 0;
}

bool CopyGovernor::may_go_on() {
  std::lock_guard lock(mutex_);
  return turn_has_come();
}

void CopyGovernor::await_turn() {
  std::unique_lock lock(mutex_);
  while (!turn_has_come()) changed_.wait_for(lock, kLookInterval);
}

}  // namespace fsdfs::node
