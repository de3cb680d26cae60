// A store whose disks fail: its only one, and one of two.
#include <gtest/gtest.h>

#include <cerrno>

#include "common/units.h"
#include "tests/unit/node/store_fixture.h"

namespace fsdfs::node {
namespace {

class OneDiskTest : public StoreTest {
 protected:
  void SetUp() override { ASSERT_TRUE(ok(open())); }
  std::string failed(size_t disk = 0) { return store_->figures().value().disks.at(disk).failed; }
};

TEST_F(OneDiskTest, AFailedSyncEndsIt) {
  put(replica(1), content_of(100));
  auto reading = store_->open_replica(replica(1)).value();
  disk_.inject({.op = DiskOp::kSync});
  EXPECT_FALSE(try_put(replica(2), content_of(100)).ok());
  EXPECT_NE(failed(), "");
  EXPECT_TRUE(held().empty());
  EXPECT_FALSE(store_->find(replica(1)).value());
  EXPECT_EQ(store_->open_replica(replica(1)).status().code(), Code::kNotFound);
  EXPECT_EQ(store_->begin_arrival(replica(3), 1, ArrivalKind::kCopy).status().code(), Code::kUnavailable);
  auto figures = store_->figures().value();
  EXPECT_EQ(figures.quota, 0U);
  EXPECT_EQ(figures.used, 0U);
  EXPECT_EQ(figures.free_on_disk, 0U);
  EXPECT_EQ(figures.replicas, 0U);
  EXPECT_EQ(figures.disks.at(0).quota, kQuota);
  EXPECT_TRUE(store_->changes().overflowed());
  EXPECT_TRUE(logger_.contains("has failed"));
  std::string bytes(100, '\0');
  EXPECT_TRUE(ok(store_->read(*reading, 0, bytes))) << "who reads goes on; every block is checked";
  reopen();
  EXPECT_EQ(failed(), "");
  EXPECT_EQ(read(replica(1)).value(), content_of(100));
  EXPECT_FALSE(store_->find(replica(2)).value());
}

TEST_F(OneDiskTest, AReadErrorWhoseReplicaCannotBePutAsideEndsItToo) {
  put(replica(1), content_of(100));
  put(replica(2), content_of(100));
  disk_.inject({.op = DiskOp::kRead});
  disk_.inject({.op = DiskOp::kRename, .error = EROFS});
  EXPECT_FALSE(read(replica(1)).ok());
  EXPECT_NE(failed(), "");
  EXPECT_TRUE(held().empty());
}

TEST_F(OneDiskTest, AFullDiskIsNoFailure) {
  disk_.inject({.op = DiskOp::kWrite, .error = ENOSPC});
  EXPECT_EQ(try_put(replica(1), content_of(100)).status().reason(), Reason::kNoSpace);
  disk_.inject({.op = DiskOp::kSync, .error = ENOSPC});
  EXPECT_EQ(try_put(replica(1), content_of(100)).status().reason(), Reason::kNoSpace);
  EXPECT_EQ(failed(), "");
  EXPECT_TRUE(ok(try_put(replica(1), content_of(100))));
}

TEST_F(OneDiskTest, ADirectoryThatIsGoneIsNoEmptyDisk) {
  put(replica(1), content_of(100));
  put(replica(2), content_of(100));
  std::filesystem::rename(data_path_, data_path_ + ".away");
  std::filesystem::create_directory(data_path_);
  uint64_t changes = store_->changes().last_sequence();
  EXPECT_FALSE(read(replica(1)).ok());
  EXPECT_NE(failed().find("mounted"), std::string::npos) << failed();
  EXPECT_EQ(store_->changes().last_sequence(), changes) << "nothing is reported as removed, one by one";
  EXPECT_TRUE(std::filesystem::is_empty(data_path_));
  crash();
  std::filesystem::remove_all(data_path_);
  std::filesystem::rename(data_path_ + ".away", data_path_);
  ASSERT_TRUE(ok(open()));
  EXPECT_EQ(held().size(), 2U);
}

class TwoDisksTest : public StoreTest {
 protected:
  TwoDisksTest() {
    paths_ = {a_, b_};
    settings_.quotas = {kQuota, kQuota};
  }
  void SetUp() override { ASSERT_TRUE(ok(open())); }
  // Where its bytes are: "", "a", "b" or "ab".
  std::string where(const ReplicaId& id) const {
    std::string disks;
    if (std::filesystem::exists(Layout(a_).data(id))) disks += "a";
    if (std::filesystem::exists(Layout(b_).data(id))) disks += "b";
    return disks;
  }
  void fail(const std::string& path) {
    disk_.inject({.op = DiskOp::kCreate,
                  .where = [path](std::string_view at) { return at.starts_with(path + "/"); },
                  .times = Fault::kForever});
    std::vector<std::unique_ptr<Arrival>> arrivals;
    for (uint64_t inode = 900; inode < 902; ++inode) {  // one of them meets the disk
      if (auto arrival = store_->begin_arrival(replica(inode), kQuota / 2, ArrivalKind::kCopy);
          arrival.ok()) {
        arrivals.push_back(std::move(*arrival));
      }
    }
    disk_.clear_faults();
  }
  DiskFigures figures_of(size_t disk) { return store_->figures().value().disks.at(disk); }
  const std::string a_ = temp_ / "a";
  const std::string b_ = temp_ / "b";
};

TEST_F(TwoDisksTest, ArrivalsGoWhereTheMostRoomIs) {
  put(replica(1), content_of(3 * kBlockSize));
  put(replica(2), content_of(kBlockSize));
  put(replica(3), content_of(kBlockSize));
  put(replica(4), content_of(kBlockSize));
  EXPECT_EQ(where(replica(1)), "a");
  EXPECT_EQ(where(replica(2)), "b");
  EXPECT_EQ(where(replica(3)), "b");
  EXPECT_EQ(where(replica(4)), "b");
  auto figures = store_->figures().value();
  EXPECT_EQ(figures.quota, 2 * kQuota);
  EXPECT_EQ(figures.used, 6 * kBlockSize);
  EXPECT_EQ(figures.replicas, 4U);
  EXPECT_EQ(figures.disks.at(0).used, 3 * kBlockSize);
  EXPECT_EQ(figures.disks.at(1).replicas, 3U);
  for (uint64_t inode = 1; inode <= 4; ++inode) EXPECT_TRUE(ok(read(replica(inode))));
  for (const Status& status : store_->remove({replica(4), replica(1)})) EXPECT_TRUE(ok(status));
  EXPECT_EQ(where(replica(1)) + where(replica(4)), "");
  EXPECT_EQ(used(), 2 * kBlockSize);
}

TEST_F(TwoDisksTest, WhatOneCannotTakeTheOtherDoes) {
  crash();
  settings_.quotas = {1000, 100};
  ASSERT_TRUE(ok(open()));
  put(replica(1), content_of(950));
  put(replica(2), content_of(100));
  EXPECT_EQ(where(replica(1)) + where(replica(2)), "ab");
  Status refused = try_put(replica(3), content_of(51)).status();
  EXPECT_EQ(refused.reason(), Reason::kNoSpace);
  EXPECT_TRUE(ok(try_put(replica(4), content_of(50))));
  EXPECT_EQ(used(), 1100U);
}

TEST_F(TwoDisksTest, AFullDiskIsPassedOver) {
  disk_.inject({.op = DiskOp::kCreate,
                .error = ENOSPC,
                .where = [this](std::string_view path) { return path.starts_with(a_); },
                .times = Fault::kForever});
  for (uint64_t inode = 1; inode <= 3; ++inode) {
    put(replica(inode), content_of(100, inode));
    EXPECT_EQ(where(replica(inode)), "b");
  }
  EXPECT_EQ(figures_of(0).failed, "");
}

TEST_F(TwoDisksTest, PagesMergeInKeyOrder) {
  std::vector<ReplicaId> ids;
  for (uint64_t inode = 1; inode <= 23; ++inode) {
    put(replica(inode), content_of(inode * 10, inode));
    ids.push_back(replica(inode));
  }
  EXPECT_GT(figures_of(0).replicas, 0U);
  EXPECT_GT(figures_of(1).replicas, 0U);
  for (size_t limit : {1U, 2U, 7U, 23U, 100U}) {
    std::vector<ReplicaId> paged;
    std::optional<ReplicaId> after;
    while (true) {
      auto page = store_->page(after, limit).value();
      for (const HeldReplica& each : page) paged.push_back(each.replica);
      if (page.size() < limit) break;
      after = page.back().replica;
    }
    EXPECT_EQ(paged, ids) << limit;
  }
}

TEST_F(TwoDisksTest, OneFailsAndTheOtherGoesOn) {
  for (uint64_t inode = 1; inode <= 10; ++inode) put(replica(inode), content_of(kBlockSize, inode));
  std::map<ReplicaId, std::string> places;
  for (const HeldReplica& each : held()) places[each.replica] = where(each.replica);
  fail(a_);
  EXPECT_NE(figures_of(0).failed, "");
  EXPECT_EQ(figures_of(1).failed, "");
  EXPECT_TRUE(store_->changes().overflowed());
  EXPECT_EQ(store_->figures()->quota, kQuota);
  for (const auto& [id, place] : places) {
    EXPECT_EQ(store_->find(id)->has_value(), place == "b") << id.to_string();
    EXPECT_EQ(read(id).ok(), place == "b");
  }
  EXPECT_EQ(held().size(), figures_of(1).replicas);
  put(replica(20), content_of(kBlockSize, 20));
  EXPECT_EQ(where(replica(20)), "b");
  // Those that went with the disk may come again, and the deletion of one is no error.
  for (const auto& [id, place] : places) {
    if (place == "a") put(id, content_of(kBlockSize, id.inode.value));
    EXPECT_EQ(read(id).value(), content_of(kBlockSize, id.inode.value));
  }
  EXPECT_TRUE(ok(store_->remove({replica(20)}).at(0)));
  // With the next start the disk is back, and what both have is held once.
  reopen();
  EXPECT_EQ(figures_of(0).failed, "");
  EXPECT_EQ(held().size(), 10U);
  for (const auto& [id, place] : places) {
    EXPECT_EQ(where(id), place == "a" ? "ab" : "b");
    EXPECT_TRUE(ok(store_->remove({id}).at(0)));
    EXPECT_EQ(where(id), "");
  }
  EXPECT_EQ(used(), 0U);
}

TEST_F(TwoDisksTest, OfTwoCopiesTheGoodOneIsHeld) {
  put(replica(1), content_of(kBlockSize));
  ASSERT_EQ(where(replica(1)), "a");
  fail(a_);
  put(replica(1), content_of(kBlockSize));
  reopen();
  ASSERT_EQ(where(replica(1)), "ab");
  flip_bit(Layout(a_).data(replica(1)), 7);
  EXPECT_FALSE(read(replica(1)).ok()) << "the first that is asked";
  EXPECT_EQ(store_->find(replica(1)).value()->state, HeldState::kWhole);
  EXPECT_EQ(read(replica(1)).value(), content_of(kBlockSize));
  ASSERT_EQ(held().size(), 1U);
  EXPECT_EQ(held()[0].state, HeldState::kWhole);
  auto changes = store_->changes().pending_after(0, 100);
  EXPECT_EQ(changes.back().held.state, HeldState::kWhole) << "the last word";
}

TEST_F(TwoDisksTest, AGoodCopyOnOneReplacesABadOneOnTheOther) {
  put(replica(1), content_of(kBlockSize));
  ASSERT_EQ(where(replica(1)), "a");
  flip_bit(Layout(a_).data(replica(1)), 7);
  EXPECT_FALSE(read(replica(1)).ok());
  disk_.inject({.op = DiskOp::kCreate,
                .error = ENOSPC,
                .where = [this](std::string_view path) { return path.starts_with(a_); },
                .times = Fault::kForever});
  ASSERT_TRUE(ok(try_put(replica(1), content_of(kBlockSize), ArrivalKind::kCopy)));
  EXPECT_EQ(where(replica(1)), "b");
  EXPECT_EQ(used(), kBlockSize);
  EXPECT_EQ(store_->figures()->replicas, 1U);
  EXPECT_TRUE(files_below(Layout(a_).quarantine()).empty());
}

TEST_F(TwoDisksTest, TheSameOneOnBothAtOnceIsOne) {
  std::string bytes = content_of(kBlockSize);
  auto first = store_->begin_arrival(replica(1), bytes.size(), ArrivalKind::kWrite).value();
  auto second = store_->begin_arrival(replica(1), bytes.size(), ArrivalKind::kWrite).value();
  ASSERT_TRUE(ok(first->append(0, bytes, sums_of(bytes))));
  ASSERT_TRUE(ok(second->append(0, bytes, sums_of(bytes))));
  EXPECT_TRUE(ok(first->finish(content_info(bytes), {})));
  EXPECT_TRUE(ok(second->finish(content_info(bytes), {})));
  first.reset();
  second.reset();
  EXPECT_EQ(where(replica(1)), "a");
  EXPECT_EQ(used(), kBlockSize);
  EXPECT_TRUE(files_below(Layout(b_).stage()).empty());
}

TEST_F(TwoDisksTest, OneThatIsRefusedAtTheStartHasFailed) {
  for (uint64_t inode = 1; inode <= 6; ++inode) put(replica(inode), content_of(100, inode));
  uint64_t on_b = figures_of(1).replicas;
  crash();
  std::filesystem::rename(a_, a_ + ".away");
  std::filesystem::create_directory(a_);
  ASSERT_TRUE(ok(open()));
  EXPECT_NE(figures_of(0).failed.find("mount"), std::string::npos) << figures_of(0).failed;
  EXPECT_EQ(held().size(), on_b);
  EXPECT_EQ(store_->figures()->quota, kQuota);
}

TEST_F(TwoDisksTest, EachHasAQuotaOfItsOwn) {
  crash();
  settings_.quotas = {kQuota};
  EXPECT_EQ(open().code(), Code::kInvalidArgument);
}

TEST_F(TwoDisksTest, WithoutAnyTheNodeHoldsNothing) {
  put(replica(1), content_of(100));
  fail(a_);
  fail(b_);
  EXPECT_NE(figures_of(0).failed, "");
  EXPECT_NE(figures_of(1).failed, "");
  EXPECT_TRUE(held().empty());
  EXPECT_EQ(store_->figures()->quota, 0U);
  EXPECT_EQ(store_->begin_arrival(replica(2), 1, ArrivalKind::kCopy).status().code(), Code::kUnavailable);
}

}  // namespace
}  // namespace fsdfs::node
