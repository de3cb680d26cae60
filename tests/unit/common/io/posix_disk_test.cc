#include "common/io/posix_disk.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <string>

#include "common/io/files.h"
#include "tests/unit/common/temp_directory.h"

namespace fsdfs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class PosixDiskTest : public ::testing::Test {
 protected:
  std::unique_ptr<DiskFile> make(const std::string& name, std::string_view bytes) {
    auto file = disk_.create(directory_ / name, 0640);
    EXPECT_TRUE(file.ok());
    EXPECT_TRUE((*file)->append(bytes).ok());
    return std::move(file).value();
  }
  std::string content(const std::string& name) {
    return read_whole_file(disk_, directory_ / name, 1 << 20).value();
  }

  TempDirectory directory_;
  PosixDisk disk_;
};

TEST_F(PosixDiskTest, ReadsAndWritesAtAnyOffset) {
  auto file = make("f", "hello");
  EXPECT_TRUE(file->pwrite("J", 0).ok());
  EXPECT_TRUE(file->append(" there").ok());
  EXPECT_TRUE(file->sync_data().ok());
  EXPECT_TRUE(file->sync().ok());
  EXPECT_EQ(content("f"), "Jello there");
  EXPECT_EQ(file->size().value(), 11u);
  char buffer[20];
  EXPECT_EQ(file->pread(buffer, 6).value(), 5u);
  EXPECT_EQ(std::string_view(buffer, 5), "there");
  EXPECT_EQ(file->pread(buffer, 11).value(), 0u);
  EXPECT_TRUE(file->truncate(4).ok());
  EXPECT_TRUE(file->truncate(6).ok());
  EXPECT_EQ(content("f"), std::string("Jell\0\0", 6));
  file->start_writeback(0, 6);
}

TEST_F(PosixDiskTest, DescriptorsAreNotInheritedAndCloseIsFinal) {
  auto file = make("f", "x");
  EXPECT_EQ(::fcntl(file->descriptor(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
  EXPECT_TRUE(file->close().ok());
  EXPECT_TRUE(file->close().ok());
  EXPECT_EQ(file->descriptor(), -1);
  Status status = file->append("y");
  EXPECT_EQ(status.code(), Code::kFailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr(directory_ / "f"));
  EXPECT_EQ(file->sync().code(), Code::kFailedPrecondition);
}

TEST_F(PosixDiskTest, ErrorsNameThePath) {
  Status missing = disk_.open(directory_ / "none", Disk::Access::kRead).status();
  EXPECT_EQ(missing.code(), Code::kNotFound);
  EXPECT_EQ(missing.message(), "open " + (directory_ / "none") + ": No such file or directory");
  make("f", "x");
  EXPECT_EQ(disk_.create(directory_ / "f", 0640).status().code(), Code::kAlreadyExists);
  EXPECT_EQ(disk_.link(directory_ / "f", directory_ / "f").code(), Code::kAlreadyExists);
  EXPECT_EQ(disk_.unlink(directory_ / "none").code(), Code::kNotFound);
  EXPECT_EQ(disk_.remove_directory(directory_.path()).reason(), Reason::kNotEmpty);
  EXPECT_EQ(disk_.stat(directory_ / "f/g").status().reason(), Reason::kNotDirectory);
  EXPECT_THAT(disk_.rename(directory_ / "none", directory_ / "to").message(), HasSubstr(directory_ / "to"));
  auto reader = disk_.open(directory_ / "f", Disk::Access::kRead).value();
  EXPECT_FALSE(reader->pwrite("x", 0).ok());
}

// /dev/full answers every write with ENOSPC.
TEST_F(PosixDiskTest, AFullDiskIsNoSpace) {
  auto file = disk_.open("/dev/full", Disk::Access::kReadWrite);
  if (!file.ok()) GTEST_SKIP() << "no /dev/full here";
  EXPECT_EQ((*file)->pwrite("x", 0).reason(), Reason::kNoSpace);
}

TEST_F(PosixDiskTest, AFailedSyncIsNeverASuccessLater) {
  auto file = disk_.open("/dev/null", Disk::Access::kReadWrite).value();  // fsync of it is EINVAL
  Status first = file->sync();
  ASSERT_FALSE(first.ok());
  Status second = file->sync_data();
  EXPECT_EQ(second.code(), first.code());
  EXPECT_THAT(second.message(), HasSubstr("an earlier fsync failed"));
}

TEST_F(PosixDiskTest, LinksAreNotFollowed) {
  make("f", "x");
  std::filesystem::create_symlink(directory_ / "f", directory_ / "link");
  EXPECT_FALSE(disk_.open(directory_ / "link", Disk::Access::kRead).ok());
  EXPECT_EQ(disk_.stat(directory_ / "link")->type, FileType::kSymlink);
}

TEST_F(PosixDiskTest, NamesChange) {
  make("f", "f's");
  make("g", "g's");
  EXPECT_TRUE(disk_.rename(directory_ / "f", directory_ / "g").ok());
  EXPECT_EQ(content("g"), "f's");
  EXPECT_TRUE(disk_.link(directory_ / "g", directory_ / "h").ok());
  EXPECT_EQ(disk_.stat(directory_ / "h")->links, 2u);
  EXPECT_TRUE(disk_.unlink(directory_ / "g").ok());
  EXPECT_EQ(content("h"), "f's");
  EXPECT_TRUE(disk_.make_directory(directory_ / "d", 0750).ok());
  EXPECT_TRUE(disk_.sync_directory(directory_.path()).ok());
  EXPECT_EQ(disk_.sync_directory(directory_ / "none").code(), Code::kNotFound);
  EXPECT_TRUE(disk_.remove_directory(directory_ / "d").ok());
}

TEST_F(PosixDiskTest, ListsWithTypesAndStopsWhenAsked) {
  make("f", "x");
  std::filesystem::create_directory(directory_ / "d");
  std::filesystem::create_symlink("f", directory_ / "l");
  std::set<std::pair<std::string, FileType>> seen;
  ASSERT_TRUE(disk_
                  .list(directory_.path(),
                        [&](const DirectoryEntry& entry) {
                          seen.emplace(entry.name, entry.type);
                          return true;
                        })
                  .ok());
  EXPECT_THAT(seen, ElementsAre(std::pair("d", FileType::kDirectory), std::pair("f", FileType::kRegular),
                                std::pair("l", FileType::kSymlink)));
  int visits = 0;
  ASSERT_TRUE(disk_.list(directory_.path(), [&](const DirectoryEntry&) { return ++visits < 2; }).ok());
  EXPECT_EQ(visits, 2);
  EXPECT_FALSE(disk_.list(directory_ / "f", [](const DirectoryEntry&) { return true; }).ok());
}

TEST_F(PosixDiskTest, StatAndSpace) {
  auto file = make("f", "12345");
  FileStat stat = disk_.stat(directory_ / "f").value();
  EXPECT_EQ(stat.type, FileType::kRegular);
  EXPECT_EQ(stat.size, 5u);
  EXPECT_EQ(stat.mode, 0640u);
  EXPECT_EQ(stat.inode, file->stat()->inode);
  EXPECT_GT(stat.modified, SystemClock().wall() - std::chrono::hours(1));
  DiskSpace space = disk_.space(directory_.path()).value();
  EXPECT_GT(space.total_bytes, 0u);
  EXPECT_LE(space.free_bytes, space.total_bytes);
}

TEST_F(PosixDiskTest, HolesReadAsZeroesAndAreFound) {
  constexpr uint64_t kMega = 1 << 20;
  auto file = make("f", std::string(3 * kMega, 'x'));
  ASSERT_TRUE(file->punch_hole(kMega, kMega).ok());
  ASSERT_TRUE(file->punch_hole(10 * kMega, kMega).ok());  // past the end: nothing to do
  EXPECT_EQ(file->size().value(), 3 * kMega);
  std::string bytes(kMega, '?');
  EXPECT_EQ(file->pread(bytes, kMega).value(), kMega);
  EXPECT_EQ(bytes, std::string(kMega, '\0'));
  uint64_t hole = file->next_hole(0).value();
  if (hole == 3 * kMega) GTEST_SKIP() << "the filesystem of " << directory_.path() << " knows no holes";
  EXPECT_EQ(hole, kMega);
  EXPECT_EQ(file->next_data(kMega).value(), 2 * kMega);
  EXPECT_EQ(file->next_data(3 * kMega).value(), 3 * kMega);
  ASSERT_TRUE(file->truncate(5 * kMega).ok());
  EXPECT_EQ(file->next_data(4 * kMega).value(), 5 * kMega);
}

TEST_F(PosixDiskTest, CloneSharesOrSaysThatItCannot) {
  auto source = make("f", std::string(100000, 'x'));
  auto target = make("g", "");
  Status status = target->clone_from(*source);
  if (status.ok()) {
    EXPECT_EQ(content("g"), content("f"));
  } else {
    EXPECT_EQ(status.code(), Code::kUnimplemented) << status.to_string();
  }
}

TEST_F(PosixDiskTest, OneHolderOfALock) {
  auto lock = disk_.lock(directory_ / "lock");
  ASSERT_TRUE(lock.ok());
  Status second = disk_.lock(directory_ / "lock").status();
  EXPECT_EQ(second.code(), Code::kFailedPrecondition);
  EXPECT_THAT(second.message(), HasSubstr(directory_ / "lock"));
  lock->reset();
  EXPECT_TRUE(disk_.lock(directory_ / "lock").ok());
}

}  // namespace
}  // namespace fsdfs
