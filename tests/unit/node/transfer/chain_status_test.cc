#include "node/transfer/chain_status.h"

#include <gtest/gtest.h>

#include "tests/unit/node/store_fixture.h"

namespace fsdfs::node {
namespace {

TEST(ChainStatusTest, TheBlameIsReadBackAndNotPassedOnTwice) {
  auto first = random_id<NodeId>();
  auto second = random_id<NodeId>();
  Status status = blame(first, data_loss("bad disk"));
  EXPECT_EQ(status.code(), Code::kUnavailable);
  EXPECT_EQ(status.reason(), Reason::kNone);
  EXPECT_EQ(blamed(status), first);
  EXPECT_EQ(blame(second, status), status);
}

TEST(ChainStatusTest, WhatIsNoFaultOfAMemberPassesUnchanged) {
  auto member = random_id<NodeId>();
  for (const Status& status :
       {Status(), no_space("full"), permission_denied("no"), invalid_argument("what"),
        aborted("late", Reason::kSessionLost), failed_precondition("old", Reason::kStaleEpoch)}) {
    EXPECT_EQ(blame(member, status), status);
  }
}

TEST(ChainStatusTest, OtherMessagesNameNobody) {
  std::string id = to_string(random_id<NodeId>());
  for (const Status& status : {unavailable("node failed: x"), unavailable("node " + id), unavailable(""),
                               unavailable("node " + std::string(36, 'x') + " failed: y"),
                               internal_error("node " + id + " failed: x")}) {
    EXPECT_FALSE(blamed(status)) << status.message();
  }
}

}  // namespace
}  // namespace fsdfs::node
