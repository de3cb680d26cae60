// What a node tells of all that it holds: the ranges and pages of a store, and over a stream to a fake
// master.
#include "node/link/inventory.h"

#include <gtest/gtest.h>

#include "tests/unit/node/link/fake_master.h"

namespace fsdfs::node {
namespace {

using Ranges = std::vector<InventoryRange>;

class InventoryTest : public StoreTest {
 protected:
  void SetUp() override { ASSERT_TRUE(ok(open())); }
  // Small, so that a few replicas have many edges.
  static constexpr Inventory::Sizes kSmall{4, 3, 5};

  static InventoryRange range_from(const v1::InventoryRange& range) {
    return {wire::from_wire(range.last()), range.count(), range.digest()};
  }
  // All ranges that the inventory has yet to tell; they must join on to `after`.
  static Ranges ranges_of(Inventory& inventory, ReplicaId after = {}) {
    Ranges ranges;
    while (auto message = inventory.next().value()) {
      EXPECT_TRUE(message->has_inventory_ranges());
      EXPECT_EQ(wire::from_wire(message->inventory_ranges().after()), after);
      EXPECT_GE(message->inventory_ranges().ranges_size(), 1);
      EXPECT_LE(message->inventory_ranges().ranges_size(), 3);
      for (const v1::InventoryRange& range : message->inventory_ranges().ranges()) {
        ranges.push_back(range_from(range));
        EXPECT_LT(after, ranges.back().last);
        after = ranges.back().last;
      }
    }
    EXPECT_EQ(after, kReplicaIdMax);
    return ranges;
  }
  std::vector<HeldReplica> held_in(const ReplicaSpan& span) {
    std::vector<HeldReplica> in_span;
    for (const HeldReplica& each : held()) {
      if (span.after < each.replica && each.replica <= span.last) in_span.push_back(each);
    }
    return in_span;
  }
  InventoryRange expected(const ReplicaSpan& span) {
    RangeDigest digest;
    std::vector<HeldReplica> in_span = held_in(span);
    for (const HeldReplica& each : in_span) {
      digest.add(each.replica, each.content.size, each.content.digest, static_cast<uint8_t>(each.state));
    }
    return {span.last, in_span.size(), digest.finish()};
  }
  static Status ask(Inventory& inventory, const ReplicaSpan& span) {
    v1::InventoryRequest request;
    *request.add_spans()->mutable_after() = wire::to_wire(span.after);
    *request.mutable_spans(0)->mutable_last() = wire::to_wire(span.last);
    return inventory.ask(request);
  }
  // What the inventory names of a span, in pages that join.
  static std::vector<ReplicaId> named_of(Inventory& inventory, const ReplicaSpan& span) {
    EXPECT_TRUE(ok(ask(inventory, span)));
    std::vector<ReplicaId> named;
    ReplicaId after = span.after;
    while (after != span.last) {
      auto message = inventory.next().value();
      if (!message || !message->has_inventory_page()) {
        ADD_FAILURE() << "the span was not told to its end";
        break;
      }
      const v1::InventoryPage& page = message->inventory_page();
      EXPECT_EQ(wire::from_wire(page.span().after()), after);
      EXPECT_LE(page.held_size(), 5);
      after = wire::from_wire(page.span().last());
      for (const v1::HeldReplica& each : page.held()) {
        named.push_back(wire::from_wire(each.replica()));
        EXPECT_LE(named.back(), after);
      }
    }
    return named;
  }
  static std::vector<ReplicaId> ids_of(const std::vector<HeldReplica>& all) {
    std::vector<ReplicaId> ids;
    for (const HeldReplica& each : all) ids.push_back(each.replica);
    return ids;
  }
};

TEST_F(InventoryTest, AnEmptyNodeIsOneEmptyRange) {
  Inventory inventory(*store_);
  EXPECT_EQ(ranges_of(inventory), (Ranges{{kReplicaIdMax, 0, RangeDigest().finish()}}));
  EXPECT_TRUE(named_of(inventory, {{}, kReplicaIdMax}).empty());
  EXPECT_FALSE(inventory.next().value());
}

TEST_F(InventoryTest, TheLastRangeIsOpenAlsoWhereNothingIsLeftForIt) {
  for (uint64_t inode = 1; inode <= 8; ++inode) put(replica(inode), content_of(inode, inode));
  Inventory inventory(*store_, kSmall);
  Ranges ranges = ranges_of(inventory);
  ASSERT_EQ(ranges.size(), 3U);
  EXPECT_EQ(ranges[0], expected({{}, replica(4)}));
  EXPECT_EQ(ranges[1], expected({replica(4), replica(8)}));
  EXPECT_EQ(ranges[2], (InventoryRange{kReplicaIdMax, 0, RangeDigest().finish()}));
}

TEST_F(InventoryTest, ABadReplicaHasAnotherDigest) {
  put(replica(1), content_of(100));
  Inventory before(*store_);
  Ranges whole = ranges_of(before);
  ASSERT_TRUE(store_->quarantine(replica(1), data_loss("a bad block")));
  Inventory after(*store_);
  Ranges bad = ranges_of(after);
  EXPECT_NE(bad, whole);
  EXPECT_EQ(bad, (Ranges{expected({{}, kReplicaIdMax})}));
  EXPECT_EQ(bad[0].count, 1U);
}

TEST_F(InventoryTest, RandomStoresAreToldWholeAndWithoutGaps) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 5; ++round) {
    for (uint64_t more = random() % 12; more != 0; --more) {
      ReplicaId id = replica(1 + random() % 9, 1 + random() % 5, 1 + random() % 2);
      if (store_->find(id).value()) continue;
      ASSERT_TRUE(ok(try_put(id, content_of(random() % 50, random()), ArrivalKind::kCopy)));
    }
    std::vector<HeldReplica> all = held();
    if (!all.empty()) {
      store_->quarantine(all[random() % all.size()].replica, data_loss("a bad block"));
      ASSERT_TRUE(ok(store_->remove({all[random() % all.size()].replica}).at(0)));
    }
    Inventory inventory(*store_, kSmall);
    ReplicaId after;
    uint64_t count = 0;
    for (const InventoryRange& range : ranges_of(inventory)) {
      EXPECT_EQ(range, expected({after, range.last}));
      EXPECT_EQ(named_of(inventory, {after, range.last}), ids_of(held_in({after, range.last})));
      after = range.last;
      count += range.count;
    }
    EXPECT_EQ(count, held().size());
    ReplicaSpan any{replica(random() % 9), replica(9 + random() % 3)};
    EXPECT_EQ(named_of(inventory, any), ids_of(held_in(any)));
  }
}

// What comes behind the walk is told as a change only; what comes before it, twice.
TEST_F(InventoryTest, WhatChangesDuringTheWalkIsAChange) {
  for (uint64_t inode = 10; inode <= 130; inode += 10) put(replica(inode), content_of(10, inode));
  uint64_t covered = store_->changes().restart();
  Inventory inventory(*store_, kSmall);
  auto first = inventory.next().value();
  ASSERT_TRUE(first);
  ASSERT_EQ(first->inventory_ranges().ranges_size(), 3);
  ReplicaId after = wire::from_wire(first->inventory_ranges().ranges(2).last());
  EXPECT_EQ(after, replica(120));
  put(replica(15), content_of(10, 15));
  put(replica(125), content_of(10, 125));
  ASSERT_TRUE(ok(store_->remove({replica(10), replica(130)}).at(0)));
  Ranges rest = ranges_of(inventory, after);
  EXPECT_EQ(rest, (Ranges{expected({after, kReplicaIdMax})}));
  EXPECT_EQ(rest.at(0).count, 1U);
  EXPECT_EQ(store_->changes().pending_after(covered, 100).size(), 4U);
  EXPECT_EQ(named_of(inventory, {{}, replica(20)}), (std::vector{replica(15), replica(20)}))
      << "as it is now";
}

TEST_F(InventoryTest, PagesGoBeforeFurtherRanges) {
  for (uint64_t inode = 1; inode <= 20; ++inode) put(replica(inode), content_of(10, inode));
  Inventory inventory(*store_, kSmall);
  ASSERT_TRUE(inventory.next().value()->has_inventory_ranges());
  EXPECT_EQ(named_of(inventory, {{}, replica(12)}).size(), 12U);
  EXPECT_EQ(ranges_of(inventory, replica(12)).size(), 3U);
}

TEST_F(InventoryTest, AnEmptySpanIsRefused) {
  Inventory inventory(*store_);
  EXPECT_EQ(ask(inventory, {replica(5), replica(5)}).code(), Code::kInvalidArgument);
  EXPECT_EQ(ask(inventory, {replica(5), replica(4)}).code(), Code::kInvalidArgument);
}

class InventoryLinkTest : public ::testing::Test {
 protected:
  InventoryLinkTest() {
    settings_.masters = {master_.address()};
    settings_.reconnect_min = std::chrono::milliseconds(10);
    settings_.reconnect_max = std::chrono::milliseconds(50);
    node_ = std::make_unique<TestNode>(settings_);
  }
  void put(uint64_t inode) {
    ASSERT_TRUE(ok(write_all(client_, {node_->where()}, replica(inode), content_of(inode, inode))));
  }
  void join() {
    (*node_)->start(node_->address());
    ASSERT_TRUE((*node_)->wait_joined(kPatience));
  }
  bool reported(uint64_t inode) {
    return master_.wait([&] {
      return std::any_of(master_.changes.begin(), master_.changes.end(), [&](const v1::Change& change) {
        return wire::from_wire(change.added().replica()) == replica(inode);
      });
    });
  }

  FakeMaster master_;
  NodeSettings settings_ = TestNode::small_settings();
  Member client_{std::string(kClientName)};
  std::unique_ptr<TestNode> node_;
};

TEST_F(InventoryLinkTest, WhereNothingDiffersNothingIsNamed) {
  master_.set_differs([](const v1::InventoryRange&) { return false; });
  for (uint64_t inode = 1; inode <= 20; ++inode) put(inode);
  join();
  ASSERT_TRUE(master_.wait([&] { return master_.inventories == 1; }));
  ASSERT_EQ(master_.ranges.size(), 1U);
  EXPECT_EQ(master_.ranges[0].count(), 20U);
  put(21);
  ASSERT_TRUE(reported(21));
  EXPECT_TRUE(master_.inventory.empty());
  EXPECT_EQ(master_.changes.size(), 1U);
}

TEST_F(InventoryLinkTest, AMasterThatComparesForLongIsReportedToMeanwhile) {
  master_.set_asks(false);
  put(1);
  join();
  ASSERT_TRUE(master_.wait([&] { return !master_.ranges.empty(); }));
  put(2);
  ASSERT_TRUE(reported(2));
  EXPECT_EQ(master_.inventories, 0);
  v1::MasterMessage message;
  *message.mutable_inventory()->add_spans()->mutable_last() = wire::to_wire(kReplicaIdMax);
  master_.send(message);
  ASSERT_TRUE(master_.wait([&] { return master_.inventories == 1; }));
  EXPECT_EQ(master_.inventory.size(), 2U) << "a page says what is held when it is sent";
}

TEST_F(InventoryLinkTest, AMasterThatAsksAllTheTimeIsReportedToMeanwhile) {
  master_.set_asks(false);
  master_.set_report_interval(50);
  put(1);
  join();
  ASSERT_TRUE(master_.wait([&] { return !master_.reports.empty() && !master_.ranges.empty(); }));
  v1::MasterMessage message;
  *message.mutable_inventory()->add_spans()->mutable_last() = wire::to_wire(kReplicaIdMax);
  const size_t reports = master_.reports.size();
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  bool reported = false;
  while (!reported && std::chrono::steady_clock::now() < deadline) {
    int answered = master_.inventories;
    master_.send(message);
    ASSERT_TRUE(master_.wait([&] { return master_.inventories > answered; }));
    reported = master_.wait([&] { return true; }) && master_.reports.size() >= reports + 3;
  }
  EXPECT_TRUE(reported);
}

TEST_F(InventoryLinkTest, ABreakBeforeThePagesBeginsAnew) {
  master_.set_asks(false);
  put(1);
  join();
  ASSERT_TRUE(master_.wait([&] { return !master_.ranges.empty(); }));
  master_.set_asks(true);
  master_.drop();
  ASSERT_TRUE(master_.wait([&] { return master_.inventories == 1; }));
  EXPECT_EQ(master_.hellos.size(), 2U);
  EXPECT_EQ(master_.ranges.size(), 1U);
  EXPECT_EQ(master_.inventory.size(), 1U);
}

TEST_F(InventoryLinkTest, AMasterThatAsksForNothingIsLeft) {
  join();
  ASSERT_TRUE(master_.wait([&] { return master_.inventories == 1; }));
  v1::MasterMessage message;
  message.mutable_inventory()->add_spans();
  master_.send(message);
  EXPECT_TRUE(master_.wait([&] { return master_.hellos.size() == 2; }));
}

}  // namespace
}  // namespace fsdfs::node
