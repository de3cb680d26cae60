#include "common/ids.h"

#include <gtest/gtest.h>

#include <set>

namespace fsdfs {
namespace {

TEST(Ids, UuidTextRoundTrips) {
  auto id = random_id<NodeId>();
  auto parsed = parse_id<NodeId>(to_string(id));
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(*parsed, id);
  EXPECT_FALSE(id.none());
}

TEST(Ids, BadTextIsRefusedByName) {
  for (const char* text :
       {"", "123", "zzzzzzzz-0000-0000-0000-000000000000", "00000000-0000-0000-0000-0000000000000"}) {
    auto parsed = parse_id<NodeId>(text);
    ASSERT_FALSE(parsed.ok());
    EXPECT_NE(parsed.status().message().find(text), std::string::npos);
  }
}

TEST(Ids, VersionsOrderByEpochFirst) {
  EXPECT_LT((Version{Epoch{1}, 9}), (Version{Epoch{2}, 1}));
  EXPECT_LT((Version{Epoch{2}, 1}), (Version{Epoch{2}, 2}));
  EXPECT_TRUE(Version{}.none());
}

TEST(Ids, NumbersOfDifferentEpochsNeverMeet) {
  std::set<uint64_t> seen;
  for (uint64_t epoch : {1, 2, 3})
    for (uint64_t counter : {1, 2, (1 << 30)}) seen.insert(compose_with_epoch(Epoch{epoch}, counter));
  EXPECT_EQ(seen.size(), 9U);
}

}  // namespace
}  // namespace fsdfs
