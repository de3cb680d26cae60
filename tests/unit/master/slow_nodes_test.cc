#include "master/control/slow_nodes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fsdfs::master {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

NodeId slow_test_node(int number) {
  NodeId id;
  id.bytes[0] = static_cast<uint8_t>(number);
  return id;
}

class SlowNodesTest : public ::testing::Test {
 protected:
  // Every node reports; then they are looked at.
  std::vector<NodeId> reports(std::initializer_list<double> disk_ms) {
    now_ += 5s;
    int node = 0;
    for (double ms : disk_ms) nodes_.note(slow_test_node(++node), ms, now_);
    return nodes_.advance(now_);
  }

  SlowNodes nodes_;
  MonotonicTime now_{1h};
};

TEST_F(SlowNodesTest, TenTimesTheOthersIsSlow) {
  EXPECT_THAT(reports({4, 5, 6, 49}), IsEmpty());
  EXPECT_THAT(reports({4, 5, 6, 200}), ElementsAre(slow_test_node(4)));
  EXPECT_TRUE(nodes_.slow(slow_test_node(4)));
  EXPECT_FALSE(nodes_.slow(slow_test_node(3)));
  EXPECT_THAT(reports({4, 5, 6, 200}), IsEmpty()) << "it still is";
}

TEST_F(SlowNodesTest, OneBadReportAmongGoodOnesIsNot) {
  reports({5, 5, 5, 5});
  EXPECT_THAT(reports({5, 5, 5, 150}), IsEmpty());
  EXPECT_THAT(reports({5, 5, 5, 5}), IsEmpty());
}

TEST_F(SlowNodesTest, WhatIsFastIsNeverSlowHoweverFastTheOthersAre) {
  EXPECT_THAT(reports({0.1, 0.1, 0.1, 19}), IsEmpty());
}

TEST_F(SlowNodesTest, AllSlowAreNotSlow) {
  EXPECT_THAT(reports({300, 400, 350, 500}), IsEmpty());
}

TEST_F(SlowNodesTest, ANodeAloneIsNotSlow) {
  EXPECT_THAT(reports({5000}), IsEmpty());
  EXPECT_THAT(reports({5000, 1}), ElementsAre(slow_test_node(1)));
}

TEST_F(SlowNodesTest, ItIsTriedAgainAfterAWhileAndCanRecover) {
  ASSERT_THAT(reports({5, 5, 5, 410}), ElementsAre(slow_test_node(4)));
  int quiet = 0;
  while (nodes_.slow(slow_test_node(4)) && quiet < 100) {
    reports({5, 5, 5, 0});
    ++quiet;
  }
  // 410 ms fall below 25 ms in four half-lives.
  EXPECT_EQ(quiet, 25);
  reports({5, 5, 5, 5});
  EXPECT_FALSE(nodes_.slow(slow_test_node(4)));
}

TEST_F(SlowNodesTest, AForgottenNodeCountsForNothing) {
  reports({5, 5, 5, 400});
  nodes_.forget(slow_test_node(4));
  EXPECT_FALSE(nodes_.slow(slow_test_node(4)));
}

}  // namespace
}  // namespace fsdfs::master
