#include "node/store/arrival.h"

#include <gtest/gtest.h>

#include "common/units.h"
#include "node/store/sidecar.h"
#include "tests/unit/node/store_fixture.h"

namespace fsdfs::node {
namespace {

class ArrivalTest : public StoreTest {
 protected:
  void SetUp() override { ASSERT_TRUE(ok(open())); }
  std::unique_ptr<Arrival> begin(const ReplicaId& id, uint64_t size) {
    auto arrival = store_->begin_arrival(id, size, ArrivalKind::kWrite);
    EXPECT_TRUE(ok(arrival));
    return arrival.ok() ? std::move(arrival).value() : nullptr;
  }
  void expect_nothing_left() {
    EXPECT_TRUE(held().empty());
    EXPECT_TRUE(files_below(layout().stage()).empty());
    EXPECT_TRUE(files_below(layout().replicas()).empty());
    EXPECT_EQ(used(), 0U);
  }
};

TEST_F(ArrivalTest, EverySizeArrivesWholeAndDurable) {
  uint64_t inode = 1;
  uint64_t total = 0;
  for (size_t size :
       {size_t{0}, size_t{1}, size_t{26}, kBlockSize - 1, kBlockSize, kBlockSize + 1, 5 * kBlockSize + 13}) {
    std::string bytes = content_of(size, inode);
    put(replica(inode), bytes);
    EXPECT_EQ(read(replica(inode)).value(), bytes);
    EXPECT_EQ(slurp(layout().data(replica(inode))), bytes);  // raw, for whoever has only the disk
    total += size;
    EXPECT_EQ(used(), total);
    ++inode;
  }
  EXPECT_TRUE(disk_.all_synced(layout().replicas()));
  EXPECT_TRUE(files_below(layout().stage()).empty());
  EXPECT_EQ(store_->changes().pending(), 7U);
}

TEST_F(ArrivalTest, TheSidecarDescribesIt) {
  ASSERT_TRUE(ok(disks_->set_swarm(random_id<SwarmId>())));
  std::string bytes = content_of(2 * kBlockSize + 5);
  put(replica(9), bytes);
  auto description = decode_sidecar(slurp(layout().meta(replica(9))));
  ASSERT_TRUE(ok(description));
  EXPECT_EQ(description->replica, replica(9));
  EXPECT_EQ(description->content, content_info(bytes));
  EXPECT_EQ(description->sums, sums_of(bytes));
  EXPECT_EQ(description->swarm, disks_->identity().swarm);
  EXPECT_EQ(description->origin.name, "a file");
}

TEST_F(ArrivalTest, ABadBlockIsRefusedAndTheRightOneMayFollow) {
  std::string bytes = content_of(3 * kBlockSize);
  auto arrival = begin(replica(1), bytes.size());
  BlockSums sums = sums_of(bytes);
  std::string bad = bytes;
  bad[2 * kBlockSize] = static_cast<char>(bad[2 * kBlockSize] ^ 1);
  Status status = arrival->append(0, bad, sums);
  EXPECT_EQ(status.code(), Code::kDataLoss);
  EXPECT_EQ(status.reason(), Reason::kChecksum);
  EXPECT_EQ(arrival->received(), 0U);
  EXPECT_TRUE(arrival->alive());
  EXPECT_TRUE(ok(arrival->append(0, bytes, sums)));
  EXPECT_TRUE(ok(arrival->finish(content_info(bytes), {})));
  EXPECT_EQ(read(replica(1)).value(), bytes);
}

TEST_F(ArrivalTest, OnlyTheNextBytesAreTaken) {
  std::string bytes = content_of(kBlockSize + 10);
  std::string block = bytes.substr(0, kBlockSize);
  auto arrival = begin(replica(1), bytes.size());
  EXPECT_EQ(arrival->append(kBlockSize, block, sums_of(block)).code(), Code::kInvalidArgument);
  EXPECT_EQ(arrival->append(0, block, {}).code(), Code::kInvalidArgument);
  EXPECT_TRUE(ok(arrival->append(0, bytes, sums_of(bytes))));
  EXPECT_EQ(arrival->append(0, block, sums_of(block)).code(), Code::kInvalidArgument);  // again
  // After the short block there is no more.
  EXPECT_EQ(arrival->append(bytes.size(), block, sums_of(block)).code(), Code::kInvalidArgument);
  EXPECT_TRUE(ok(arrival->finish(content_info(bytes), {})));
}

TEST_F(ArrivalTest, WhatIsNotTheExpectedContentNeverCounts) {
  std::string bytes = content_of(2 * kBlockSize);
  std::string other = content_of(2 * kBlockSize, 2);
  auto arrival = begin(replica(1), bytes.size());
  ASSERT_TRUE(ok(arrival->append(0, bytes, sums_of(bytes))));
  EXPECT_EQ(arrival->finish(content_info(other), {}).status().code(), Code::kDataLoss);
  EXPECT_FALSE(arrival->alive());
  EXPECT_FALSE(arrival->finish(content_info(bytes), {}).ok());  // dead is dead
  arrival.reset();
  arrival = begin(replica(1), bytes.size());
  ASSERT_TRUE(ok(arrival->append(0, bytes.substr(0, kBlockSize), sums_of(bytes.substr(0, kBlockSize)))));
  EXPECT_EQ(arrival->finish(content_info(bytes), {}).status().code(), Code::kDataLoss);  // too short
  arrival.reset();
  expect_nothing_left();
}

TEST_F(ArrivalTest, ArrivingBytesCountToTheLastOne) {
  auto first = begin(replica(1), kQuota - 100);
  EXPECT_EQ(used(), kQuota - 100);
  auto refused = store_->begin_arrival(replica(2), 101, ArrivalKind::kWrite);
  EXPECT_EQ(refused.status().reason(), Reason::kNoSpace);
  EXPECT_NE(refused.status().message().find(to_string(disks_->node())), std::string::npos);
  auto second = begin(replica(2), 100);
  EXPECT_EQ(used(), kQuota);
  std::string bytes = content_of(101);
  EXPECT_EQ(second->append(0, bytes, sums_of(bytes)).reason(), Reason::kNoSpace);
  EXPECT_TRUE(second->alive());
  first->discard();
  EXPECT_EQ(used(), 100U);
  EXPECT_TRUE(ok(second->append(0, bytes, sums_of(bytes))));  // more than was announced: it grows
  EXPECT_EQ(used(), 101U);
  EXPECT_TRUE(ok(second->finish(content_info(bytes), {})));
  EXPECT_EQ(used(), 101U);
}

TEST_F(ArrivalTest, WhatWasReservedAndNotUsedComesBack) {
  auto arrival = begin(replica(1), 1000);
  std::string bytes = content_of(10);
  ASSERT_TRUE(ok(arrival->append(0, bytes, sums_of(bytes))));
  EXPECT_EQ(used(), 1000U);
  ASSERT_TRUE(ok(arrival->finish(content_info(bytes), {})));
  EXPECT_EQ(used(), 10U);
}

TEST_F(ArrivalTest, ADiscardedOneLeavesNothing) {
  auto arrival = begin(replica(1), 1000);
  std::string bytes = content_of(10);
  ASSERT_TRUE(ok(arrival->append(0, bytes, sums_of(bytes))));
  arrival->discard();
  expect_nothing_left();
  EXPECT_FALSE(arrival->append(10, bytes, sums_of(bytes)).ok());
  EXPECT_FALSE(arrival->finish(content_info(bytes), {}).ok());
  begin(replica(2), 1000);  // and so by destruction
  expect_nothing_left();
}

TEST_F(ArrivalTest, TheFilesystemsFloorIsKept) {
  crash();
  settings_.free_floor = 10 * kMiB;
  ASSERT_TRUE(ok(open()));
  disk_.set_free_bytes(10 * kMiB + 500);
  auto refused = store_->begin_arrival(replica(1), 501, ArrivalKind::kWrite);
  EXPECT_EQ(refused.status().reason(), Reason::kNoSpace);
  EXPECT_NE(refused.status().message().find("node.free_floor"), std::string::npos);
  {
    auto arrival = begin(replica(1), 500);
    // What is promised is as good as taken.
    EXPECT_EQ(store_->begin_arrival(replica(2), 1, ArrivalKind::kWrite).status().reason(), Reason::kNoSpace);
    std::string bytes = content_of(400);
    ASSERT_TRUE(ok(arrival->append(0, bytes, sums_of(bytes))));
    disk_.set_free_bytes(10 * kMiB +
                         101);  // as the disk says now, another process having given one byte back
    EXPECT_EQ(store_->begin_arrival(replica(2), 2, ArrivalKind::kWrite).status().reason(), Reason::kNoSpace);
    EXPECT_TRUE(ok(store_->begin_arrival(replica(2), 1, ArrivalKind::kWrite)));
    disk_.set_free_bytes(10 * kMiB + 500);
  }
  EXPECT_TRUE(ok(store_->begin_arrival(replica(1), 500, ArrivalKind::kWrite)));
  EXPECT_EQ(store_->figures()->free_on_disk, 500U);
}

TEST_F(ArrivalTest, TheSameOneTwiceIsOne) {
  std::string bytes = content_of(1000);
  auto slow = begin(replica(1), bytes.size());
  ASSERT_TRUE(ok(slow->append(0, bytes, sums_of(bytes))));
  put(replica(1), bytes);
  EXPECT_TRUE(ok(slow->finish(content_info(bytes), {})));  // a write that is repeated gets its receipt again
  slow.reset();
  EXPECT_EQ(used(), 1000U);
  EXPECT_EQ(held().size(), 1U);
  EXPECT_TRUE(files_below(layout().stage()).empty());
  std::string other = content_of(1000, 2);
  EXPECT_EQ(try_put(replica(1), other).status().code(), Code::kFailedPrecondition);
  EXPECT_EQ(read(replica(1)).value(), bytes);
}

TEST_F(ArrivalTest, ADeletionOvertakesWhatStillArrives) {
  std::string bytes = content_of(1000);
  auto arrival = begin(replica(1), bytes.size());
  ASSERT_TRUE(ok(arrival->append(0, bytes, sums_of(bytes))));
  EXPECT_TRUE(ok(store_->remove({replica(1)}).at(0)));
  EXPECT_EQ(arrival->finish(content_info(bytes), {}).status().reason(), Reason::kSessionLost);
  arrival.reset();
  expect_nothing_left();
  // The session is over; a copy may be ordered again.
  EXPECT_EQ(try_put(replica(1), bytes).status().reason(), Reason::kSessionLost);
  EXPECT_TRUE(ok(try_put(replica(1), bytes, ArrivalKind::kCopy)));
}

// Whatever call of the disk fails: an error that stays one, and the disk with it; nothing counted, and
// nothing left once the disk is tried anew.
TEST_F(ArrivalTest, AFailingDiskCallIsNeverASuccess) {
  std::string bytes = content_of(3 * kBlockSize + 1);
  put(replica(1000), content_of(1));  // so that the directory is there
  for (DiskOp op :
       {DiskOp::kCreate, DiskOp::kWrite, DiskOp::kSync, DiskOp::kRename, DiskOp::kSyncDirectory}) {
    uint64_t first = disk_.calls(op);
    ASSERT_TRUE(ok(try_put(replica(1010), bytes, ArrivalKind::kCopy)));
    uint64_t calls = disk_.calls(op) - first;
    ASSERT_GT(calls, 0U);
    ASSERT_TRUE(ok(store_->remove({replica(1010)}).at(0)));
    for (uint64_t skip = 0; skip < calls; ++skip) {
      uint64_t used_before = used();
      disk_.inject({.op = op, .skip = skip});
      EXPECT_FALSE(try_put(replica(1002), bytes, ArrivalKind::kCopy).ok())
          << static_cast<int>(op) << " " << skip;
      disk_.clear_faults();
      EXPECT_FALSE(store_->figures()->disks.at(0).failed.empty()) << static_cast<int>(op) << " " << skip;
      EXPECT_FALSE(try_put(replica(1002), bytes, ArrivalKind::kCopy).ok()) << "never a success on retry";
      EXPECT_TRUE(held().empty()) << static_cast<int>(op) << " " << skip;
      EXPECT_TRUE(store_->changes().overflowed()) << "a new inventory says so";
      reopen();
      EXPECT_FALSE(store_->find(replica(1002)).value()) << static_cast<int>(op) << " " << skip;
      EXPECT_EQ(used(), used_before) << static_cast<int>(op) << " " << skip;
      EXPECT_TRUE(files_below(layout().stage()).empty());
      EXPECT_EQ(files_below(layout().replicas()).size(), 2U);
    }
  }
}

// Neighbours, which share a directory: one sync of it for all.
TEST_F(ArrivalTest, SeveralEndTogetherEachInItsOwnWay) {
  auto begun = [&](const ReplicaId& id, const std::string& bytes) {
    auto arrival = store_->begin_arrival(id, bytes.size(), ArrivalKind::kCopy).value();
    EXPECT_TRUE(ok(arrival->append(0, bytes, sums_of(bytes))));
    return arrival;
  };
  const std::string bytes = content_of(3 * kBlockSize + 5);
  put(replica(1), bytes);  // makes the directory
  auto second = begun(replica(2), bytes), third = begun(replica(3), bytes), wrong = begun(replica(4), bytes);
  auto held = begun(replica(5), bytes), twin = begun(replica(3), bytes);
  put(replica(5), bytes);
  const uint64_t syncs = disk_.calls(DiskOp::kSyncDirectory);
  std::vector<Arrival::Ending> endings{{*third, content_info(bytes), {}},
                                       {*second, content_info(bytes), {}},
                                       {*wrong, content_info("other"), {}},
                                       {*held, content_info(bytes), {}},
                                       {*twin, content_info(bytes), {}}};
  auto results = Arrival::finish_together(endings);
  ASSERT_EQ(results.size(), 5U);
  EXPECT_TRUE(ok(results[0]));
  EXPECT_TRUE(ok(results[1]));
  EXPECT_EQ(results[2].status().code(), Code::kDataLoss);
  EXPECT_TRUE(ok(results[3])) << "the node holds it already";
  EXPECT_EQ(results[4].status().code(), Code::kInternal) << "it does not wait for itself";
  EXPECT_EQ(disk_.calls(DiskOp::kSyncDirectory), syncs + 1);
  for (auto* arrival : {&second, &third, &wrong, &held, &twin}) arrival->reset();
  ASSERT_TRUE(ok(disk_.power_cut({false, false})));
  crash();
  disk_.power_on();
  ASSERT_TRUE(ok(open()));
  std::vector<ReplicaId> ids;
  for (const HeldReplica& each : this->held()) ids.push_back(each.replica);
  EXPECT_EQ(ids, (std::vector{replica(1), replica(2), replica(3), replica(5)}));
  EXPECT_EQ(used(), 4 * bytes.size());
  EXPECT_TRUE(files_below(layout().stage()).empty());
  EXPECT_EQ(read(replica(3)).value(), bytes);
}

TEST_F(ArrivalTest, AFullDiskSaysSo) {
  disk_.inject({.op = DiskOp::kWrite, .error = ENOSPC});
  Status status = try_put(replica(1), content_of(1000)).status();
  EXPECT_EQ(status.reason(), Reason::kNoSpace);
  expect_nothing_left();
}

}  // namespace
}  // namespace fsdfs::node
