#include "client/retry_plan.h"

#include <gtest/gtest.h>

#include "client/content_source.h"

namespace fsdfs::client {
namespace {

using std::chrono::seconds;

NodeAddress node(uint8_t number) {
  NodeAddress made;
  made.node.bytes[15] = number;
  made.address = "node" + std::to_string(number) + ":4242";
  return made;
}

class OnceSource final : public ContentSource {
 public:
  Result<size_t> read(std::span<std::byte>) override { return size_t{0}; }
  bool rewind() override { return false; }
  std::optional<uint64_t> size() const override { return std::nullopt; }
};

class RetryPlanTest : public ::testing::Test {
 protected:
  ManualClock clock_;
  RetryPlan plan_{clock_, seconds(30)};
  MemorySource source_{"content"};
  const std::vector<NodeAddress> chain_ = {node(1), node(2), node(3)};
};

TEST_F(RetryPlanTest, BlamesTheHeadWhenTheChainNamesNobody) {
  plan_.chain_failed(chain_, unavailable("connection refused"));
  EXPECT_EQ(plan_.avoid(), std::vector<NodeId>{node(1).node});
  EXPECT_TRUE(plan_.next_try(unavailable("connection refused"), source_).ok());
}

TEST_F(RetryPlanTest, BlamesTheMemberThatTheChainNames) {
  plan_.chain_failed(chain_, unavailable("node " + to_string(node(3).node) + " failed: disk"));
  plan_.chain_failed(chain_, unavailable("cannot reach node2:4242"));
  EXPECT_EQ(plan_.avoid(), (std::vector<NodeId>{node(3).node, node(2).node}));
}

TEST_F(RetryPlanTest, GivesUpAtOnceWhereNoOtherTryHelps) {
  for (const Status& status : {no_space("full"), not_found("no such directory"), permission_denied("no"),
                               already_exists("taken"), deadline_exceeded("master")}) {
    auto next = plan_.next_try(status, source_);
    ASSERT_FALSE(next.ok());
    EXPECT_EQ(next.status(), status);
  }
}

TEST_F(RetryPlanTest, GivesUpOnASourceThatCannotBeRead) {
  auto status = plan_.source_failed(unavailable("the source"));
  EXPECT_FALSE(plan_.next_try(status, source_).ok());
}

TEST_F(RetryPlanTest, TriesAgainWithAllNodesWhenThereIsNoRoomWithoutTheAvoided) {
  plan_.chain_failed(chain_, unavailable("x"));
  ASSERT_TRUE(plan_.next_try(unavailable("x"), source_).ok());
  ASSERT_TRUE(plan_.next_try(no_space("full"), source_).ok());
  EXPECT_TRUE(plan_.avoid().empty());
  EXPECT_FALSE(plan_.next_try(no_space("full"), source_).ok());
}

TEST_F(RetryPlanTest, CountsTheTimeFromTheLastProgress) {
  clock_.advance(seconds(29));
  EXPECT_TRUE(plan_.next_try(aborted("lost", Reason::kSessionLost), source_).ok());
  plan_.progressed();
  clock_.advance(seconds(29));
  EXPECT_TRUE(plan_.next_try(aborted("lost", Reason::kSessionLost), source_).ok());
  clock_.advance(seconds(1));
  EXPECT_FALSE(plan_.next_try(aborted("lost", Reason::kSessionLost), source_).ok());
}

TEST_F(RetryPlanTest, SaysThatAPipeCannotBeReadAgain) {
  OnceSource once;
  plan_.chain_failed(chain_, unavailable("x"));
  auto next = plan_.next_try(unavailable("x"), once);
  ASSERT_FALSE(next.ok());
  EXPECT_NE(next.status().message().find("cannot be read again"), std::string::npos);
}

TEST_F(RetryPlanTest, TriesTheFirstTimeAtOnceAndThenWaitsLongerUpToASecond) {
  Duration last{};
  for (int i = 0; i < 10; ++i) {
    auto next = plan_.next_try(aborted("lost"), source_);
    ASSERT_TRUE(next.ok());
    EXPECT_EQ(*next == Duration::zero(), i == 0);
    EXPECT_GE(*next, last);
    last = *next;
  }
  EXPECT_EQ(last, seconds(1));
}

}  // namespace
}  // namespace fsdfs::client
