#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <iostream>
#include <thread>

#include "master/control/event_log.h"
#include "master/control/event_text.h"

namespace fsdfs::master {
namespace {

using ::testing::HasSubstr;

constexpr Epoch kEpoch{7};

class EventLogTest : public ::testing::Test {
 protected:
  static uint64_t sequence(uint64_t number) { return compose_with_epoch(kEpoch, number); }
  static void add(EventLog& log, int count) {
    for (int i = 0; i < count; ++i) log.add({.kind = EventKind::kWarning});
  }

  ManualClock clock_;
};

TEST_F(EventLogTest, NumbersAndStampsWhatIsAdded) {
  EventLog log(clock_, kEpoch, 10);
  log.add({.kind = EventKind::kNodeUp});
  clock_.advance(std::chrono::seconds(3));
  log.add({.kind = EventKind::kNodeDead});
  auto page = log.after(0, 100);
  ASSERT_EQ(page.events.size(), 2U);
  EXPECT_EQ(page.missed, 0U);
  EXPECT_EQ(page.events[0].kind, EventKind::kNodeUp);
  EXPECT_EQ(page.events[0].sequence, sequence(1));
  EXPECT_EQ(page.events[1].sequence, sequence(2));
  EXPECT_EQ(page.events[1].time - page.events[0].time, std::chrono::seconds(3));
}

TEST_F(EventLogTest, GivesPagesFromWhereOneWas) {
  EventLog log(clock_, kEpoch, 10);
  add(log, 7);
  auto page = log.after(sequence(2), 3);
  ASSERT_EQ(page.events.size(), 3U);
  EXPECT_EQ(page.events.front().sequence, sequence(3));
  EXPECT_EQ(log.after(page.events.back().sequence, 100).events.size(), 2U);
  EXPECT_TRUE(log.after(sequence(7), 100).events.empty());
  EXPECT_TRUE(log.after(sequence(999), 100).events.empty());
}

TEST_F(EventLogTest, KeepsTheLastOnesAndSaysHowManyWereMissed) {
  EventLog log(clock_, kEpoch, 10);
  add(log, 25);
  auto page = log.after(sequence(4), 100);
  ASSERT_EQ(page.events.size(), 10U);
  EXPECT_EQ(page.events.front().sequence, sequence(16));
  EXPECT_EQ(page.events.back().sequence, sequence(25));
  EXPECT_EQ(page.missed, 11U);
  EXPECT_EQ(log.before_last(3), sequence(22));
  EXPECT_EQ(log.before_last(1000), sequence(15));
  EXPECT_EQ(log.after(log.before_last(1000), 100).missed, 0U);
}

TEST_F(EventLogTest, AllOfALaterMastersEventsAreNew) {
  EventLog log(clock_, kEpoch, 10);
  add(log, 3);
  auto page = log.after(compose_with_epoch(Epoch{6}, 123'456), 100);
  EXPECT_EQ(page.events.size(), 3U);
  EXPECT_EQ(page.missed, 0U);
}

TEST_F(EventLogTest, TellsTheListenerOnceAFlushAndOnlyOfNews) {
  EventLog log(clock_, kEpoch, 10);
  int told = 0;
  log.set_listener([&told] { ++told; });
  log.flush();
  EXPECT_EQ(told, 0);
  add(log, 5);
  EXPECT_EQ(told, 0) << "not by each event";
  log.flush();
  log.flush();
  EXPECT_EQ(told, 1);
}

TEST_F(EventLogTest, ManyMayAddWhileOthersRead) {
  EventLog log(clock_, kEpoch, 1000);
  std::vector<std::thread> writers;
  for (int i = 0; i < 4; ++i) {
    writers.emplace_back([&log] { add(log, 5000); });
  }
  uint64_t seen = 0, events = 0, missed = 0;
  while (events + missed < 20'000) {
    auto page = log.after(seen, 100);
    missed += page.missed;
    for (const Event& event : page.events) {
      EXPECT_GT(event.sequence, seen);
      seen = event.sequence;
      ++events;
    }
  }
  for (auto& writer : writers) writer.join();
  EXPECT_EQ(events + missed, 20'000U);
}

// What the control loop pays; printed, and no threshold.
TEST_F(EventLogTest, AddingIsMeasured) {
  SystemClock clock;
  EventLog log(clock, kEpoch);
  CopyOrder order;
  order.sources = {NodeId{}, NodeId{}};
  const Order copy = order;
  constexpr int kCount = 300'000;
  auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < kCount; ++i) log.add(event_of(copy));
  auto took = std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start);
  std::cout << "[ MEASURED ] adding an order: " << took.count() / kCount << " ns, " << sizeof(Event)
            << " bytes\n";
  EXPECT_EQ(log.after(log.before_last(1), 10).events.size(), 1U);
}

class EventTextTest : public ::testing::Test {
 protected:
  EventTextTest() { node_.bytes[0] = 9; }

  NodeId node_;
  const ReplicaId replica_{InodeId{12}, {Epoch{1}, 7}};
  const EventNames names_{"/a b.mp3", "10.0.0.7:4242"};
};

TEST_F(EventTextTest, OrdersComeBackAsTheyWere) {
  CopyOrder copy;
  copy.replica = replica_;
  copy.target = node_;
  copy.size = 10;
  copy.cause = CopyCause::kEndangered;
  copy.surplus = -2;
  EXPECT_EQ(std::get<CopyOrder>(order_of(event_of(copy))), copy);
  for (DeleteCause cause : {DeleteCause::kRoomForFile, DeleteCause::kReserve, DeleteCause::kOldVersion}) {
    DeleteOrder deletion;
    deletion.replica = replica_;
    deletion.node = node_;
    deletion.cause = cause;
    deletion.surplus = 1.5;
    deletion.repeated = true;
    if (cause == DeleteCause::kRoomForFile) {
      deletion.for_inode = InodeId{99};
      deletion.by_way_of = InodeId{98};
    }
    EXPECT_EQ(describe(order_of(event_of(deletion))), describe(deletion));
  }
  DeleteOrder for_session;
  for_session.cause = DeleteCause::kRoomForSession;
  for_session.for_session = SessionId{55};
  EXPECT_THAT(cause_of(event_of(for_session)), HasSubstr("session 55"));
  CancelOrder cancel;
  cancel.replica = replica_;
  cancel.target = node_;
  cancel.cause = CancelCause::kTooSlow;
  EXPECT_EQ(describe(order_of(event_of(cancel))), describe(cancel));
}

TEST_F(EventTextTest, NamesFileNodeAndReason) {
  CopyOrder copy;
  copy.replica = replica_;
  copy.target = node_;
  copy.cause = CopyCause::kEndangered;
  copy.surplus = -2;
  EXPECT_EQ(text_of(event_of(copy), names_), "copy /a b.mp3 to 10.0.0.7:4242: one live copy (K-N = -2)");
  EXPECT_EQ(text_of(event_of(copy), {}), "copy 12@1.7 to " + to_string(node_) + ": one live copy (K-N = -2)");
  Event copied{.kind = EventKind::kCopied,
               .node = node_,
               .replica = replica_,
               .size = 3 << 20,
               .took = std::chrono::milliseconds(1500)};
  EXPECT_EQ(text_of(copied, names_), "copied /a b.mp3 to 10.0.0.7:4242: 3 MiB in 1.5 s");
  EXPECT_EQ(text_of({.kind = EventKind::kNodeSilent, .node = node_}, names_), "node 10.0.0.7:4242 is silent");
  EXPECT_EQ(text_of({.kind = EventKind::kNodeAdmin,
                     .cause = static_cast<uint8_t>(AdminState::kDraining),
                     .node = node_},
                    names_),
            "node 10.0.0.7:4242 was set: draining");
}

TEST_F(EventTextTest, IsPrintableWhateverTheNameIs) {
  std::string text = text_of({.kind = EventKind::kDeleted, .node = node_, .replica = replica_},
                             {"/evil\n\x1b[2J\xff", "10.0.0.7:4242"});
  EXPECT_EQ(text.find('\n'), std::string::npos);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find('\xff'), std::string::npos);
}

TEST_F(EventTextTest, EveryKindHasItsOwnNameAndText) {
  std::map<std::string, int> names;
  for (int kind = 0; kind <= static_cast<int>(EventKind::kWarning); ++kind) {
    Event event{.kind = static_cast<EventKind>(kind), .node = node_, .replica = replica_};
    ++names[std::string(kind_name(event.kind))];
    std::string text = text_of(event, names_);
    EXPECT_FALSE(text.empty());
    EXPECT_EQ(text.find('{'), std::string::npos) << text;
  }
  EXPECT_EQ(names.size(), static_cast<size_t>(EventKind::kWarning) + 1);
}

}  // namespace
}  // namespace fsdfs::master
