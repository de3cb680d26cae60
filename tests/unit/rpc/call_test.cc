#include "common/rpc/call.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace fsdfs {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Sleeping turns the clock.
class FakeSleeper final : public Sleeper {
 public:
  explicit FakeSleeper(ManualClock& clock) : clock_(clock) {}
  bool sleep(Duration time) override {
    slept.push_back(time);
    clock_.advance(time);
    return !interrupted;
  }
  std::vector<Duration> slept;
  bool interrupted = false;

 private:
  ManualClock& clock_;
};

class RetrierTest : public ::testing::Test {
 protected:
  Retrier retrier(RetryOptions options = {}) { return Retrier(clock_, sleeper_, options, 1); }
  ManualClock clock_;
  FakeSleeper sleeper_{clock_};
  MonotonicTime deadline_ = clock_.now() + seconds(30);
};

TEST_F(RetrierTest, TriesUntilItSucceedsWithAFreshContextEachTime) {
  std::vector<const grpc::ClientContext*> contexts;
  std::vector<std::chrono::system_clock::time_point> deadlines;
  Status status = retrier().run(deadline_, [&](grpc::ClientContext& context) {
    deadlines.push_back(context.deadline());
    return deadlines.size() < 4 ? unavailable("away") : Status();
  });
  EXPECT_TRUE(status.ok());
  ASSERT_EQ(deadlines.size(), 4U);
  EXPECT_EQ(sleeper_.slept.size(), 3U);
  // What was slept is gone from what the next try may take (the true clock hardly moves here).
  EXPECT_LT(deadlines[3], deadlines[0]);
  EXPECT_NEAR(std::chrono::duration<double>(deadlines[0] - std::chrono::system_clock::now()).count(), 30, 5);
}

TEST_F(RetrierTest, GivesUpAtTheDeadlineWithTheLastError) {
  int tries = 0;
  Status status = retrier().run(
      deadline_, [&](grpc::ClientContext&) { return unavailable("away " + std::to_string(++tries)); });
  EXPECT_EQ(status, unavailable("away " + std::to_string(tries)));
  EXPECT_GT(tries, 25);
  EXPECT_LE(clock_.now(), deadline_);
}

TEST_F(RetrierTest, PassesOnAtOnceWhatAnotherTryWouldNotChange) {
  for (const Status& outcome : {Status(), permission_denied("no", Reason::kWrongPassword), not_found("x"),
                                aborted("race"), deadline_exceeded("late"), internal_error("bug")}) {
    int tries = 0;
    EXPECT_EQ(retrier().run(deadline_, [&](grpc::ClientContext&) { return ++tries, outcome; }), outcome);
    EXPECT_EQ(tries, 1);
  }
}

TEST_F(RetrierTest, RetriesAbortedOnlyWhenAsked) {
  int tries = 0;
  Status status = retrier({.retry_aborted = true}).run(deadline_, [&](grpc::ClientContext&) {
    return ++tries < 3 ? aborted("race") : Status();
  });
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(tries, 3);
}

TEST_F(RetrierTest, ATryThatRanOutOfItsOwnTimeIsTriedAgain) {
  int tries = 0;
  Status status = retrier({.attempt_max = seconds(10)}).run(deadline_, [&](grpc::ClientContext&) {
    ++tries;
    clock_.advance(seconds(10));
    return deadline_exceeded("slow");
  });
  EXPECT_EQ(tries, 3);
  EXPECT_EQ(status.code(), Code::kDeadlineExceeded);
}

TEST_F(RetrierTest, CarriesResultsAndStopsWhenInterrupted) {
  auto run = [&](const Result<int>& outcome) {
    return retrier().run(deadline_, [&](grpc::ClientContext&) { return outcome; });
  };
  EXPECT_EQ(run(7).value(), 7);
  sleeper_.interrupted = true;
  EXPECT_EQ(run(unavailable("away")).status(), unavailable("away"));
  EXPECT_EQ(sleeper_.slept.size(), 1U);
}

TEST_F(RetrierTest, TriesNothingPastTheDeadline) {
  bool tried = false;
  Status status = retrier().run(clock_.now(), [&](grpc::ClientContext&) { return tried = true, Status(); });
  EXPECT_FALSE(tried);
  EXPECT_EQ(status.code(), Code::kDeadlineExceeded);
}

TEST(BackoffTest, DoublesToItsMaximumWithJitterInTheUpperHalf) {
  Backoff backoff({.backoff_first = milliseconds(100), .backoff_max = milliseconds(1000)}, 42);
  for (int whole : {100, 200, 400, 800, 1000, 1000}) {
    Duration pause = backoff.next();
    EXPECT_LE(pause, milliseconds(whole));
    EXPECT_GE(pause, milliseconds(whole / 2));
  }
}

TEST(BackoffTest, ClientsSpreadOut) {
  RetryOptions options;
  EXPECT_NE(Backoff(options, 1).next(), Backoff(options, 2).next());
}

TEST(SystemSleeperTest, InterruptionEndsASleepAndAllLaterOnes) {
  SystemSleeper sleeper;
  EXPECT_TRUE(sleeper.sleep(milliseconds(1)));
  std::thread waker([&] { sleeper.interrupt(); });
  EXPECT_FALSE(sleeper.sleep(std::chrono::hours(1)));
  waker.join();
  EXPECT_FALSE(sleeper.sleep(std::chrono::hours(1)));
}

}  // namespace
}  // namespace fsdfs
