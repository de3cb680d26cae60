// What the master says of files and directories, on the node's disks.
#include "node/store/records.h"

#include <gtest/gtest.h>

#include <optional>

#include "node/store/directory_records.h"
#include "node/store/index.h"
#include "tests/unit/node/store_fixture.h"

namespace fsdfs::node {
namespace {

constexpr InodeId kMusic{50};

Origin origin_named(std::string name, uint64_t counter) {
  Origin origin;
  origin.parent = kMusic;
  origin.name = std::move(name);
  origin.metadata_counter = counter;
  origin.target = 2.5;
  origin.mode = 0640;
  origin.uid = 3;
  origin.gid = 4;
  origin.modified = {1234, 5};
  return origin;
}

RecordPage told_page(std::vector<FileRecord> files, uint64_t sequence = 1) {
  RecordPage page;
  page.position = {sequence, Epoch{1}};
  page.directories = {{kRootInode, kRootInode, "", 1, std::nullopt, 0755, 0, 0, {}},
                      {kMusic, kRootInode, "music", 1, 3.0, 0755, 7, 8, {99, 1}}};
  page.files = std::move(files);
  return page;
}

class RecordsTest : public StoreTest {
 protected:
  void SetUp() override {
    ASSERT_TRUE(ok(open()));
    put(replica(1), bytes_);
    put(replica(2), bytes_);
  }
  Origin origin_of(const ReplicaId& id) { return store_->describe(id).value().origin; }
  uint64_t sequence() { return store_->followed().value().sequence; }
  // Which file the sidecar is: another one after each rewriting.
  uint64_t sidecar_of(const ReplicaId& id) { return posix_.stat(layout().meta(id)).value().inode; }
  // Of the disk alone, without its node.
  std::string directory_on(const std::string& disk, InodeId directory) {
    auto records = DirectoryRecords::open(Layout(disk).directories(), logger_);
    EXPECT_TRUE(ok(records));
    return records->records->path_of(directory).value();
  }
  bool is_current(const ReplicaId& id) {
    close();
    bool current =
        std::move(Index::open(Layout(data_path_).index(), logger_)->index)->find(id).value()->current;
    EXPECT_TRUE(ok(open()));
    return current;
  }

  const std::string bytes_ = content_of(3 * kBlockSize + 7);
};

TEST_F(RecordsTest, SidecarsAndDirectoriesSayWhatTheMasterSays) {
  EXPECT_EQ(sequence(), 0U);
  Origin told = origin_named("song", 2);
  ASSERT_TRUE(ok(store_->apply(told_page({{replica(1), told}}))));
  EXPECT_EQ(origin_of(replica(1)), told);
  EXPECT_EQ(origin_of(replica(2)).name, "a file");
  EXPECT_EQ(sequence(), 1U);
  Origin deleted = told;
  deleted.parent = {};
  deleted.name = "/music/song";
  deleted.metadata_counter = 3;
  deleted.deleted = FileTime{2000, 1};
  ASSERT_TRUE(ok(store_->apply(told_page({{replica(1), deleted}}, 2))));
  close();
  EXPECT_EQ(directory_on(data_path_, kMusic), "/music");
  ASSERT_TRUE(ok(open()));
  EXPECT_EQ(origin_of(replica(1)), deleted);
  EXPECT_EQ(sequence(), 2U);
  reopen();
  EXPECT_EQ(origin_of(replica(1)), deleted);
  EXPECT_EQ(sequence(), 0U) << "the index is not synced, and may be older than it";
  EXPECT_EQ(read(replica(1)).value(), bytes_) << "the sums came along";
  EXPECT_TRUE(files_below(layout().stage()).empty());
}

TEST_F(RecordsTest, WhatIsSaidAlreadyIsNotWrittenAgain) {
  Origin told = origin_named("song", 1);
  ASSERT_TRUE(ok(store_->apply(told_page({{replica(1), told}}))));
  uint64_t sidecar = sidecar_of(replica(1));
  ASSERT_TRUE(ok(store_->apply(told_page({{replica(1), told}}, 2))));
  told.metadata_counter = 9;
  ASSERT_TRUE(ok(store_->apply(told_page({{replica(1), told}}, 3))));
  EXPECT_EQ(sidecar_of(replica(1)), sidecar);
  told.metadata_counter = 10;
  told.mode = 0600;
  ASSERT_TRUE(ok(store_->apply(told_page({{replica(1), told}}, 4))));
  EXPECT_NE(sidecar_of(replica(1)), sidecar);
  EXPECT_EQ(origin_of(replica(1)), told);
}

// After a master was set back, which counts anew what it forgot.
TEST_F(RecordsTest, AKnownCounterSaysNothingOfAPresentState) {
  Origin forgotten = origin_named("song", 6);
  ASSERT_TRUE(ok(store_->apply(told_page({{replica(1), forgotten}}))));
  Origin other = forgotten;
  other.mode = 0600;
  RecordPage page = told_page({{replica(1), other}}, 2);
  ASSERT_TRUE(ok(store_->apply(page)));
  EXPECT_EQ(origin_of(replica(1)), forgotten);
  page.present_state = true;
  ASSERT_TRUE(ok(store_->apply(page)));
  EXPECT_EQ(origin_of(replica(1)), other);
}

TEST_F(RecordsTest, OlderVersionsKeepWhatTheySayAndAreNotCurrent) {
  ASSERT_TRUE(ok(store_->apply(told_page({{replica(1, 1), origin_named("song", 1)}}))));
  EXPECT_TRUE(is_current(replica(1, 1)));
  put(replica(1, 2), bytes_);
  EXPECT_FALSE(is_current(replica(1, 2))) << "nobody has said so yet";
  ASSERT_TRUE(ok(store_->apply(told_page({{replica(1, 2), origin_named("song", 2)}}, 2))));
  EXPECT_EQ(origin_of(replica(1, 1)), origin_named("song", 1));
  EXPECT_EQ(origin_of(replica(1, 2)), origin_named("song", 2));
  EXPECT_FALSE(is_current(replica(1, 1)));
  EXPECT_TRUE(is_current(replica(1, 2)));
}

TEST_F(RecordsTest, APositionCountsWhenAllBeforeItIsTold) {
  RecordPage listing = told_page({{replica(1), origin_named("one", 1)}}, 5);
  listing.after = replica(1);
  ASSERT_TRUE(ok(store_->apply(listing)));
  EXPECT_EQ(sequence(), 0U);
  ASSERT_TRUE(ok(store_->apply(told_page({{replica(2), origin_named("two", 1)}}, 5))));
  EXPECT_EQ(sequence(), 5U);
  EXPECT_EQ(origin_of(replica(1)).name, "one");
}

TEST_F(RecordsTest, AnIndexOrDirectoriesThatWereLostAskForEverything) {
  ASSERT_TRUE(ok(store_->apply(told_page({{replica(1), origin_named("song", 1)}}, 5))));
  crash();
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::filesystem::remove(Layout(data_path_).directories() + suffix);
  }
  ASSERT_TRUE(ok(open()));
  EXPECT_EQ(sequence(), 0U);
  ASSERT_TRUE(ok(store_->apply(told_page({{replica(1), origin_named("song", 1)}}, 6))));
  EXPECT_EQ(sequence(), 6U);
  crash();
  EXPECT_EQ(directory_on(data_path_, kMusic), "/music");
  spit(Layout(data_path_).index(), "spoilt");
  ASSERT_TRUE(ok(open()));
  EXPECT_EQ(sequence(), 0U);
}

TEST_F(RecordsTest, BadAndMissingReplicasArePassedOver) {
  ASSERT_TRUE(store_->quarantine(replica(1), data_loss("bad")));
  flip_bit(layout().meta(replica(2)), 40);
  put(replica(4), bytes_);
  put(replica(5), bytes_);
  spit(layout().meta(replica(4)), slurp(layout().meta(replica(5))));
  ASSERT_TRUE(ok(store_->apply(told_page({{replica(1), origin_named("one", 1)},
                                          {replica(2), origin_named("two", 1)},
                                          {replica(3), origin_named("three", 1)},
                                          {replica(4), origin_named("four", 1)}}))));
  EXPECT_EQ(store_->find(replica(4)).value()->state, HeldState::kQuarantined) << "its sidecar is another's";
  EXPECT_EQ(sequence(), 1U);
  EXPECT_EQ(origin_of(replica(1)).name, "a file");
  EXPECT_EQ(store_->find(replica(2)).value()->state, HeldState::kQuarantined) << "its sidecar is damaged";
}

TEST_F(RecordsTest, AFullDiskLeavesTheOldOneAndIsTriedAgain) {
  for (DiskOp op : {DiskOp::kCreate, DiskOp::kWrite, DiskOp::kSync, DiskOp::kRename}) {
    disk_.inject({.op = op, .error = ENOSPC});
    EXPECT_EQ(store_->apply(told_page({{replica(1), origin_named("song", 1)}})).reason(), Reason::kNoSpace);
    EXPECT_EQ(sequence(), 0U);
    EXPECT_EQ(origin_of(replica(1)).name, "a file");
    EXPECT_TRUE(files_below(layout().stage()).empty());
  }
  ASSERT_TRUE(ok(store_->apply(told_page({{replica(1), origin_named("song", 1)}}))));
  EXPECT_EQ(origin_of(replica(1)).name, "song");
}

TEST_F(RecordsTest, APowerCutAtAnyStepLeavesTheOldOrTheNew) {
  const std::vector<std::optional<DiskOp>> steps{DiskOp::kCreate, DiskOp::kWrite,         DiskOp::kSync,
                                                 DiskOp::kRename, DiskOp::kSyncDirectory, std::nullopt};
  uint64_t sequence = 0;
  for (PowerCut cut : {PowerCut{false, false}, PowerCut{true, false}, PowerCut{false, true}}) {
    for (const auto& step : steps) {
      SCOPED_TRACE("step " + std::to_string(step ? static_cast<int>(*step) : -1));
      Origin before = origin_of(replica(1));
      ++sequence;
      Origin told = origin_named("name " + std::to_string(sequence), sequence);
      if (step) disk_.inject({.op = *step, .times = Fault::kForever});
      bool done = store_->apply(told_page({{replica(1), told}}, sequence)).ok();
      EXPECT_EQ(done, !step);
      ASSERT_TRUE(ok(disk_.power_cut(cut)));
      crash();
      disk_.clear_faults();
      disk_.power_on();
      ASSERT_TRUE(ok(open()));
      Origin after = origin_of(replica(1));
      EXPECT_TRUE(after == told || (after == before && !done));
      EXPECT_EQ(read(replica(1)).value(), bytes_);
      EXPECT_TRUE(files_below(layout().stage()).empty());
    }
  }
}

TEST_F(RecordsTest, EachDiskCanBeReadAlone) {
  crash();
  paths_ = {data_path_, temp_ / "second"};
  settings_.quotas = {kQuota, 16 * kQuota};
  ASSERT_TRUE(ok(open()));
  ASSERT_TRUE(ok(store_->apply(told_page({{replica(1), origin_named("one", 1)}}, 5))));
  put(replica(3), bytes_);  // to the one with more room
  ASSERT_TRUE(std::filesystem::exists(Layout(paths_[1]).data(replica(3))));
  ASSERT_TRUE(ok(store_->apply(told_page({{replica(3), origin_named("three", 1)}}, 6))));
  EXPECT_EQ(sequence(), 6U);
  crash();
  EXPECT_EQ(directory_on(paths_[0], kMusic), "/music");
  EXPECT_EQ(directory_on(paths_[1], kMusic), "/music");
  ASSERT_TRUE(ok(open()));
  ASSERT_TRUE(ok(store_->apply(told_page({{replica(3), origin_named("three", 2)}}, 6))));
  // One that cannot take a page does not keep the others from going on, and is told again later.
  disk_.inject({.op = DiskOp::kCreate, .error = ENOSPC, .where = [second = paths_[1]](std::string_view path) {
                  return path.starts_with(second + "/stage");
                }});
  EXPECT_FALSE(store_->apply(told_page({{replica(3), origin_named("THREE", 3)}}, 7)).ok());
  EXPECT_EQ(sequence(), 7U);
  ASSERT_TRUE(ok(store_->apply(told_page({}, 8))));
  EXPECT_EQ(sequence(), 8U);
  clock_.advance(std::chrono::minutes(1));
  EXPECT_EQ(sequence(), 6U);
  close();
  // A log that was set back has gone on with an entry that one disk knows otherwise.
  for (size_t disk : {0U, 1U}) {
    auto opened = Index::open(Layout(paths_[disk]).index(), logger_);
    std::unique_ptr<Index> index = std::move(opened->index);
    LogPosition position{disk == 0 ? 100U : 150U, Epoch{disk == 0 ? 5U : 3U}};
    ASSERT_TRUE(ok(index->set_followed(position)));
    ASSERT_TRUE(ok(index->close()));
  }
  ASSERT_TRUE(ok(open()));
  EXPECT_EQ(store_->followed().value(), LogPosition{});
  crash();
  // A disk that is new knows nothing, so the node asks for everything.
  paths_.push_back(temp_ / "third");
  settings_.quotas.push_back(kQuota);
  ASSERT_TRUE(ok(open()));
  EXPECT_EQ(sequence(), 0U);
}

}  // namespace
}  // namespace fsdfs::node
