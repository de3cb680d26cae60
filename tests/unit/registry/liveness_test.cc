#include "master/registry/liveness.h"

#include <gtest/gtest.h>

namespace fsdfs::master {
namespace {

using namespace std::chrono_literals;

class LivenessTest : public ::testing::Test {
 protected:
  static NodeId node(uint8_t number) {
    NodeId id;
    id.bytes[15] = number;
    return id;
  }
  bool says_hello(NodeId id, uint64_t incarnation, const char* process = "a:1") {
    return tracker.hello(id, Incarnation{incarnation}, process, now).ok();
  }
  // Every change up to `until`, in steps of 100 ms.
  std::vector<LivenessTracker::Change> pass(Duration by) {
    std::vector<LivenessTracker::Change> all;
    for (MonotonicTime end = now + by; now < end;) {
      now += 100ms;
      for (const auto& change : tracker.advance(now)) all.push_back(change);
    }
    return all;
  }

  LivenessTracker tracker{LivenessSettings{2s, 3, 10s}};
  MonotonicTime now{1h};
};

TEST_F(LivenessTest, BecomesSilentAfterMissedReportsAndDeadAfterDeadAfter) {
  ASSERT_TRUE(says_hello(node(1), 1));
  EXPECT_EQ(tracker.liveness(node(1)), Liveness::kUp);
  EXPECT_TRUE(pass(5900ms).empty());
  EXPECT_EQ(pass(100ms), (std::vector<LivenessTracker::Change>{{node(1), Liveness::kUp, Liveness::kSilent}}));
  EXPECT_TRUE(pass(3900ms).empty());
  EXPECT_EQ(pass(100ms),
            (std::vector<LivenessTracker::Change>{{node(1), Liveness::kSilent, Liveness::kDead}}));
  EXPECT_TRUE(pass(1h).empty());
}

TEST_F(LivenessTest, DeadAfterNeverComesBeforeSilence) {
  tracker.set_settings({2s, 3, 0s});
  ASSERT_TRUE(says_hello(node(1), 1));
  EXPECT_TRUE(pass(5900ms).empty());
  EXPECT_EQ(pass(100ms), (std::vector<LivenessTracker::Change>{{node(1), Liveness::kUp, Liveness::kDead}}));
}

TEST_F(LivenessTest, ReportsKeepItUpAndBringItBack) {
  ASSERT_TRUE(says_hello(node(1), 1));
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(pass(2s).empty());
    Result<bool> changed = tracker.heard(node(1), Incarnation{1}, now);
    ASSERT_TRUE(changed.ok());
    EXPECT_FALSE(*changed);
  }
  EXPECT_EQ(pass(7s).size(), 1U);
  EXPECT_TRUE(*tracker.heard(node(1), Incarnation{1}, now));
  EXPECT_EQ(tracker.liveness(node(1)), Liveness::kUp);
  EXPECT_EQ(pass(1h).size(), 2U);
  EXPECT_TRUE(*tracker.heard(node(1), Incarnation{1}, now)) << "back from the dead";
  EXPECT_EQ(tracker.liveness(node(1)), Liveness::kUp);
}

TEST_F(LivenessTest, AnExpectedNodeIsSilentFromTheStartAndDiesOnTime) {
  tracker.expect(node(1), Incarnation{4}, now);
  EXPECT_EQ(tracker.liveness(node(1)), Liveness::kSilent);
  EXPECT_FALSE(tracker.last_heard(node(1)).has_value());
  EXPECT_TRUE(pass(9900ms).empty());
  EXPECT_EQ(pass(100ms),
            (std::vector<LivenessTracker::Change>{{node(1), Liveness::kSilent, Liveness::kDead}}));
}

TEST_F(LivenessTest, ReportWithoutHelloIsRefused) {
  EXPECT_EQ(tracker.heard(node(1), Incarnation{1}, now).status().code(), Code::kNotFound);
  tracker.expect(node(1), Incarnation{1}, now);
  EXPECT_EQ(tracker.heard(node(1), Incarnation{1}, now).status().code(), Code::kNotFound);
  EXPECT_EQ(tracker.hello(node(1), Incarnation{0}, "a:1", now).status().code(), Code::kInvalidArgument);
}

TEST_F(LivenessTest, OlderIncarnationsAreRefused) {
  tracker.expect(node(1), Incarnation{4}, now);
  EXPECT_EQ(tracker.hello(node(1), Incarnation{3}, "a:1", now).status().reason(), Reason::kStaleIncarnation);
  auto greeting = tracker.hello(node(1), Incarnation{5}, "a:1", now);
  ASSERT_TRUE(greeting.ok());
  EXPECT_TRUE(greeting->restarted);
  EXPECT_TRUE(greeting->changed);
  EXPECT_EQ(tracker.heard(node(1), Incarnation{4}, now).status().reason(), Reason::kStaleIncarnation);
  EXPECT_EQ(tracker.stale_messages(node(1)), 1U);
}

TEST_F(LivenessTest, AStaleReportDoesNotKeepItUp) {
  ASSERT_TRUE(says_hello(node(1), 2));
  EXPECT_TRUE(pass(5s).empty());
  EXPECT_FALSE(tracker.heard(node(1), Incarnation{1}, now).ok());
  EXPECT_EQ(pass(1s).size(), 1U);
}

TEST_F(LivenessTest, ReconnectOfTheSameProcessIsNoRestart) {
  ASSERT_TRUE(says_hello(node(1), 2));
  auto again = tracker.hello(node(1), Incarnation{2}, "a:1", now);
  ASSERT_TRUE(again.ok());
  EXPECT_FALSE(again->restarted);
  EXPECT_FALSE(again->changed);
}

TEST_F(LivenessTest, ACopiedDataDirectoryIsRefused) {
  ASSERT_TRUE(says_hello(node(1), 2, "a:1"));
  auto copy = tracker.hello(node(1), Incarnation{2}, "b:1", now);
  ASSERT_FALSE(copy.ok());
  EXPECT_EQ(copy.status().reason(), Reason::kWrongIdentity);
  EXPECT_NE(copy.status().message().find("a:1"), std::string::npos);
  // Even when the first is dead by now: the same start cannot have moved.
  (void)pass(1h);
  EXPECT_FALSE(says_hello(node(1), 2, "b:1"));
  EXPECT_TRUE(says_hello(node(1), 2, "a:1"));
}

TEST_F(LivenessTest, ARestartElsewhereIsAccepted) {
  ASSERT_TRUE(says_hello(node(1), 2, "a:1"));
  EXPECT_TRUE(says_hello(node(1), 3, "b:1"));
}

TEST_F(LivenessTest, NextChangeIsTheEarliestTransition) {
  EXPECT_FALSE(tracker.next_change().has_value());
  ASSERT_TRUE(says_hello(node(1), 1));
  now += 1s;
  ASSERT_TRUE(says_hello(node(2), 1));
  EXPECT_EQ(tracker.next_change(), now + 5s);
  (void)pass(5s);
  EXPECT_EQ(tracker.next_change(), now + 1s);
  (void)pass(1h);
  EXPECT_FALSE(tracker.next_change().has_value());
}

TEST_F(LivenessTest, ForgottenNodesAreDead) {
  ASSERT_TRUE(says_hello(node(1), 1));
  tracker.forget(node(1));
  EXPECT_EQ(tracker.liveness(node(1)), Liveness::kDead);
  EXPECT_TRUE(pass(1h).empty());
}

TEST(LivenessSettings, NonsenseIsRefusedByName) {
  EXPECT_TRUE(check_liveness_settings({}).ok());
  EXPECT_NE(check_liveness_settings({0s, 3, 60s}).message().find("node.report_interval"), std::string::npos);
  EXPECT_NE(check_liveness_settings({5s, 0, 60s}).message().find("node.missed_reports"), std::string::npos);
  EXPECT_NE(check_liveness_settings({5s, 3, -1s}).message().find("node.dead_after"), std::string::npos);
}

}  // namespace
}  // namespace fsdfs::master
