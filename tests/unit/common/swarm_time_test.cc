#include "common/swarm_time.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

namespace fsdfs {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;

// A machine's clock that its operator sets.
class SetClock final : public Clock {
 public:
  MonotonicTime now() const override { return MonotonicTime(1h + passed_); }
  WallTime wall() const override { return WallTime(kBegan + passed_ + set_); }
  void pass(Duration time) { passed_ += time; }
  void set_by(Duration time) { set_ += time; }

  static constexpr Duration kBegan = std::chrono::seconds(1'700'000'000);

 private:
  Duration passed_{};
  Duration set_{};
};

Duration since_start(const Clock& clock) {
  return clock.wall().time_since_epoch() - SetClock::kBegan;
}

TEST(TrustedClock, FollowsItsMachineAndItsTimeServer) {
  SetClock machine;
  MemoryLogger logger;
  TrustedClock clock(machine, logger);
  machine.pass(10s);
  EXPECT_EQ(since_start(clock), 10s);
  for (int step = 0; step < 4; ++step) {
    machine.set_by(TrustedClock::kStepMax);
    EXPECT_EQ(since_start(clock), 10s + (step + 1) * TrustedClock::kStepMax) << step;
  }
  machine.set_by(-TrustedClock::kStepMax);
  EXPECT_EQ(since_start(clock), 10s + 3 * TrustedClock::kStepMax);
  EXPECT_TRUE(logger.lines().empty());
}

TEST(TrustedClock, ADayForwardAndBackAreNotBelieved) {
  SetClock machine;
  MemoryLogger logger;
  TrustedClock clock(machine, logger);
  machine.set_by(24h);
  EXPECT_EQ(since_start(clock), 0s);
  machine.pass(5s);
  EXPECT_EQ(since_start(clock), 5s);
  ASSERT_EQ(logger.lines().size(), 1u) << "said once";
  EXPECT_THAT(logger.lines()[0],
              AllOf(HasSubstr("forward by 86400 s"), HasSubstr("start this process again")));
  machine.set_by(-48h);
  EXPECT_EQ(since_start(clock), 5s);
  machine.set_by(24h);
  machine.pass(1s);
  EXPECT_EQ(since_start(clock), 6s) << "the clock is right again";
  machine.set_by(-24h);
  EXPECT_EQ(since_start(clock), 6s);
  EXPECT_EQ(logger.lines().size(), 2u) << "it went astray once more";
}

TEST(TrustedClock, AProcessThatStartsBelievesItsMachine) {
  SetClock machine;
  MemoryLogger logger;
  machine.set_by(-24h);
  EXPECT_EQ(since_start(TrustedClock(machine, logger)), -24h);
}

TEST(SwarmClock, GoesByTheMasterOnceItIsTold) {
  SetClock machine;
  SwarmClock clock(machine);
  machine.pass(1s);
  EXPECT_EQ(since_start(clock), 1s);
  clock.set(WallTime(SetClock::kBegan + 2h));
  machine.pass(3s);
  machine.set_by(24h);
  EXPECT_EQ(since_start(clock), 2h + 3s);
}

}  // namespace
}  // namespace fsdfs
