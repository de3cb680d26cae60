#include "client/event_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "client/swarm_client.h"
#include "tests/unit/client/fake_admin.h"
#include "tests/unit/client/test_credentials.h"

namespace fsdfs::client {
namespace {

using ::testing::ElementsAre;

v1::EventsReply batch(uint64_t epoch, std::initializer_list<uint64_t> numbers) {
  v1::EventsReply reply;
  reply.set_epoch(epoch);
  for (uint64_t number : numbers) {
    reply.add_events()->set_sequence(compose_with_epoch(Epoch{epoch}, number));
    reply.set_position(reply.events().rbegin()->sequence());
  }
  return reply;
}

class EventStreamTest : public ::testing::Test {
 protected:
  EventStreamTest() {
    ClientOptions options;
    options.addresses = {fake_.address()};
    options.credentials = test_credentials();
    options.deadline = options.first_contact = std::chrono::seconds(5);
    client_ = std::move(*SwarmClient::create(options, clock_, logger_));
  }
  // Answers the streams one after the other, and remembers what each asked for.
  void answer(std::vector<std::pair<std::vector<v1::EventsReply>, Status>> streams) {
    FakeAdmin::Script script;
    script.events = [this, streams](const v1::EventsRequest& request,
                                    std::vector<v1::EventsReply>& replies) -> Status {
      std::lock_guard lock(mutex_);
      asked_.push_back(request);
      size_t index = std::min(asked_.size(), streams.size()) - 1;
      replies = streams[index].first;
      return streams[index].second;
    };
    fake_.set(std::move(script));
  }
  Status read(const EventQuery& query, size_t enough = 1000) {
    EventSink sink{[this, enough](const EventBatch& got) {
                     for (const Event& event : got.events) seen_.push_back(event.sequence);
                     return seen_.size() < enough;
                   },
                   [this](const Status&) { ++lost_; }};
    return client_->events(query, sink, stop_);
  }

  SystemClock clock_;
  NullLogger logger_;
  FakeAdmin fake_{test_credentials()};
  std::unique_ptr<SwarmClient> client_;
  StopSignal stop_;
  std::vector<uint64_t> seen_;
  int lost_ = 0;
  std::mutex mutex_;
  std::vector<v1::EventsRequest> asked_;  // guarded by mutex_
};

TEST_F(EventStreamTest, ThePastEndsByItself) {
  answer({{{batch(1, {3, 4}), batch(1, {5})}, {}}});
  EXPECT_TRUE(read({.last = 3}).ok());
  EXPECT_EQ(seen_.size(), 3U);
  ASSERT_EQ(asked_.size(), 1U);
  EXPECT_EQ(asked_[0].last(), 3U);
  EXPECT_FALSE(asked_[0].follow());
  EXPECT_FALSE(asked_[0].has_after());
}

TEST_F(EventStreamTest, FollowingGoesOnWhereItWasAfterABreak) {
  answer({{{batch(1, {1, 2})}, unavailable("the master is shutting down")},
          {{}, unavailable("not yet")},
          {{batch(2, {1, 2, 3})}, unavailable("again")}});
  EXPECT_TRUE(read({.follow = true}, 5).ok());
  EXPECT_THAT(seen_, ElementsAre(compose_with_epoch(Epoch{1}, 1), compose_with_epoch(Epoch{1}, 2),
                                 compose_with_epoch(Epoch{2}, 1), compose_with_epoch(Epoch{2}, 2),
                                 compose_with_epoch(Epoch{2}, 3)));
  ASSERT_EQ(asked_.size(), 3U);
  EXPECT_EQ(asked_[1].after(), compose_with_epoch(Epoch{1}, 2));
  EXPECT_EQ(asked_[2].after(), compose_with_epoch(Epoch{1}, 2));
  EXPECT_EQ(lost_, 1) << "said once a break";
}

TEST_F(EventStreamTest, WhereNothingHasHappenedYetItGoesOnFromThereToo) {
  v1::EventsReply greeting = batch(1, {});
  greeting.set_position(compose_with_epoch(Epoch{1}, 77));
  answer({{{greeting}, unavailable("gone")}, {{batch(2, {1})}, {}}});
  EXPECT_TRUE(read({.last = 0, .follow = true}, 1).ok());
  ASSERT_EQ(asked_.size(), 2U);
  EXPECT_EQ(asked_[1].after(), compose_with_epoch(Epoch{1}, 77)) << "and not from the beginning of time";
}

TEST_F(EventStreamTest, ARefusalEndsIt) {
  answer({{{}, Status(Code::kResourceExhausted, "too many follow")}});
  EXPECT_EQ(read({.follow = true}).code(), Code::kResourceExhausted);
  answer({{{}, permission_denied("not for you")}});
  EXPECT_EQ(read({}).code(), Code::kPermissionDenied);
}

TEST_F(EventStreamTest, StopEndsItAtOnce) {
  answer({{{batch(1, {1})}, unavailable("gone")}, {{}, unavailable("gone")}});
  std::thread stopper([this] {
    while (true) {
      std::lock_guard lock(mutex_);
      if (asked_.size() >= 3) break;
    }
    stop_.request_stop();
  });
  EXPECT_TRUE(read({.follow = true}).ok());
  stopper.join();
}

}  // namespace
}  // namespace fsdfs::client
