#include "node/store/shelf.h"

#include "tests/unit/node/store_fixture.h"

namespace fsdfs::node {
namespace {

constexpr uint64_t kSize = 10 * kBlockSize;

class ShelfTest : public StoreTest {
 protected:
  void SetUp() override {
    settings_.shelf = {.most = 3, .time = std::chrono::minutes(15), .bytes_min = 2 * kBlockSize};
    ASSERT_TRUE(ok(open()));
  }
  // A copy of the replica that has received so many blocks of kSize bytes.
  Shelved broken(const ReplicaId& id, size_t blocks = 4) {
    std::string bytes = content_of(kSize, id.inode.value);
    auto arrival = store_->begin_arrival(id, kSize, ArrivalKind::kCopy).value();
    std::string_view part = std::string_view(bytes).substr(0, blocks * kBlockSize);
    EXPECT_TRUE(ok(arrival->append(0, part, sums_of(part))));
    return {std::move(arrival), content_info(bytes), sums_of(bytes)};
  }
  std::optional<Shelved> resume(const ReplicaId& id) {
    return store_->resume(id, content_info(content_of(kSize, id.inode.value)));
  }
  size_t stages() { return files_below(layout().stage()).size(); }
};

TEST_F(ShelfTest, WhatBrokeOffGoesOn) {
  store_->shelve(broken(replica(1)));
  EXPECT_EQ(used(), kSize);
  EXPECT_EQ(store_->figures()->spare, kSize);
  EXPECT_EQ(store_->figures()->spare_on_disk, 4 * kBlockSize);
  auto back = resume(replica(1));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->arrival->received(), 4 * kBlockSize);
  EXPECT_EQ(store_->figures()->spare, 0U);
  std::string bytes = content_of(kSize, 1);
  std::string_view rest = std::string_view(bytes).substr(4 * kBlockSize);
  ASSERT_TRUE(ok(back->arrival->append(4 * kBlockSize, rest, sums_of(rest))));
  ASSERT_TRUE(ok(back->arrival->finish(content_info(bytes), {})));
  EXPECT_EQ(read(replica(1)).value(), bytes);
  EXPECT_EQ(used(), kSize);
  EXPECT_FALSE(resume(replica(1)));
}

TEST_F(ShelfTest, LittleIsNotKept) {
  store_->shelve(broken(replica(1), 1));
  EXPECT_EQ(used(), 0U);
  EXPECT_EQ(stages(), 0U);
}

TEST_F(ShelfTest, AnotherContentGivesItUp) {
  store_->shelve(broken(replica(1)));
  EXPECT_FALSE(store_->resume(replica(1), content_info("other")));
  EXPECT_EQ(used(), 0U);
  EXPECT_EQ(stages(), 0U);
}

TEST_F(ShelfTest, ADeletionGivesItUpAtOnce) {
  store_->shelve(broken(replica(1)));
  store_->shelve(broken(replica(2)));
  ASSERT_TRUE(ok(store_->remove({replica(1)}).at(0)));
  EXPECT_EQ(used(), kSize);
  EXPECT_FALSE(resume(replica(1)));
  EXPECT_TRUE(resume(replica(2)));
  // Nor is kept what was deleted before it was shelved.
  Shelved late = broken(replica(3));
  ASSERT_TRUE(ok(store_->remove({replica(3)}).at(0)));
  store_->shelve(std::move(late));
  EXPECT_EQ(used(), 0U);
}

TEST_F(ShelfTest, TheOldestGoesWhenThereAreTooMany) {
  for (uint64_t inode = 1; inode <= 4; ++inode) store_->shelve(broken(replica(inode)));
  EXPECT_EQ(used(), 3 * kSize);
  EXPECT_FALSE(resume(replica(1)));
  for (uint64_t inode = 2; inode <= 4; ++inode) EXPECT_TRUE(resume(replica(inode))) << inode;
  EXPECT_EQ(used(), 0U);
}

TEST_F(ShelfTest, WhoNeedsTheRoomGetsItOldestFirst) {
  for (uint64_t inode = 1; inode <= 3; ++inode) store_->shelve(broken(replica(inode)));
  auto wanted = store_->begin_arrival(replica(9), kQuota - 2 * kSize, ArrivalKind::kWrite);
  ASSERT_TRUE(ok(wanted));
  EXPECT_EQ(used(), kQuota);
  EXPECT_EQ(stages(), 3U);
  ASSERT_TRUE(ok((*wanted)->reserve(kQuota - kSize)));  // an arrival that grows, likewise
  EXPECT_EQ(used(), kQuota);
  EXPECT_FALSE(resume(replica(1)));
  EXPECT_FALSE(resume(replica(2)));
  EXPECT_TRUE(resume(replica(3)));
}

TEST_F(ShelfTest, AfterItsTimeItGoes) {
  ManualClock clock;
  Shelf shelf({.most = 3, .time = std::chrono::minutes(15), .bytes_min = 1}, clock);
  shelf.put(broken(replica(1)));
  clock.advance(std::chrono::minutes(10));
  shelf.put(broken(replica(2)));
  shelf.drop_expired();
  EXPECT_EQ(used(), 2 * kSize);
  clock.advance(std::chrono::minutes(5));
  shelf.drop_expired();
  EXPECT_EQ(used(), kSize);
  shelf.clear();
  EXPECT_EQ(used(), 0U);
}

TEST_F(ShelfTest, ACleanStopSweepsIt) {
  store_->shelve(broken(replica(1)));
  close();
  EXPECT_TRUE(files_below(data_path_ + "/stage").empty());
  ASSERT_TRUE(ok(open()));
  EXPECT_EQ(used(), 0U);
}

class TwoDisksShelfTest : public ShelfTest {
 protected:
  TwoDisksShelfTest() {
    paths_ = {a_, b_};
    settings_.quotas = {kQuota, kQuota};
  }
  // Shelved on the second disk: the first one is promised to another.
  void shelve_on_b(const ReplicaId& id) {
    auto other = store_->begin_arrival(replica(9), kQuota / 2, ArrivalKind::kCopy).value();
    store_->shelve(broken(id));
  }
  const std::string a_ = temp_ / "a";
  const std::string b_ = temp_ / "b";
};

TEST_F(TwoDisksShelfTest, ItsRoomIsThatOfItsDisk) {
  shelve_on_b(replica(1));
  auto figures = store_->figures().value();
  EXPECT_EQ(figures.spare, kSize);
  EXPECT_EQ(figures.disks.at(0).spare, 0U);
  EXPECT_EQ(figures.disks.at(1).spare, kSize);
  EXPECT_EQ(figures.disks.at(1).spare_on_disk, 4 * kBlockSize);
  auto first = store_->begin_arrival(replica(2), kQuota, ArrivalKind::kCopy);
  ASSERT_TRUE(ok(first));
  EXPECT_EQ(store_->figures()->spare, kSize) << "the other disk had the room";
  auto second = store_->begin_arrival(replica(3), kQuota, ArrivalKind::kCopy);
  ASSERT_TRUE(ok(second));
  EXPECT_EQ(store_->figures()->spare, 0U);
}

TEST_F(TwoDisksShelfTest, ItGoesOnWhereItLies) {
  shelve_on_b(replica(1));
  auto back = resume(replica(1));
  ASSERT_TRUE(back);
  std::string bytes = content_of(kSize, 1);
  std::string_view rest = std::string_view(bytes).substr(4 * kBlockSize);
  ASSERT_TRUE(ok(back->arrival->append(4 * kBlockSize, rest, sums_of(rest))));
  ASSERT_TRUE(ok(back->arrival->finish(content_info(bytes), {})));
  EXPECT_TRUE(std::filesystem::exists(Layout(b_).data(replica(1))));
}

TEST_F(TwoDisksShelfTest, ADiskThatFailsTakesItAway) {
  shelve_on_b(replica(1));
  disks_->slots().at(1).directory->health().fail(data_loss("it broke"));
  EXPECT_FALSE(resume(replica(1)));
  EXPECT_EQ(store_->figures()->spare, 0U);
}

}  // namespace
}  // namespace fsdfs::node
