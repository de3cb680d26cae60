#include "node/store/store.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <thread>

#include "tests/unit/node/store_fixture.h"

namespace fsdfs::node {
namespace {

class ReplicaStoreTest : public StoreTest {
 protected:
  void SetUp() override { ASSERT_TRUE(ok(open())); }
  Change last_change() {
    auto changes = store_->changes().pending_after(0, 1000);
    return changes.empty() ? Change() : changes.back();
  }
};

TEST_F(ReplicaStoreTest, WhatIsNotHeldIsNotFound) {
  put(replica(1, 5), content_of(10));
  EXPECT_EQ(store_->open_replica(replica(2)).status().code(), Code::kNotFound);
  EXPECT_EQ(store_->open_replica(replica(1, 4)).status().code(), Code::kNotFound);
  EXPECT_TRUE(ok(store_->open_replica(replica(1, 5))));
}

TEST_F(ReplicaStoreTest, ReadsAreOfWholeBlocks) {
  put(replica(1), content_of(2 * kBlockSize + 10));
  auto open = store_->open_replica(replica(1)).value();
  std::string tail(10, '\0');
  EXPECT_TRUE(ok(store_->read(*open, 2 * kBlockSize, tail)));
  EXPECT_EQ(tail, content_of(2 * kBlockSize + 10).substr(2 * kBlockSize));
  std::string part(5, '\0');
  EXPECT_EQ(store_->read(*open, 0, part).code(), Code::kOutOfRange);
  EXPECT_EQ(store_->read(*open, 100, tail).code(), Code::kOutOfRange);
  EXPECT_EQ(store_->read(*open, 3 * kBlockSize, tail).code(), Code::kOutOfRange);
  EXPECT_EQ(store_->find(replica(1)).value()->state, HeldState::kWhole);  // that was no fault of the replica
}

TEST_F(ReplicaStoreTest, AFlippedBitIsNeverServed) {
  std::string bytes = content_of(3 * kBlockSize + 7);
  for (size_t where : {size_t{0}, kBlockSize + 5, 3 * kBlockSize + 6}) {
    ReplicaId id = replica(where + 100);
    put(id, bytes);
    flip_bit(layout().data(id), where);
    uint64_t before = used();
    auto got = read(id);
    EXPECT_EQ(got.status().code(), Code::kDataLoss) << where;
    EXPECT_EQ(got.status().reason(), Reason::kChecksum);
    EXPECT_EQ(read(id).status().code(), Code::kDataLoss);  // and stays so
    EXPECT_EQ(store_->find(id).value()->state, HeldState::kQuarantined);
    EXPECT_EQ(last_change().held, store_->find(id).value());
    EXPECT_FALSE(last_change().removed);
    EXPECT_EQ(used(), before);  // its bytes are kept, and count
    EXPECT_TRUE(std::filesystem::exists(layout().quarantined_data(id)));
    EXPECT_FALSE(std::filesystem::exists(layout().data(id)));
  }
}

TEST_F(ReplicaStoreTest, ABadSidecarIsNeverTrusted) {
  put(replica(1), content_of(kBlockSize));
  flip_bit(layout().meta(replica(1)), 60);
  EXPECT_EQ(read(replica(1)).status().code(), Code::kDataLoss);
  EXPECT_EQ(store_->find(replica(1)).value()->state, HeldState::kQuarantined);
  put(replica(2), content_of(kBlockSize, 2));
  put(replica(3), content_of(kBlockSize, 3));
  spit(layout().meta(replica(2)), slurp(layout().meta(replica(3))));  // whole, but another's
  EXPECT_EQ(read(replica(2)).status().code(), Code::kDataLoss);
}

TEST_F(ReplicaStoreTest, AWrongRowOfTheIndexIsCorrected) {
  std::string bytes = content_of(kBlockSize + 3);
  put(replica(1), bytes);
  close();
  {
    auto index = std::move(Index::open(Layout(data_path_).index(), logger_)->index);
    IndexRow wrong = *index->find(replica(1)).value();
    wrong.held.content.size = 7;
    wrong.held.content.digest.bytes[3] ^= 1;
    ASSERT_TRUE(ok(index->put(wrong)));
    ASSERT_TRUE(ok(index->close()));
  }
  ASSERT_TRUE(ok(open()));
  EXPECT_EQ(used(), 7U);
  EXPECT_EQ(read(replica(1)).value(), bytes);
  EXPECT_EQ(store_->find(replica(1)).value()->content, content_info(bytes));
  EXPECT_EQ(last_change().held.content, content_info(bytes));
  EXPECT_EQ(used(), bytes.size());
}

TEST_F(ReplicaStoreTest, ATruncatedReplicaIsNeverServed) {
  put(replica(1), content_of(2 * kBlockSize));
  std::filesystem::resize_file(layout().data(replica(1)), kBlockSize);
  EXPECT_EQ(read(replica(1)).status().code(), Code::kDataLoss);
  EXPECT_EQ(store_->find(replica(1)).value()->state, HeldState::kQuarantined);
}

TEST_F(ReplicaStoreTest, AReadErrorFailsTheReplicaForGood) {
  put(replica(1), content_of(kBlockSize));
  auto open = store_->open_replica(replica(1)).value();
  disk_.inject({.op = DiskOp::kRead});
  std::string bytes(kBlockSize, '\0');
  EXPECT_EQ(store_->read(*open, 0, bytes).code(), Code::kDataLoss);
  EXPECT_EQ(read(replica(1)).status().code(), Code::kDataLoss);  // although the disk would answer now
  EXPECT_EQ(store_->find(replica(1)).value()->state, HeldState::kQuarantined);
}

TEST_F(ReplicaStoreTest, AFileThatSomebodyTookAwayIsReportedAsRemoved) {
  put(replica(1), content_of(100));
  std::filesystem::remove(layout().data(replica(1)));
  EXPECT_FALSE(read(replica(1)).ok());
  EXPECT_FALSE(store_->find(replica(1)).value());
  EXPECT_TRUE(last_change().removed);
  EXPECT_EQ(used(), 0U);
}

TEST_F(ReplicaStoreTest, AGoodCopyReplacesTheBadOne) {
  std::string bytes = content_of(kBlockSize + 1);
  put(replica(1), bytes);
  flip_bit(layout().data(replica(1)), 3);
  EXPECT_FALSE(read(replica(1)).ok());
  ASSERT_TRUE(ok(try_put(replica(1), bytes, ArrivalKind::kCopy)));
  EXPECT_EQ(read(replica(1)).value(), bytes);
  EXPECT_EQ(used(), bytes.size());
  EXPECT_TRUE(files_below(layout().quarantine()).empty());
  EXPECT_EQ(store_->figures()->replicas, 1U);
}

TEST_F(ReplicaStoreTest, ARemovalIsOfExactlyWhatItNames) {
  put(replica(1, 1), content_of(100));
  put(replica(1, 2), content_of(200));
  EXPECT_TRUE(ok(store_->remove({replica(1, 3)}).at(0)));  // not held: the order ends
  EXPECT_TRUE(last_change().removed);
  EXPECT_EQ(held().size(), 2U);
  EXPECT_TRUE(ok(store_->remove({replica(1, 1)}).at(0)));
  ASSERT_EQ(held().size(), 1U);
  EXPECT_EQ(held()[0].replica, replica(1, 2));
  EXPECT_EQ(used(), 200U);
  EXPECT_EQ(files_below(layout().replicas()), (std::set<std::string>{"1.1.2", "1.1.2.meta"}));
  EXPECT_TRUE(disk_.all_synced(layout().replicas()));
}

TEST_F(ReplicaStoreTest, ManyGoAtOnceAndEachDirectoryIsSyncedOnce) {
  std::vector<ReplicaId> ids;
  for (uint64_t inode = 1; inode <= 20; ++inode) {
    put(replica(inode), content_of(10, inode));
    ids.push_back(replica(21 - inode));
  }
  ids.push_back(replica(5));  // twice
  uint64_t before = disk_.calls(DiskOp::kSyncDirectory);
  for (const Status& status : store_->remove(ids)) EXPECT_TRUE(ok(status));
  EXPECT_EQ(disk_.calls(DiskOp::kSyncDirectory) - before, 1U);
  EXPECT_EQ(used(), 0U);
  EXPECT_EQ(store_->figures()->replicas, 0U);
  EXPECT_TRUE(files_below(layout().replicas()).empty());
}

TEST_F(ReplicaStoreTest, ARemovalThatFailsIsNotReportedAsDone) {
  put(replica(1), content_of(10));
  uint64_t changes = store_->changes().last_sequence();
  disk_.inject({.op = DiskOp::kUnlink, .error = EACCES});
  EXPECT_FALSE(store_->remove({replica(1)}).at(0).ok());
  EXPECT_EQ(store_->changes().last_sequence(), changes);
  EXPECT_EQ(used(), 10U);
  EXPECT_EQ(read(replica(1)).value(), content_of(10));
}

TEST_F(ReplicaStoreTest, AQuarantinedOneGoesWhenOrdered) {
  put(replica(1), content_of(10));
  flip_bit(layout().data(replica(1)), 3);
  EXPECT_FALSE(read(replica(1)).ok());
  EXPECT_TRUE(ok(store_->remove({replica(1)}).at(0)));
  EXPECT_EQ(used(), 0U);
  EXPECT_TRUE(held().empty());
  EXPECT_TRUE(files_below(layout().quarantine()).empty());
}

TEST_F(ReplicaStoreTest, WhoReadsIsNotDisturbedByTheRemoval) {
  std::string bytes = content_of(2 * kBlockSize);
  put(replica(1), bytes);
  auto open = store_->open_replica(replica(1)).value();
  std::string first(kBlockSize, '\0');
  ASSERT_TRUE(ok(store_->read(*open, 0, first)));
  ASSERT_TRUE(ok(store_->remove({replica(1)}).at(0)));
  std::string second(kBlockSize, '\0');
  EXPECT_TRUE(ok(store_->read(*open, kBlockSize, second)));
  EXPECT_EQ(first + second, bytes);
  EXPECT_EQ(store_->open_replica(replica(1)).status().code(), Code::kNotFound);
}

TEST_F(ReplicaStoreTest, FewAreKeptOpen) {
  crash();
  settings_.open_replicas_max = 2;
  ASSERT_TRUE(ok(open()));
  for (uint64_t inode = 1; inode <= 4; ++inode) put(replica(inode), content_of(10, inode));
  for (uint64_t inode = 1; inode <= 4; ++inode) EXPECT_TRUE(ok(read(replica(inode))));
  uint64_t before = disk_.calls(DiskOp::kOpen);
  EXPECT_TRUE(ok(read(replica(3))));
  EXPECT_TRUE(ok(read(replica(4))));
  EXPECT_EQ(disk_.calls(DiskOp::kOpen), before);
  EXPECT_EQ(read(replica(1)).value(), content_of(10, 1));
  EXPECT_GT(disk_.calls(DiskOp::kOpen), before);
}

TEST_F(ReplicaStoreTest, WhatIsHeldIsReportedAgainWhenAsked) {
  put(replica(1), content_of(10));
  uint64_t before = store_->changes().last_sequence();
  EXPECT_TRUE(store_->report_again(replica(1)).value());
  EXPECT_EQ(last_change().sequence, before + 1);
  EXPECT_EQ(last_change().held.replica, replica(1));
  EXPECT_FALSE(store_->report_again(replica(2)).value());
}

// Arrivals, removals and reads of the same few replicas at once: at the end the books are right.
TEST_F(ReplicaStoreTest, ManyThreadsLeaveTheBooksRight) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::vector<std::thread> threads;
  for (unsigned number = 0; number < 4; ++number) {
    threads.emplace_back([this, seed, number] {
      std::minstd_rand random(seed + number);
      for (int i = 0; i < 60; ++i) {
        uint64_t inode = 1 + random() % 5;
        std::string bytes = content_of(inode * 1000, inode);
        switch (random() % 3) {
          case 0:
            (void)try_put(replica(inode), bytes, ArrivalKind::kCopy);
            break;
          case 1:
            (void)store_->remove({replica(inode), replica(1 + random() % 5)});
            break;
          default:
            if (auto got = read(replica(inode)); got.ok()) {
              EXPECT_EQ(*got, bytes);
            }
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  uint64_t bytes = 0;
  std::set<std::string> files;
  for (const HeldReplica& each : held()) {
    EXPECT_EQ(each.state, HeldState::kWhole);
    EXPECT_EQ(read(each.replica).value(),
              content_of(each.replica.inode.value * 1000, each.replica.inode.value));
    bytes += each.content.size;
    files.insert(Layout::file_name(each.replica));
    files.insert(Layout::file_name(each.replica) + ".meta");
  }
  EXPECT_EQ(used(), bytes);
  EXPECT_EQ(store_->figures()->replicas, held().size());
  EXPECT_EQ(files_below(layout().replicas()), files);
  EXPECT_TRUE(files_below(layout().stage()).empty());
}

}  // namespace
}  // namespace fsdfs::node
