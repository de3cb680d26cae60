// Wall clocks for what must not go wrong when somebody sets a machine's clock: tickets, retention, the times
// in records.
//
// TrustedClock is a machine's own wall clock without its jumps. Steps of up to kStepMax are followed, as time
// servers make them; a bigger one is said once in the log, and time goes on as if it had not happened until
// the clock is back or the process is started again. SwarmClock is the master's clock on another machine:
// told once, it goes on by the steady clock, so that a node whose own clock is wrong judges tickets rightly.
//
// Thread-safe. The clock and logger that they are made from outlive them. Nothing survives the process.
#pragma once

#include <mutex>
#include <optional>

#include "common/clock.h"
#include "common/log.h"

namespace fsdfs {

class TrustedClock final : public Clock {
 public:
  static constexpr Duration kStepMax = std::chrono::minutes(15);

  TrustedClock(const Clock& machine, Logger& logger);

  MonotonicTime now() const override { return machine_.now(); }
  WallTime wall() const override;

 private:
  const Clock& machine_;
  Logger& logger_;
  mutable std::mutex mutex_;
  // Guarded by mutex_: wall time less steady time, as believed; and whether the machine's clock differs too
  // much.
  mutable Duration offset_;
  mutable bool astray_ = false;
};

class SwarmClock final : public Clock {
 public:
  explicit SwarmClock(const Clock& own) : own_(own) {}

  MonotonicTime now() const override { return own_.now(); }
  // As this machine's own clock until it was told the master's.
  WallTime wall() const override;
  // By the master's clock it is `wall` now.
  void set(WallTime wall);

 private:
  const Clock& own_;
  mutable std::mutex mutex_;
  std::optional<Duration>
      offset_;  // guarded by mutex_: the master's wall time less this machine's steady time
};

}  // namespace fsdfs
