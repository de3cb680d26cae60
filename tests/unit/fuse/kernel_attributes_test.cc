#include "fuse/kernel_attributes.h"

#include <gtest/gtest.h>

namespace fsdfs::fuse {
namespace {

TEST(KernelAttributes, AreTheSwarmsAsStatShowsThem) {
  client::Attributes attributes;
  attributes.inode = InodeId{77};
  attributes.type = client::FileType::kRegular;
  attributes.mode = 04755;
  attributes.uid = 1000;
  attributes.gid = 1001;
  attributes.links = 2;
  attributes.size = 1025;
  attributes.modified = {-5, 999'999'999};
  struct stat stat = stat_of(attributes);
  EXPECT_EQ(stat.st_ino, 77U);
  EXPECT_EQ(stat.st_mode, static_cast<mode_t>(S_IFREG | 04755));
  EXPECT_EQ(stat.st_uid, 1000U);
  EXPECT_EQ(stat.st_gid, 1001U);
  EXPECT_EQ(stat.st_nlink, 2U);
  EXPECT_EQ(stat.st_size, 1025);
  EXPECT_EQ(stat.st_blocks, 3);
  EXPECT_EQ(stat.st_mtim.tv_sec, -5);
  EXPECT_EQ(stat.st_mtim.tv_nsec, 999'999'999);
}

TEST(KernelAttributes, EveryTypeHasItsBits) {
  using client::FileType;
  EXPECT_EQ(type_bits(FileType::kDirectory), static_cast<mode_t>(S_IFDIR));
  EXPECT_EQ(type_bits(FileType::kSymlink), static_cast<mode_t>(S_IFLNK));
  EXPECT_EQ(type_bits(FileType::kFifo), static_cast<mode_t>(S_IFIFO));
  EXPECT_EQ(type_bits(FileType::kSocket), static_cast<mode_t>(S_IFSOCK));
  EXPECT_EQ(type_bits(FileType::kCharacterDevice), static_cast<mode_t>(S_IFCHR));
  EXPECT_EQ(type_bits(FileType::kBlockDevice), static_cast<mode_t>(S_IFBLK));
}

TEST(KernelAttributes, ALinkIsAsLongAsItsTarget) {
  client::Attributes attributes;
  attributes.type = client::FileType::kSymlink;
  attributes.link_target = "a/b/c";
  EXPECT_EQ(stat_of(attributes).st_size, 5);
}

TEST(KernelAttributes, SpaceIsToldInBlocks) {
  struct statvfs result = statvfs_of({1'000'000, 500'000, 3});
  EXPECT_EQ(result.f_blocks * result.f_frsize / 4096, 1'000'000U / 4096);
  EXPECT_EQ(result.f_bavail, 500'000U / 4096);
  EXPECT_EQ(result.f_namemax, 255U);
  EXPECT_EQ(result.f_files - result.f_ffree, 3U);
}

}  // namespace
}  // namespace fsdfs::fuse
