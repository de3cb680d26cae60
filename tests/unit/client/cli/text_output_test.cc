#include "client/cli/text_output.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace fsdfs::client {
namespace {

TEST(TextOutput, ModesReadAsLsShowsThem) {
  EXPECT_EQ(mode_text(FileType::kRegular, 0644), "-rw-r--r--");
  EXPECT_EQ(mode_text(FileType::kDirectory, 01777), "drwxrwxrwt");
  EXPECT_EQ(mode_text(FileType::kRegular, 04755), "-rwsr-xr-x");
  EXPECT_EQ(mode_text(FileType::kRegular, 07000), "---S--S--T");
  EXPECT_EQ(mode_text(FileType::kSymlink, 0777), "lrwxrwxrwx");
}

TEST(TextOutput, TimesAreUtcWithTheFractionThatTheyHave) {
  EXPECT_EQ(iso_time({.seconds = 0}), "1970-01-01T00:00:00Z");
  EXPECT_EQ(iso_time({.seconds = 1'700'000'000, .nanoseconds = 5'000'000}), "2023-11-14T22:13:20.005Z");
  EXPECT_EQ(iso_time({.seconds = -1}), "1969-12-31T23:59:59Z");
}

TEST(TextOutput, NumbersHaveNoNeedlessDigits) {
  EXPECT_EQ(number_text(3), "3");
  EXPECT_EQ(number_text(-1), "-1");
  EXPECT_EQ(number_text(2.5), "2.5");
}

TEST(TextOutput, TablesAlignByColumnsNotBytes) {
  EXPECT_EQ(table({{"é", "1"}, {"bb", "22"}}, {1}), "é    1\nbb  22\n");
  EXPECT_EQ(table({{"a", "b"}, {"", ""}}, {}), "a  b\n\n");
  EXPECT_EQ(table({}, {}), "");
}

TEST(StatusText, PutsHealthFirst) {
  SwarmStatus status;
  EXPECT_EQ(status_text(status).substr(0, 13), "no files yet\n");
  status.min_surplus = 0;
  EXPECT_EQ(status_text(status).find("min(K-N) = 0: every file has its copies"), 0u);
  status.min_surplus = 2;
  EXPECT_EQ(status_text(status).find("min(K-N) = 2: every file has copies to spare"), 0u);
  status.min_surplus = -1;
  EXPECT_EQ(status_text(status).find("min(K-N) = -1"), 0u);
  status.unavailable = 4;
  EXPECT_EQ(status_text(status).find("min(K-N) = -1: 4 files cannot be read"), 0u);
}

TEST(StatusText, SaysWhenOnlyServersAreMissing) {
  SwarmStatus status;
  status.min_surplus = -1;
  status.capped = 2;
  EXPECT_EQ(status_text(status).find("min(K-N) = -1: 2 files want more copies than there are servers"), 0u);
  status.min_surplus_uncapped = -1;
  EXPECT_EQ(status_text(status).find("min(K-N) = -1: files lack copies"), 0u);
}

TEST(StatusText, ShowsHistogramAndWarnings) {
  SwarmStatus status;
  status.min_surplus = -1;
  status.surplus_histogram = {{-1, 1}, {0, 80}};
  status.warnings = {"disk nearly full"};
  std::string text = status_text(status);
  EXPECT_NE(text.find(" -1      1  #\n"), std::string::npos) << text;
  EXPECT_NE(text.find(" +0     80  ########################################\n"), std::string::npos) << text;
  EXPECT_NE(text.find("warning: disk nearly full\n"), std::string::npos);
}

TEST(StatusText, SaysWhatIsInTheTrash) {
  SwarmStatus status;
  EXPECT_NE(status_text(status).find("trash     0 deleted files, 0 B\n"), std::string::npos);
  status.trash_files = 1;
  status.trash_bytes = 2048;
  EXPECT_NE(status_text(status).find("trash     1 deleted file, 2 KiB\n"), std::string::npos);
}

TEST(TrashText, HasALineForEachFile) {
  TrashEntry entry;
  entry.inode = InodeId{77};
  entry.size = 2048;
  entry.copies = 2;
  std::string text = trash_text({entry, entry}, {"/a", "/b"});
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);
  EXPECT_NE(text.find("2 KiB  2  77  /a\n"), std::string::npos) << text;
}

TEST(QuotasText, ShowsUseOfEachLimit) {
  Quota quota;
  quota.bytes_limit = 4096;
  quota.bytes_used = 1024;
  quota.files_used = 5;
  std::string text = quotas_text({quota}, {"/music"});
  EXPECT_NE(text.find("1 KiB    4 KiB   25%      5        -     -  /music\n"), std::string::npos) << text;
}

}  // namespace
}  // namespace fsdfs::client
