// What the wire may bring as a part of an inventory, and what not.
#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "master/service/convert.h"

namespace fsdfs::master {
namespace {

ReplicaId id(uint64_t inode) {
  return {InodeId{inode}, {Epoch{1}, 1}};
}

v1::InventoryRanges ranges(const std::vector<uint64_t>& lasts, uint32_t count = 1) {
  v1::InventoryRanges message;
  for (uint64_t last : lasts) {
    v1::InventoryRange& range = *message.add_ranges();
    *range.mutable_last() = to_proto(id(last));
    range.set_count(count);
    range.set_digest(last * 7);
  }
  return message;
}

v1::InventoryPage page(const std::vector<uint64_t>& held, uint64_t after, uint64_t last) {
  v1::InventoryPage message;
  *message.mutable_span()->mutable_after() = to_proto(id(after));
  *message.mutable_span()->mutable_last() = to_proto(id(last));
  for (uint64_t inode : held) {
    v1::HeldReplica& replica = *message.add_held();
    *replica.mutable_replica() = to_proto(id(inode));
    *replica.mutable_content() = to_proto(Content{});
    replica.set_state(v1::REPLICA_STATE_WHOLE);
  }
  return message;
}

TEST(InventoryWire, RangesAscendFromWhereTheyBegin) {
  auto told = from_proto(ranges({3, 5, 9}));
  ASSERT_TRUE(told.ok());
  EXPECT_EQ(told->after, ReplicaId{});
  EXPECT_EQ(told->ranges.at(1), (InventoryRange{id(5), 1, 35}));
  v1::InventoryRanges later = ranges({3, 5});
  *later.mutable_after() = to_proto(id(2));
  EXPECT_EQ(from_proto(later)->after, id(2));
  *later.mutable_after() = to_proto(id(3));
  EXPECT_EQ(from_proto(later).status().code(), Code::kInvalidArgument);
  std::vector<uint64_t> many(64);
  std::iota(many.begin(), many.end(), 1);
  EXPECT_TRUE(from_proto(ranges(many)).ok());
  many.push_back(65);
  for (const auto& wrong : std::vector<std::vector<uint64_t>>{{}, {3, 3}, {5, 3}, many}) {
    EXPECT_EQ(from_proto(ranges(wrong)).status().code(), Code::kInvalidArgument);
  }
  EXPECT_EQ(from_proto(ranges({3}, 4097)).status().code(), Code::kInvalidArgument);
}

TEST(InventoryWire, APageIsInOrderAndWithinItsSpan) {
  auto told = from_proto(page({2, 5}, 1, 5));
  ASSERT_TRUE(told.ok());
  EXPECT_EQ(told->held.size(), 2U);
  EXPECT_EQ(told->span, (ReplicaSpan{id(1), id(5)}));
  EXPECT_TRUE(from_proto(page({}, 1, 5)).ok());
  EXPECT_EQ(from_proto(page({}, 5, 5)).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(from_proto(page({1}, 1, 5)).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(from_proto(page({3, 2}, 1, 5)).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(from_proto(page({6}, 1, 5)).status().code(), Code::kInvalidArgument);
}

TEST(InventoryWire, SpansGoToTheNode) {
  auto message = to_proto(Epoch{3}, InventoryMessage{{{{}, id(4)}, {id(6), kReplicaIdMax}}}, "swarm");
  ASSERT_EQ(message.inventory().spans_size(), 2);
  EXPECT_FALSE(message.inventory().spans(0).has_after());
  EXPECT_EQ(from_proto(message.inventory().spans(0).last()), id(4));
  EXPECT_EQ(from_proto(message.inventory().spans(1).after()), id(6));
  EXPECT_EQ(from_proto(message.inventory().spans(1).last()), kReplicaIdMax);
}

}  // namespace
}  // namespace fsdfs::master
