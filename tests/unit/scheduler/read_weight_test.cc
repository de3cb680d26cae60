#include "master/scheduler/read_weight.h"

#include <gtest/gtest.h>

#include <cmath>

namespace fsdfs::master {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using std::chrono::years;

constexpr WallTime kNow = kReadOrigin + years(7);

TEST(ReadWeight, ReadsCountAndHalveInADay) {
  float weight = add_reads(kNeverRead, 1000, kNow);
  EXPECT_NEAR(reads_left(weight, kNow), 1000, 1);
  EXPECT_NEAR(reads_left(weight, kNow + days(1)), 500, 1);
  EXPECT_NEAR(reads_left(weight, kNow + days(10)), 1000.0 / 1024, 0.01);
  EXPECT_EQ(reads_left(kNeverRead, kNow), 0);
}

TEST(ReadWeight, NoReadsChangeNothing) {
  EXPECT_EQ(add_reads(12.5F, 0, kNow), 12.5F);
  EXPECT_EQ(add_reads(kNeverRead, 0, kNow), kNeverRead);
}

TEST(ReadWeight, OrdersFilesWithoutBeingRefreshed) {
  float once_popular = add_reads(kNeverRead, 100, kNow);
  float now_popular = add_reads(kNeverRead, 60, kNow + days(1));
  float never_again = add_reads(kNeverRead, 1, kReadOrigin + days(1));
  EXPECT_LT(once_popular, now_popular);
  EXPECT_LT(never_again, once_popular);
  EXPECT_LT(kNeverRead, never_again);
  EXPECT_GT(add_reads(once_popular, 60, kNow + days(1)), now_popular);
}

TEST(ReadWeight, TheOrderOfAddingHardlyMatters) {
  float forward = add_reads(add_reads(kNeverRead, 300, kNow), 500, kNow + 5h);
  float backward = add_reads(add_reads(kNeverRead, 500, kNow + 5h), 300, kNow);
  EXPECT_NEAR(forward, backward, 0.001);
}

TEST(ReadWeight, TimesBeforeTheOriginCountAsTheOrigin) {
  EXPECT_EQ(add_reads(kNeverRead, 8, kReadOrigin - years(50)), add_reads(kNeverRead, 8, kReadOrigin));
  EXPECT_EQ(reads_left(3, kReadOrigin - years(50)), 8);
}

TEST(ReadWeight, ExtremesStayFinite) {
  float weight = add_reads(kNeverRead, UINT64_MAX, kReadOrigin + years(200));
  EXPECT_TRUE(std::isfinite(weight));
  EXPECT_TRUE(std::isfinite(add_reads(weight, UINT64_MAX, kReadOrigin)));
}

// A day's reads come in 17,280 reports of 5 seconds, each of which is far less than what is counted already;
// rounding to the nearest would lose them all.
class ReadRate : public ::testing::TestWithParam<uint64_t> {};

TEST_P(ReadRate, IsRightForTheLongTermThirtyYearsOn) {
  constexpr int kReportsPerDay = 17'280;
  uint64_t per_report = GetParam();
  WallTime at = kReadOrigin + years(30);
  float weight = kNeverRead;
  for (int report = 0; report < 12 * kReportsPerDay; ++report, at += 5s) {
    weight = add_reads(weight, per_report, at);
  }
  double rate = static_cast<double>(per_report) * kReportsPerDay;
  EXPECT_NEAR(reads_per_day(weight, at) / rate, 1, 0.1);
}

INSTANTIATE_TEST_SUITE_P(ReadsPerReport, ReadRate, ::testing::Values(1, 50, 10'000));

}  // namespace
}  // namespace fsdfs::master
