#include "common/io/files.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "common/io/fault_disk.h"
#include "common/io/posix_disk.h"
#include "tests/unit/common/temp_directory.h"

namespace fsdfs {
namespace {

using ::testing::HasSubstr;

TEST(UniqueFd, ClosesOnceAndMoves) {
  int raw = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  {
    UniqueFd fd(raw);
    UniqueFd other(std::move(fd));
    EXPECT_FALSE(fd.valid());  // NOLINT(bugprone-use-after-move): what a move leaves is the point
    EXPECT_EQ(other.get(), raw);
  }
  EXPECT_EQ(::fcntl(raw, F_GETFD), -1);
}

TEST(Files, ParentDirectory) {
  EXPECT_EQ(parent_directory("/a/b"), "/a");
  EXPECT_EQ(parent_directory("/a"), "/");
  EXPECT_EQ(parent_directory("a"), ".");
}

TEST(Files, ReadsNoMoreThanItsBound) {
  TempDirectory directory;
  PosixDisk disk;
  ASSERT_TRUE(write_file_atomically(disk, directory / "f", "12345", 0640).ok());
  EXPECT_EQ(read_whole_file(disk, directory / "f", 5).value(), "12345");
  auto big = read_whole_file(disk, directory / "f", 4);
  EXPECT_EQ(big.status().code(), Code::kResourceExhausted);
  EXPECT_THAT(big.status().message(), HasSubstr(directory / "f"));
  EXPECT_EQ(read_host_file(directory / "f", 4).status().code(), Code::kResourceExhausted);
  EXPECT_EQ(read_whole_file(disk, directory / "g", 4).status().code(), Code::kNotFound);
}

TEST(Files, HostFilesMayBeLinksAndPipes) {
  TempDirectory directory;
  std::ofstream(directory / "target") << "text";
  ASSERT_EQ(::chmod((directory / "target").c_str(), 0604), 0);
  std::filesystem::create_symlink("target", directory / "link");
  HostFile file = read_host_file(directory / "link", 100).value();
  EXPECT_EQ(file.bytes, "text");
  EXPECT_EQ(file.mode, 0604u);
  EXPECT_TRUE(file.regular);

  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  ASSERT_EQ(::write(writer.get(), "piped", 5), 5);
  writer.reset();
  HostFile piped = read_host_file("/proc/self/fd/" + std::to_string(reader.get()), 100).value();
  EXPECT_EQ(piped.bytes, "piped");
  EXPECT_FALSE(piped.regular);
}

TEST(Files, AtomicWriteReplacesAndSetsTheMode) {
  TempDirectory directory;
  PosixDisk disk;
  const std::string path = directory / "identity";
  std::ofstream(path + ".tmp") << "left by a crash";
  ASSERT_TRUE(write_file_atomically(disk, path, "one", 0600).ok());
  ASSERT_TRUE(write_file_atomically(disk, path, "two", 0600).ok());
  EXPECT_EQ(read_whole_file(disk, path, 100).value(), "two");
  EXPECT_EQ(disk.stat(path)->mode, 0600u);
  EXPECT_EQ(disk.stat(path + ".tmp").status().code(), Code::kNotFound);
}

// Every call of the sequence fails once, and the power goes after it: the file is the old or the new one.
TEST(Files, AtomicWriteIsNeverBetween) {
  for (bool keep_names : {false, true}) {
    for (uint64_t step = 0;; ++step) {
      TempDirectory directory;
      PosixDisk posix;
      ASSERT_TRUE(posix.make_directory(directory / "attic", 0700).ok());
      FaultDisk disk(posix, directory / "attic");
      const std::string path = directory / "f";
      ASSERT_TRUE(write_file_atomically(disk, path, "old content", 0600).ok());
      EXPECT_TRUE(disk.all_synced(directory.path()));

      disk.inject({.kind = Fault::Kind::kError, .error = EIO, .skip = step});
      Status status = write_file_atomically(disk, path, "new", 0600);
      ASSERT_TRUE(disk.power_cut({.keep_names = keep_names}).ok());
      std::string found = read_whole_file(posix, path, 100).value();
      EXPECT_TRUE(found == "old content" || found == "new") << found << " after step " << step;
      if (status.ok()) {
        EXPECT_EQ(found, "new") << "step " << step;
        EXPECT_GE(step, 5u);  // it did fail before
        break;
      }
    }
  }
}

TEST(Files, MakesAndRemovesTrees) {
  TempDirectory directory;
  PosixDisk disk;
  ASSERT_TRUE(make_directories(disk, directory / "a/b/c", 0750).ok());
  ASSERT_TRUE(make_directories(disk, directory / "a/b/c", 0750).ok());
  for (int i = 0; i < 2500; ++i) std::ofstream(directory / ("a/b/" + std::to_string(i))) << i;
  std::filesystem::create_symlink("/", directory / "a/link");
  EXPECT_EQ(make_directories(disk, directory / "a/b/7/d", 0750).reason(), Reason::kNotDirectory);
  ASSERT_TRUE(remove_tree(disk, directory / "a").ok());
  ASSERT_TRUE(remove_tree(disk, directory / "a").ok());
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
}

TEST(Files, MadeDirectoriesSurviveAPowerCut) {
  TempDirectory directory;
  PosixDisk posix;
  ASSERT_TRUE(posix.make_directory(directory / "attic", 0700).ok());
  FaultDisk disk(posix, directory / "attic");
  ASSERT_TRUE(make_directories(disk, directory / "a/b/c", 0750).ok());
  ASSERT_TRUE(disk.power_cut().ok());
  EXPECT_TRUE(posix.stat(directory / "a/b/c").ok());
}

}  // namespace
}  // namespace fsdfs
