#include "node/store/guarded_disk.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "tests/unit/node/store_fixture.h"

namespace fsdfs::node {
namespace {

class GuardedDiskTest : public StoreTest {
 protected:
  GuardedDiskTest() {
    std::filesystem::create_directory(data_path_);
    spit(path("old"), "bytes");
    file_ = guarded_.open(path("old"), Disk::Access::kReadWrite).value();
    health_->set_listener([this] { ++told_; });
  }
  std::string path(const std::string& name) const { return data_path_ + "/" + name; }
  // One call of the kind.
  Status call(GuardedDisk& disk, DiskFile& file, DiskOp op) const {
    switch (op) {
      case DiskOp::kCreate:
        return disk.create(path("new"), 0640).status();
      case DiskOp::kWrite:
        return file.pwrite("x", 0);
      case DiskOp::kTruncate:
        return file.truncate(2);
      case DiskOp::kSync:
        return file.sync_data();
      case DiskOp::kRename:
        return disk.rename(path("old"), path("older"));
      case DiskOp::kUnlink:
        return disk.unlink(path("old"));
      case DiskOp::kMakeDirectory:
        return disk.make_directory(path("directory"), 0750);
      default:
        return disk.sync_directory(data_path_);
    }
  }
  static constexpr DiskOp kChanges[] = {DiskOp::kCreate,        DiskOp::kWrite,        DiskOp::kTruncate,
                                        DiskOp::kSync,          DiskOp::kRename,       DiskOp::kUnlink,
                                        DiskOp::kMakeDirectory, DiskOp::kSyncDirectory};

  std::shared_ptr<DiskHealth> health_ = std::make_shared<DiskHealth>(data_path_, logger_);
  GuardedDisk guarded_{disk_, health_};
  std::unique_ptr<DiskFile> file_;
  int told_ = 0;
};

TEST_F(GuardedDiskTest, TheFirstFailureOfAChangeIsTheLast) {
  for (int error : {EIO, EROFS}) {
    for (DiskOp op : kChanges) {
      auto health = std::make_shared<DiskHealth>(data_path_, logger_);
      GuardedDisk guarded(disk_, health);
      auto file = guarded.open(path("old"), Disk::Access::kReadWrite).value();
      disk_.inject({.op = op, .error = error});
      health->set_listener([this] { ++told_; });
      told_ = 0;
      Status failed = call(guarded, *file, op);
      disk_.clear_faults();
      EXPECT_FALSE(failed.ok()) << static_cast<int>(op);
      EXPECT_TRUE(health->failed()) << static_cast<int>(op);
      EXPECT_EQ(told_, 1) << static_cast<int>(op);
      // The disk would do it now.
      uint64_t calls = disk_.calls(DiskOp::kAny);
      EXPECT_EQ(guarded.create(path("new"), 0640).status().code(), Code::kUnavailable);
      EXPECT_EQ(file->pwrite("x", 0).code(), Code::kUnavailable);
      EXPECT_EQ(file->sync().code(), Code::kUnavailable);
      EXPECT_EQ(guarded.sync_directory(data_path_).code(), Code::kUnavailable);
      EXPECT_EQ(guarded.open(path("old"), Disk::Access::kRead).status().code(), Code::kUnavailable);
      EXPECT_NE(guarded.rename(path("old"), path("older")).message().find(failed.message()),
                std::string::npos)
          << "the reason is told";
      EXPECT_EQ(disk_.calls(DiskOp::kAny), calls) << "nothing of it reaches the disk";
      EXPECT_EQ(told_, 1);
    }
  }
}

TEST_F(GuardedDiskTest, WhatIsNotTheDisksFaultIsNotHeldAgainstIt) {
  EXPECT_EQ(guarded_.unlink(path("none")).code(), Code::kNotFound);
  EXPECT_EQ(guarded_.create(path("old"), 0640).status().code(), Code::kAlreadyExists);
  EXPECT_EQ(guarded_.sync_directory(path("none")).code(), Code::kNotFound);
  disk_.inject({.op = DiskOp::kWrite, .error = ENOSPC});
  EXPECT_EQ(file_->pwrite("x", 0).reason(), Reason::kNoSpace);
  disk_.inject({.op = DiskOp::kCreate, .error = EMFILE});
  EXPECT_FALSE(guarded_.create(path("new"), 0640).ok());
  disk_.inject({.op = DiskOp::kRead});
  char byte = 0;
  EXPECT_EQ(file_->pread({&byte, 1}, 0).status().code(), Code::kDataLoss);
  EXPECT_FALSE(health_->failed());
  EXPECT_EQ(told_, 0);
  EXPECT_TRUE(file_->pwrite("x", 0).ok());
}

TEST_F(GuardedDiskTest, WhatIsOpenStaysReadable) {
  disk_.inject({.op = DiskOp::kSync});
  EXPECT_FALSE(file_->sync().ok());
  std::string bytes(5, '\0');
  EXPECT_EQ(file_->pread(bytes, 0).value(), 5U);
  EXPECT_EQ(bytes, "bytes");
}

TEST_F(GuardedDiskTest, WhatNeverCountedMayStillBeRemoved) {
  ASSERT_TRUE(guarded_.create(path("stage"), 0640).ok());
  disk_.inject({.op = DiskOp::kSync});
  EXPECT_FALSE(file_->sync().ok());
  EXPECT_TRUE(guarded_.unlink(path("stage")).ok());
  EXPECT_FALSE(std::filesystem::exists(path("stage")));
}

}  // namespace
}  // namespace fsdfs::node
