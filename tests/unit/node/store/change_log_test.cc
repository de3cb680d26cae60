#include "node/store/change_log.h"

#include <gtest/gtest.h>

#include "tests/unit/node/store_fixture.h"

namespace fsdfs::node {
namespace {

TEST(ChangeLogTest, ChangesStayUntilAcknowledged) {
  ChangeLog log;
  log.added({replica(1), {26, {}}, HeldState::kWhole});
  log.removed(replica(2));
  log.added({replica(3), {13, {}}, HeldState::kQuarantined});
  auto all = log.pending_after(0, 10);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].sequence, 1U);
  EXPECT_TRUE(all[1].removed);
  EXPECT_EQ(all[2].held.state, HeldState::kQuarantined);
  EXPECT_EQ(log.pending_added(3), 2U);
  EXPECT_EQ(log.pending_added(2), 1U);
  EXPECT_EQ(log.pending_after(1, 1).at(0).sequence, 2U);
  log.acknowledge(2);
  EXPECT_EQ(log.pending_after(0, 10).at(0).sequence, 3U);
  EXPECT_EQ(log.pending_added(3), 1U);
  log.acknowledge(3);
  EXPECT_EQ(log.pending(), 0U);
  log.removed(replica(4));
  EXPECT_EQ(log.pending_after(0, 10).at(0).sequence, 4U);
}

TEST(ChangeLogTest, AnInventoryCoversWhatCameBefore) {
  ChangeLog log;
  log.removed(replica(1));
  log.removed(replica(2));
  EXPECT_EQ(log.restart(), 2U);
  EXPECT_EQ(log.pending(), 0U);
  log.removed(replica(3));
  EXPECT_EQ(log.pending_after(2, 10).at(0).sequence, 3U);
}

TEST(ChangeLogTest, TheListenerHearsEachChange) {
  ChangeLog log;
  int heard = 0;
  log.set_listener([&] { ++heard; });
  log.removed(replica(1));
  log.added({replica(1), {}, HeldState::kWhole});
  log.set_listener(nullptr);
  log.removed(replica(1));
  EXPECT_EQ(heard, 2);
}

TEST(ChangeLogTest, OverflowIsToldAndEndsWithTheNextInventory) {
  ChangeLog log;
  for (size_t i = 0; i < ChangeLog::kPendingMax; ++i) log.removed(replica(i));
  EXPECT_FALSE(log.overflowed());
  log.removed(replica(0));
  EXPECT_TRUE(log.overflowed());
  EXPECT_EQ(log.pending(), ChangeLog::kPendingMax);
  log.restart();
  EXPECT_FALSE(log.overflowed());
}

TEST(ChangeLogTest, StartingOverAsksForAnInventoryNowAndLater) {
  ChangeLog log;
  int told = 0;
  log.set_listener([&] { ++told; });
  MonotonicTime now{std::chrono::seconds(100)};
  EXPECT_FALSE(log.inventory_due(now));
  log.start_over(now + std::chrono::seconds(60));
  EXPECT_EQ(told, 1);
  EXPECT_TRUE(log.inventory_due(now));
  log.restart();
  EXPECT_FALSE(log.inventory_due(now + std::chrono::seconds(59)));
  EXPECT_TRUE(log.inventory_due(now + std::chrono::seconds(60)));
  log.restart();
  EXPECT_FALSE(log.inventory_due(now + std::chrono::hours(1)));
}

}  // namespace
}  // namespace fsdfs::node
