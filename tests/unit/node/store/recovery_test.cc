#include "node/store/recovery.h"

#include <gtest/gtest.h>

#include "tests/unit/node/store_fixture.h"

namespace fsdfs::node {
namespace {

class RecoveryTest : public StoreTest {
 protected:
  void SetUp() override { ASSERT_TRUE(ok(open())); }
  void put_three() {
    for (uint64_t inode : {1, 2, 70000}) put(replica(inode), content_of(kBlockSize + inode % 1000, inode));
  }
  void expect_three() {
    ASSERT_EQ(held().size(), 3U);
    uint64_t bytes = 0;
    for (uint64_t inode : {1, 2, 70000}) {
      EXPECT_EQ(read(replica(inode)).value(), content_of(kBlockSize + inode % 1000, inode));
      bytes += kBlockSize + inode % 1000;
    }
    EXPECT_EQ(used(), bytes);
    EXPECT_EQ(store_->figures()->replicas, 3U);
  }
  bool scanned() const { return logger_.contains("reconciled"); }
};

TEST_F(RecoveryTest, AfterACleanStopTheReplicasAreNotRead) {
  put_three();
  close();
  MemoryLogger quiet;
  uint64_t before = disk_.calls(DiskOp::kList);
  disks_ = NodeDisks::open(disk_, {data_path_}, quiet).value();
  store_ = ReplicaStore::open(settings_, *disks_, clock_, quiet).value();
  EXPECT_FALSE(quiet.contains("reconciled"));
  EXPECT_LE(disk_.calls(DiskOp::kList) - before, 1U);  // the stage
  expect_three();
}

TEST_F(RecoveryTest, AfterAKillTheIndexIsReconciled) {
  put_three();
  reopen();
  EXPECT_TRUE(scanned());
  expect_three();
}

TEST_F(RecoveryTest, AMissingIndexIsMadeAnew) {
  put_three();
  close();
  std::filesystem::remove(data_path_ + "/index.db");
  ASSERT_TRUE(ok(open()));
  expect_three();
}

TEST_F(RecoveryTest, ADamagedIndexIsMadeAnew) {
  put_three();
  close();
  std::string path = data_path_ + "/index.db";
  spit(path, std::string(slurp(path).size(), 'x'));
  ASSERT_TRUE(ok(open()));
  expect_three();
}

TEST_F(RecoveryTest, AnIndexDamagedByACrashIsMadeAnew) {
  put_three();
  close();
  std::filesystem::remove(data_path_ + "/index.clean");
  std::string path = data_path_ + "/index.db";
  std::string bytes = slurp(path);
  for (size_t i = 4096; i < bytes.size(); ++i) bytes[i] = 'x';  // behind the header
  spit(path, bytes);
  ASSERT_TRUE(ok(open()));
  expect_three();
}

TEST_F(RecoveryTest, RowsWithoutFilesGo) {
  put_three();
  crash();
  std::filesystem::remove(Layout(data_path_).data(replica(2)));
  ASSERT_TRUE(ok(open()));
  EXPECT_EQ(held().size(), 2U);
  EXPECT_FALSE(store_->find(replica(2)).value());
  EXPECT_FALSE(std::filesystem::exists(layout().meta(replica(2))));  // it holds no content
}

TEST_F(RecoveryTest, FilesWithoutRowsAreFound) {
  put_three();
  std::string data = slurp(layout().data(replica(1)));
  std::string meta = slurp(layout().meta(replica(1)));
  ASSERT_TRUE(ok(store_->remove({replica(1)}).at(0)));
  spit(layout().data(replica(1)), data);
  spit(layout().meta(replica(1)), meta);
  reopen();
  expect_three();
}

TEST_F(RecoveryTest, ALostSidecarIsMadeFromBytesThatAreRight) {
  put_three();
  for (uint64_t inode : {1, 2}) {
    std::string meta = slurp(layout().meta(replica(inode)));
    spit(layout().meta(replica(inode)), meta.substr(0, inode == 1 ? 0 : meta.size() / 2));  // torn
  }
  std::filesystem::remove(layout().meta(replica(70000)));
  reopen();
  expect_three();
  EXPECT_TRUE(logger_.contains("made anew from its bytes"));
  EXPECT_TRUE(disk_.all_synced(layout().replicas()));
}

TEST_F(RecoveryTest, BytesThatNobodyCanVouchForAreKeptAndNotServed) {
  put_three();
  crash();
  Layout there(data_path_);
  std::filesystem::remove(there.meta(replica(1)));
  std::filesystem::remove(data_path_ + "/index.db");  // nor does the index know them
  flip_bit(there.meta(replica(2)), 60);
  std::filesystem::resize_file(there.data(replica(70000)), 10);
  ASSERT_TRUE(ok(open()));
  ASSERT_EQ(held().size(), 3U);
  for (const HeldReplica& each : held()) {
    EXPECT_EQ(each.state, HeldState::kQuarantined);
    EXPECT_EQ(read(each.replica).status().code(), Code::kDataLoss);
    EXPECT_TRUE(std::filesystem::exists(layout().quarantined_data(each.replica)));
  }
  EXPECT_EQ(used(), kBlockSize + 1 + kBlockSize + 2 + 10);
}

TEST_F(RecoveryTest, ALostSidecarOfBadBytesIsNotMadeUp) {
  put(replica(1), content_of(kBlockSize));
  std::filesystem::remove(layout().meta(replica(1)));
  flip_bit(layout().data(replica(1)), 7);
  reopen();
  EXPECT_EQ(store_->find(replica(1)).value()->state, HeldState::kQuarantined);
}

TEST_F(RecoveryTest, WhatWasFoundBadStaysBad) {
  put(replica(1), content_of(kBlockSize));
  put(replica(2), content_of(10, 2));
  flip_bit(layout().data(replica(1)), 7);
  EXPECT_FALSE(read(replica(1)).ok());
  for (bool clean : {true, false}) {
    if (clean) {
      close();
      ASSERT_TRUE(ok(open()));
    } else {
      reopen();
    }
    EXPECT_EQ(store_->find(replica(1)).value()->state, HeldState::kQuarantined);
    EXPECT_EQ(read(replica(2)).value(), content_of(10, 2));
    EXPECT_EQ(used(), kBlockSize + 10);
  }
}

TEST_F(RecoveryTest, ABadOneThatCouldNotBeMovedStaysBadToo) {
  put(replica(1), content_of(kBlockSize));
  flip_bit(layout().data(replica(1)), 7);
  disk_.inject({.op = DiskOp::kRename});
  EXPECT_FALSE(read(replica(1)).ok());
  EXPECT_TRUE(std::filesystem::exists(layout().data(replica(1))));
  reopen();
  EXPECT_EQ(store_->find(replica(1)).value()->state, HeldState::kQuarantined);
  EXPECT_TRUE(std::filesystem::exists(layout().quarantined_data(replica(1))));
}

// The index is not synced: after a power cut it may be as it was a while ago, and the replicas are not.
TEST_F(RecoveryTest, AGoodOneThatCameAfterTheIndexWasWrittenIsWhole) {
  put(replica(1), content_of(kBlockSize));
  flip_bit(layout().data(replica(1)), 7);
  EXPECT_FALSE(read(replica(1)).ok());
  const std::string index = data_path_ + "/index.db";
  std::string rows = slurp(index);
  std::string log = slurp(index + "-wal");
  put(replica(1), content_of(kBlockSize));
  crash();
  spit(index, rows);
  spit(index + "-wal", log);
  std::filesystem::remove(index + "-shm");
  ASSERT_TRUE(ok(open()));
  EXPECT_EQ(store_->find(replica(1)).value()->state, HeldState::kWhole);
  EXPECT_EQ(read(replica(1)).value(), content_of(kBlockSize));
  EXPECT_EQ(used(), kBlockSize);
}

TEST_F(RecoveryTest, StagesAreSwept) {
  auto arrival = store_->begin_arrival(replica(1), 1000, ArrivalKind::kWrite).value();
  std::string bytes = content_of(1000);
  ASSERT_TRUE(ok(arrival->append(0, bytes, sums_of(bytes))));
  std::string staged = *files_below(layout().stage()).begin();
  arrival.reset();
  spit(layout().stage() + "/" + staged, bytes);  // as a kill would have left it
  reopen();
  EXPECT_TRUE(files_below(layout().stage()).empty());
  EXPECT_EQ(used(), 0U);
  EXPECT_TRUE(held().empty());
}

TEST_F(RecoveryTest, HalfASidecarThatWasBeingReplacedGoes) {
  put_three();
  spit(layout().meta(replica(1)) + ".tmp", "half");
  reopen();
  expect_three();
  EXPECT_FALSE(std::filesystem::exists(layout().meta(replica(1)) + ".tmp"));
}

TEST_F(RecoveryTest, StrangeFilesAreLeftAlone) {
  put_three();
  std::string directory = layout().directory_of(replica(1));
  spit(directory + "/README", "hello");
  spit(layout().replicas() + "/00/1.1.1", "not deep enough");
  std::filesystem::create_directories(layout().replicas() + "/zz/zz");
  spit(layout().replicas() + "/zz/zz/5.1.1", "not its place");
  reopen();
  expect_three();
  EXPECT_EQ(slurp(directory + "/README"), "hello");
  EXPECT_EQ(slurp(layout().replicas() + "/zz/zz/5.1.1"), "not its place");
}

}  // namespace
}  // namespace fsdfs::node
