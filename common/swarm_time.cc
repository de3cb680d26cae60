#include "common/swarm_time.h"

namespace fsdfs {

TrustedClock::TrustedClock(const Clock& machine, Logger& logger)
    : machine_(machine),
      logger_(logger),
      offset_(machine.wall().time_since_epoch() - machine.now().time_since_epoch()) {}

WallTime TrustedClock::wall() const {
  std::lock_guard lock(mutex_);
  WallTime said = machine_.wall();
  WallTime expected(machine_.now().time_since_epoch() + offset_);
  Duration jump = said - expected;
  if (jump >= -kStepMax && jump <= kStepMax) {
    offset_ += jump;
    astray_ = false;
    return said;
  }
  if (!astray_) {
    logger_.warning(
        "the clock of this machine was set {} by {} s: fsdfs goes on with its own time; if the new time is "
        "right, start this process again",
        jump > Duration::zero() ? "forward" : "back", std::chrono::abs(jump) / std::chrono::seconds(1));
    astray_ = true;
  }
  return expected;
}

WallTime SwarmClock::wall() const {
  std::lock_guard lock(mutex_);
  return offset_ ? WallTime(own_.now().time_since_epoch() + *offset_) : own_.wall();
}

void SwarmClock::set(WallTime wall) {
  std::lock_guard lock(mutex_);
  offset_ = wall.time_since_epoch() - own_.now().time_since_epoch();
}

}  // namespace fsdfs
