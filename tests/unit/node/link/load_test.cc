#include "node/link/load.h"

#include <gtest/gtest.h>

#include "node/link/host.h"
#include "tests/unit/node/store_fixture.h"

namespace fsdfs::node {
namespace {

using std::chrono::milliseconds;

TEST(LoadTest, CpuTicksAreReadFromTheFirstLine) {
  auto ticks = parse_cpu_ticks("cpu  100 5 45 800 50 3 2 7 11 13\ncpu0 1 2 3 4 5 6 7 8 9 10\n");
  ASSERT_TRUE(ticks);
  EXPECT_EQ(ticks->busy, 100U + 5 + 45 + 3 + 2 + 7);  // guests are part of user
  EXPECT_EQ(ticks->total, ticks->busy + 800 + 50);
  EXPECT_FALSE(parse_cpu_ticks(""));
  EXPECT_FALSE(parse_cpu_ticks("cpu0 1 2 3 4 5"));
  EXPECT_FALSE(parse_cpu_ticks("cpu 1 2"));
}

TEST(LoadTest, RatesAreThoseSinceTheSampleBefore) {
  TempDirectory temp;
  std::string stat = temp / "stat";
  spit(stat, "cpu 100 0 0 900 0 0 0 0\n");
  ManualClock clock;
  TransferMeter meter;
  LoadSampler sampler(meter, clock, stat);
  clock.advance(std::chrono::seconds(2));
  spit(stat, "cpu 175 0 0 925 0 0 0 0\n");
  meter.received(2000);
  meter.sent(500);
  for (int i = 1; i <= 100; ++i) meter.foreground(milliseconds(i));
  LoadFigures first = sampler.sample({4, 20'000'000});
  EXPECT_DOUBLE_EQ(first.cpu, 0.75);
  EXPECT_DOUBLE_EQ(first.net_in, 1000);
  EXPECT_DOUBLE_EQ(first.net_out, 250);
  EXPECT_DOUBLE_EQ(first.disk_ms, 5);
  EXPECT_DOUBLE_EQ(first.foreground_ms, 95);
  clock.advance(std::chrono::seconds(1));
  LoadFigures second = sampler.sample({4, 20'000'000});
  EXPECT_DOUBLE_EQ(second.net_in, 0);
  EXPECT_DOUBLE_EQ(second.disk_ms, 0);
  EXPECT_DOUBLE_EQ(second.foreground_ms, 0);
}

TEST(LoadTest, AMomentIsNoSample) {
  ManualClock clock;
  TransferMeter meter;
  LoadSampler sampler(meter, clock);
  clock.advance(std::chrono::seconds(1));
  meter.received(1000);
  EXPECT_DOUBLE_EQ(sampler.sample({}).net_in, 1000);
  clock.advance(milliseconds(3));
  meter.received(1000);
  TransferMeter::Presence reader(meter.readers());
  EXPECT_DOUBLE_EQ(sampler.sample({}).net_in, 1000);  // as before, and not 333333
  EXPECT_EQ(sampler.sample({}).readers, 1U);          // what is counted, not measured, is always fresh
  clock.advance(milliseconds(997));
  EXPECT_DOUBLE_EQ(sampler.sample({}).net_in, 1000);
}

TEST(LoadTest, TheLatencyReservoirIsBounded) {
  TransferMeter meter;
  for (int i = 0; i < 5000; ++i) meter.foreground(milliseconds(i < 3976 ? 1000 : 2));
  EXPECT_DOUBLE_EQ(meter.take_foreground_ms(), 2);  // the last 1024 of them
}

TEST(LoadTest, ThisMachineHasAnIdentityThatStays) {
  EXPECT_FALSE(machine_identity().empty());
  EXPECT_EQ(machine_identity(), machine_identity());
}

}  // namespace
}  // namespace fsdfs::node
