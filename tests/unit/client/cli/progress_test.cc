#include "client/cli/progress.h"

#include <gtest/gtest.h>

namespace fsdfs::client {
namespace {

using std::chrono::milliseconds;

constexpr uint64_t kMebibyte = 1 << 20;

TEST(ProgressLine, SaysWhatIsDoneWhileTheWholeIsUnknown) {
  ProgressState state{.files_done = 12, .bytes_done = 3 * kMebibyte, .elapsed = milliseconds(1500)};
  EXPECT_EQ(progress_line(state, 80), "12 files  3 MiB  2 MiB/s");
}

TEST(ProgressLine, ShowsBarRateAndTimeLeft) {
  ProgressState state{.files_done = 50,
                      .bytes_done = 10 * kMebibyte,
                      .files_total = 100,
                      .bytes_total = 40 * kMebibyte,
                      .totals_known = true,
                      .elapsed = milliseconds(10'000)};
  std::string line = progress_line(state, 120);
  EXPECT_EQ(line, "[=======>                      ]  25%  50/100 files  10 MiB/40 MiB  1 MiB/s  ETA 31s");
}

TEST(ProgressLine, KeepsWithinTheWidth) {
  ProgressState state{.files_done = 5'000'000,
                      .bytes_done = 1'000'000 * kMebibyte,
                      .files_total = 10'000'000,
                      .bytes_total = 2'000'000 * kMebibyte,
                      .totals_known = true,
                      .elapsed = std::chrono::hours(10)};
  for (size_t width = 0; width < 150; ++width) EXPECT_LE(progress_line(state, width).size(), width);
}

TEST(ProgressLine, GoesByFilesWhereAllAreEmpty) {
  ProgressState state{.files_done = 5, .files_total = 10, .totals_known = true, .elapsed = milliseconds(100)};
  EXPECT_NE(progress_line(state, 80).find(" 50%"), std::string::npos);
}

TEST(SummaryLine, GivesFilesBytesTimeAndRates) {
  ProgressState state{
      .files_done = 3120, .bytes_done = 85'143'322, .totals_known = true, .elapsed = milliseconds(3200)};
  EXPECT_EQ(summary_line("imported", state),
            "imported 3120 files, 81.2 MiB in 3.2 s (975 files/s, 25.4 MiB/s)");
}

TEST(SummaryLine, HoldsForOneFileAndForNoTime) {
  EXPECT_EQ(summary_line("fetched", {.files_done = 1, .bytes_done = 26, .elapsed = milliseconds(500)}),
            "fetched 1 file, 26 B in 0.5 s (2.0 files/s, 52 B/s)");
  EXPECT_EQ(summary_line("fetched", {}), "fetched 0 files, 0 B in 0.0 s (0.0 files/s, 0 B/s)");
}

}  // namespace
}  // namespace fsdfs::client
