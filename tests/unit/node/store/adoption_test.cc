// A file of the machine that becomes a replica: what is linked, shared or copied, what is refused, and that
// the original is never changed.
#include "node/store/adoption.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "common/units.h"
#include "tests/unit/node/store_fixture.h"

namespace fsdfs::node {
namespace {

using ::testing::HasSubstr;

LocalFile look_at(const std::string& path) {
  struct stat info {};
  EXPECT_EQ(::lstat(path.c_str(), &info), 0) << path;
  return {path,
          info.st_dev,
          info.st_ino,
          static_cast<uint64_t>(info.st_size),
          {info.st_mtim.tv_sec, static_cast<uint32_t>(info.st_mtim.tv_nsec)}};
}

class AdoptionTest : public StoreTest {
 protected:
  void SetUp() override {
    std::filesystem::create_directory(temp_ / "user");
    ASSERT_TRUE(ok(open()));
  }
  std::string original(const std::string& name, std::string_view bytes) {
    std::string path = temp_ / ("user/" + name);
    spit(path, bytes);
    std::filesystem::permissions(path, std::filesystem::perms(0604));
    return path;
  }
  static Origin named(const std::string& name) {
    Origin origin;
    origin.parent = kRootInode;
    origin.name = name;
    origin.mode = 0604;
    return origin;
  }
  Result<Adopted> adopt(const ReplicaId& id, const LocalFile& file, bool moving = true) {
    return store_->adopt(id, file, moving, named("a file"), [](uint64_t) { return Status(); });
  }
  Result<Adopted> adopt(const ReplicaId& id, const std::string& path, bool moving = true) {
    return adopt(id, look_at(path), moving);
  }
  void expect_nothing_happened(const std::string& path, std::string_view bytes) {
    EXPECT_EQ(used(), 0U);
    EXPECT_TRUE(held().empty());
    EXPECT_TRUE(files_below(layout().stage()).empty());
    EXPECT_TRUE(files_below(layout().replicas()).empty());
    EXPECT_EQ(slurp(path), bytes);
    struct stat info {};
    ASSERT_EQ(::lstat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_nlink, 1U);
    EXPECT_EQ(info.st_mode & 07777U, 0604U);
  }
};

TEST_F(AdoptionTest, ALinkedFileIsAReplicaLikeAnyOther) {
  uint64_t inode = 0, bytes_held = 0;
  for (size_t size : {size_t{0}, size_t{1}, kBlockSize, 3 * kBlockSize + 1, size_t{5 << 20} + 7}) {
    ReplicaId id = replica(++inode);
    std::string bytes = content_of(size, inode);
    std::string path = original("f" + std::to_string(inode), bytes);
    auto adopted = adopt(id, path);
    ASSERT_TRUE(ok(adopted)) << size;
    EXPECT_EQ(adopted->by, AdoptedBy::kLink);
    EXPECT_EQ(adopted->held.content, content_info(bytes));
    EXPECT_EQ(look_at(path).inode, look_at(layout().data(id)).inode) << "no byte was copied";
    EXPECT_EQ(read(id).value(), bytes);
    EXPECT_EQ(used(), bytes_held += size);
    struct stat info {};
    ASSERT_EQ(::lstat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777U, 0604U) << "the original's mode is its owner's";
    std::filesystem::remove(path);
  }
  EXPECT_EQ(store_->describe(replica(1))->origin, named("a file"));
  reopen();
  EXPECT_EQ(read(replica(4)).value(), content_of(3 * kBlockSize + 1, 4)) << "without the name it came from";
  EXPECT_TRUE(files_below(layout().stage()).empty());
}

TEST_F(AdoptionTest, WhereTheOriginalStaysItsBlocksAreSharedIfTheFilesystemCan) {
  std::string path = original("f", content_of(2 * kBlockSize));
  auto adopted = adopt(replica(1), path, false);
  ASSERT_TRUE(ok(adopted));
  EXPECT_NE(adopted->by, AdoptedBy::kCopy);
  bool same = look_at(path).inode == look_at(layout().data(replica(1))).inode;
  EXPECT_EQ(same, adopted->by == AdoptedBy::kLink);
}

TEST_F(AdoptionTest, WhereNothingCanBeSharedItIsACopy) {
  std::string bytes = content_of(3 * kBlockSize + 5);
  std::string path = original("f", bytes);
  disk_.inject({.op = DiskOp::kWrite, .error = EOPNOTSUPP});
  disk_.inject({.op = DiskOp::kLink, .error = EXDEV});
  auto adopted = adopt(replica(1), path, false);
  ASSERT_TRUE(ok(adopted));
  EXPECT_EQ(adopted->by, AdoptedBy::kCopy);
  EXPECT_EQ(read(replica(1)).value(), bytes);
  EXPECT_NE(look_at(path).inode, look_at(layout().data(replica(1))).inode);
}

TEST_F(AdoptionTest, AChangedOriginalIsFoundByTheSumsAndNotServed) {
  std::string path = original("f", content_of(kBlockSize));
  ASSERT_EQ(adopt(replica(1), path)->by, AdoptedBy::kLink);
  flip_bit(path, 100);
  EXPECT_EQ(read(replica(1)).status().code(), Code::kDataLoss);
  EXPECT_EQ(store_->find(replica(1)).value()->state, HeldState::kQuarantined);
  EXPECT_EQ(store_->describe(replica(1))->origin.name, "a file") << "it can still say what it is";
  EXPECT_TRUE(ok(store_->remove({replica(1)}).at(0)));
  EXPECT_TRUE(std::filesystem::exists(path)) << "the original is not ours to delete";
}

TEST_F(AdoptionTest, WhatIsNotAFileOfTheUsersIsRefused) {
  std::string bytes = content_of(100);
  std::string path = original("f", bytes);
  std::filesystem::create_symlink(path, temp_ / "user/link");
  EXPECT_EQ(adopt(replica(1), temp_ / "user/link").status().code(), Code::kInvalidArgument);
  EXPECT_EQ(adopt(replica(1), temp_ / "user").status().code(), Code::kInvalidArgument);
  LocalFile relative = look_at(path);
  relative.path = "user/f";
  EXPECT_EQ(adopt(replica(1), relative).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(adopt(replica(1), layout().identity()).status().code(), Code::kInvalidArgument);
  std::filesystem::create_directory_symlink(data_path_, temp_ / "user/alias");
  EXPECT_EQ(adopt(replica(1), temp_ / "user/alias/fsdfs-identity").status().code(), Code::kInvalidArgument);
  LocalFile gone = look_at(path);
  gone.path = temp_ / "user/gone";
  EXPECT_EQ(adopt(replica(1), gone).status().code(), Code::kNotFound);
  std::filesystem::remove(temp_ / "user/link");
  expect_nothing_happened(path, bytes);
}

TEST_F(AdoptionTest, OnlyTheFileThatWasSeenIsTaken) {
  std::string bytes = content_of(100);
  std::string path = original("f", bytes);
  LocalFile file = look_at(path);
  ++file.inode;
  EXPECT_EQ(adopt(replica(1), file).status().code(), Code::kAborted);
  file = look_at(path);
  --file.modified.seconds;
  EXPECT_EQ(adopt(replica(1), file).status().code(), Code::kAborted);
  file = look_at(path);
  file.size = 99;
  EXPECT_EQ(adopt(replica(1), file).status().code(), Code::kAborted);
  expect_nothing_happened(path, bytes);
}

TEST_F(AdoptionTest, AFileThatChangesWhileItIsReadIsRefused) {
  for (bool copied : {false, true}) {
    std::string path = original("f", content_of(3 * kMiB));
    if (copied) {
      disk_.inject({.op = DiskOp::kWrite, .error = EOPNOTSUPP});
      disk_.inject({.op = DiskOp::kLink, .error = EXDEV});
    }
    auto meddle = [&](uint64_t) {
      std::ofstream(path, std::ios::app) << "more";
      return Status();
    };
    auto adopted = store_->adopt(replica(1), look_at(path), !copied, named("f"), meddle);
    EXPECT_EQ(adopted.status().code(), Code::kAborted) << adopted.status().to_string();
    disk_.clear_faults();
    expect_nothing_happened(path, slurp(path));
  }
}

TEST_F(AdoptionTest, WhoeverWaitsMayGiveUp) {
  std::string bytes = content_of(3 * kMiB);
  std::string path = original("f", bytes);
  auto adopted = store_->adopt(replica(1), look_at(path), true, named("f"),
                               [](uint64_t) { return Status(Code::kCancelled, "enough"); });
  EXPECT_EQ(adopted.status().code(), Code::kCancelled);
  expect_nothing_happened(path, bytes);
}

TEST_F(AdoptionTest, TheQuotaCountsTheFloorDoesNotWhereNothingIsWritten) {
  std::string path = original("f", content_of(1000));
  auto filler = store_->begin_arrival(replica(9), kQuota - 999, ArrivalKind::kCopy);
  ASSERT_TRUE(ok(filler));
  auto full = adopt(replica(1), path);
  EXPECT_EQ(full.status().reason(), Reason::kNoSpace);
  filler->reset();
  expect_nothing_happened(path, content_of(1000));
  crash();
  settings_.free_floor = 10 * kMiB;
  ASSERT_TRUE(ok(open()));
  disk_.set_free_bytes(10 * kMiB);
  EXPECT_TRUE(ok(adopt(replica(1), path))) << "its bytes are on the disk already";
  std::string other = original("g", content_of(1000));
  disk_.inject({.op = DiskOp::kWrite, .error = EOPNOTSUPP});
  disk_.inject({.op = DiskOp::kLink, .error = EXDEV});
  EXPECT_EQ(adopt(replica(2), other, false).status().reason(), Reason::kNoSpace);
}

TEST_F(AdoptionTest, AfterTheEndOfItsSessionNothingIsTaken) {
  std::string bytes = content_of(100);
  std::string path = original("f", bytes);
  ASSERT_TRUE(ok(store_->remove({replica(1)}).at(0)));
  EXPECT_EQ(adopt(replica(1), path).status().reason(), Reason::kSessionLost);
  expect_nothing_happened(path, bytes);
}

// Whatever call of the disk fails, the original is as it was, and nothing counts.
TEST_F(AdoptionTest, AFailingDiskCallCostsNothing) {
  std::string bytes = content_of(3 * kBlockSize + 1);
  std::string path = original("f", bytes);
  for (DiskOp op :
       {DiskOp::kCreate, DiskOp::kWrite, DiskOp::kSync, DiskOp::kRename, DiskOp::kSyncDirectory}) {
    const ReplicaId whole = replica(900 + static_cast<uint64_t>(op));  // what was deleted is not taken again
    uint64_t first = disk_.calls(op);
    ASSERT_TRUE(ok(adopt(whole, path)));
    uint64_t calls = disk_.calls(op) - first;
    ASSERT_GT(calls, 0U) << static_cast<int>(op);
    ASSERT_TRUE(ok(store_->remove({whole}).at(0)));
    for (uint64_t skip = 0; skip < calls; ++skip) {
      disk_.inject({.op = op, .skip = skip});
      EXPECT_FALSE(adopt(replica(800), path).ok()) << static_cast<int>(op) << " " << skip;
      disk_.clear_faults();
      reopen();  // the disk has failed for good
      expect_nothing_happened(path, bytes);
    }
  }
}

TEST_F(AdoptionTest, APowerCutLeavesItWholeOrNotThere) {
  std::string bytes = content_of(2 * kBlockSize + 1);
  bool done = false;
  uint64_t steps = 0;
  for (; !done; ++steps) {
    ASSERT_LT(steps, 100U);
    std::string path = original("f" + std::to_string(steps), bytes);
    ReplicaId id = replica(10 + steps);
    disk_.inject({.op = DiskOp::kAny, .skip = steps, .times = Fault::kForever});
    done = adopt(id, path).ok();
    ASSERT_TRUE(ok(disk_.power_cut()));
    crash();
    disk_.clear_faults();
    disk_.power_on();
    ASSERT_TRUE(ok(open())) << "after " << steps << " calls";
    auto found = store_->find(id).value();
    EXPECT_TRUE(found || !done) << "acknowledged and gone after " << steps << " calls";
    if (found) {
      EXPECT_EQ(read(id).value(), bytes);
    }
    EXPECT_TRUE(files_below(layout().stage()).empty());
    EXPECT_EQ(slurp(path), bytes);
  }
  EXPECT_GT(steps, 8U);
}

}  // namespace
}  // namespace fsdfs::node
