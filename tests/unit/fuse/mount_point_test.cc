#include "fuse/mount_point.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace fsdfs::fuse {
namespace {

constexpr std::string_view kSample =
    "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
    "90 22 0:50 / /mnt/with\\040space\\134 rw shared:7 master:3 - fuse.fsdfs fsdfs:music rw,user_id=0\n"
    "nonsense\n"
    "91 22 0:51 / /mnt/b rw - tmpfs tmpfs rw\n"
    "92 91 0:52 / /mnt/b rw - fuse.fsdfs fsdfs:b rw\n";

TEST(MountInfo, IsUnderstood) {
  auto mounts = parse_mount_info(kSample);
  ASSERT_EQ(mounts.size(), 4U);
  EXPECT_EQ(mounts[0].path, "/");
  EXPECT_EQ(mounts[0].type, "ext4");
  EXPECT_EQ(mounts[1].path, "/mnt/with space\\");
  EXPECT_EQ(mounts[1].device, "0:50");
  EXPECT_EQ(mounts[1].type, kMountType);
  EXPECT_EQ(mounts[1].source, "fsdfs:music");
}

TEST(MountInfo, TheLastMountAtAPathIsTheOneOnTop) {
  auto mounts = parse_mount_info(kSample);
  EXPECT_EQ(mount_at(mounts, "/mnt/b")->type, kMountType);
  EXPECT_FALSE(mount_at(mounts, "/mnt").has_value());
}

class MountPointTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "fsdfs-mount-point-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = std::filesystem::canonical(pattern).string();
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string directory_;
};

TEST_F(MountPointTest, AnEmptyDirectoryIsGood) {
  auto point = prepare_mount_point(directory_ + "/.//");
  ASSERT_TRUE(point.ok()) << point.status().to_string();
  EXPECT_EQ(point->path, directory_);
  EXPECT_TRUE(point->warnings.empty());
}

TEST_F(MountPointTest, ALinkLeadsToItsDirectory) {
  std::filesystem::create_directory(directory_ + "/real");
  std::filesystem::create_directory_symlink("real", directory_ + "/link");
  EXPECT_EQ(prepare_mount_point(directory_ + "/link")->path, directory_ + "/real");
}

TEST_F(MountPointTest, WhatIsNotThereIsNamed) {
  auto point = prepare_mount_point(directory_ + "/missing");
  EXPECT_EQ(point.status().code(), Code::kNotFound);
  EXPECT_NE(point.status().message().find("missing"), std::string::npos);
}

TEST_F(MountPointTest, AFileIsRefused) {
  std::ofstream(directory_ + "/file") << "x";
  auto point = prepare_mount_point(directory_ + "/file");
  EXPECT_EQ(point.status().reason(), Reason::kNotDirectory);
}

TEST_F(MountPointTest, ADirectoryThatIsNotEmptyIsWarnedOf) {
  std::ofstream(directory_ + "/file") << "x";
  auto point = prepare_mount_point(directory_);
  ASSERT_TRUE(point.ok());
  ASSERT_EQ(point->warnings.size(), 1U);
  EXPECT_NE(point->warnings[0].find("not empty"), std::string::npos);
}

TEST_F(MountPointTest, NoNameIsRefused) {
  EXPECT_EQ(prepare_mount_point("").status().code(), Code::kInvalidArgument);
}

}  // namespace
}  // namespace fsdfs::fuse
