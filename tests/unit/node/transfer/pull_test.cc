// Copies pulled from real nodes, and from sources that die, hang or lie.
#include <gtest/gtest.h>

#include "tests/unit/node/transfer/pull_fixture.h"

namespace fsdfs::node {
namespace {

TEST_F(PullTest, ACopyOfARealNodesReplicaIsTheSame) {
  TestNode source;
  Member client{std::string(kClientName)};
  uint64_t number = 0;
  for (size_t size : {size_t{0}, size_t{1}, kBlockSize, size_t{3 << 20} + 5}) {
    ReplicaId id = replica(++number);
    std::string bytes = content_of(size, number);
    ASSERT_TRUE(ok(write_all(client, {source.where()}, id, bytes)));
    puller_->submit(order(number, id, bytes, {{source.id(), source.address()}}));
    ASSERT_TRUE(arrives(id)) << size;
    EXPECT_EQ(read(id).value(), bytes);
  }
  EXPECT_EQ(failures(), 0U);
  EXPECT_TRUE(disk_.all_synced(layout().replicas()));
}

TEST_F(PullTest, WhereASourceDiesTheNextGoesOn) {
  std::string bytes = content_of(10 * kBlockSize + 3);
  FakeSource dies(bytes, {.die_at = 4 * kBlockSize});
  FakeSource dies_too(bytes, {.die_at = 7 * kBlockSize});
  FakeSource good(bytes, {});
  puller_->submit(order(1, replica(1), bytes, {dies.where(), dies_too.where(), good.where()}));
  ASSERT_TRUE(arrives(replica(1)));
  EXPECT_EQ(read(replica(1)).value(), bytes);
  EXPECT_EQ(dies_too.offsets(), std::vector<uint64_t>{4 * kBlockSize});
  EXPECT_EQ(good.offsets(), std::vector<uint64_t>{7 * kBlockSize});
  EXPECT_EQ(failures(), 0U);
}

TEST_F(PullTest, ASourceThatHangsIsLeft) {
  make(std::chrono::seconds(2), 1);
  std::string bytes = content_of(2 * kBlockSize);
  FakeSource hangs(bytes, {.hang = true});
  FakeSource good(bytes, {});
  puller_->submit(order(1, replica(1), bytes, {hangs.where(), good.where()}));
  ASSERT_TRUE(arrives(replica(1)));
  EXPECT_EQ(read(replica(1)).value(), bytes);
}

TEST_F(PullTest, ASourceThatLiesIsFoundOutAndNamed) {
  std::string bytes = content_of(10 * kBlockSize);
  std::string other = content_of(10 * kBlockSize, 2);
  std::string longer = bytes + "x";
  struct Case {
    const char* what;
    FakeSource::Behaviour behaviour;
    const std::string* serves;
  };
  uint64_t number = 0;
  for (const Case& each : std::vector<Case>{{"a wrong byte", {.wrong_byte = 5 * kBlockSize + 9}, &bytes},
                                            {"another content", {}, &other},
                                            {"a longer one", {}, &longer},
                                            {"the right sums, other bytes", {.describes = bytes}, &other},
                                            {"no sums", {.omit_description = true}, &bytes}}) {
    FakeSource liar(*each.serves, each.behaviour);
    ++number;
    puller_->submit(order(number, replica(number), bytes, {liar.where()}));
    OrderFailure told = failure();
    EXPECT_EQ(told.order, OrderId{number}) << each.what;
    EXPECT_EQ(told.failed_source, liar.where().node) << each.what;
    EXPECT_FALSE(told.status.ok()) << each.what;
    expect_nothing();
    // Beside an honest one it does no harm.
    FakeSource good(bytes, {});
    puller_->submit(order(number + 100, replica(number + 100), bytes, {liar.where(), good.where()}));
    ASSERT_TRUE(arrives(replica(number + 100))) << each.what;
    EXPECT_EQ(read(replica(number + 100)).value(), bytes) << each.what;
    ASSERT_TRUE(ok(store_->remove({replica(number + 100)}).at(0)));
  }
}

TEST_F(PullTest, BytesPastTheEndAreNotTaken) {
  std::string bytes = content_of(2 * kBlockSize);
  FakeSource source(bytes + "and more", {.describes = bytes});
  puller_->submit(order(1, replica(1), bytes, {source.where()}));
  ASSERT_TRUE(arrives(replica(1)));
  EXPECT_EQ(read(replica(1)).value(), bytes);
  EXPECT_EQ(used(), bytes.size());
}

TEST_F(PullTest, TheSameOrderTwiceIsPulledOnce) {
  std::string bytes = content_of(2 * kBlockSize);
  FakeSource source(bytes, {.hang = true});
  puller_->submit(order(1, replica(1), bytes, {source.where()}));
  ASSERT_TRUE(eventually([&] { return source.offsets().size() == 1; }));
  puller_->submit(order(2, replica(1), bytes, {source.where()}));
  EXPECT_EQ(puller_->in_flight(), 1U);
  source.let_go();
  ASSERT_TRUE(arrives(replica(1)));
  EXPECT_EQ(source.offsets().size(), 1U);
  EXPECT_EQ(store_->changes().pending(), 1U);
}

TEST_F(PullTest, WhatIsHeldIsReportedAgain) {
  std::string bytes = content_of(100);
  put(replica(1), bytes);
  puller_->submit(order(1, replica(1), bytes, {{random_id<NodeId>(), "127.0.0.1:1"}}));
  EXPECT_TRUE(eventually([&] { return store_->changes().pending() == 2; }));
  EXPECT_EQ(failures(), 0U);
}

TEST_F(PullTest, ACancelledOrderEndsWithoutAWord) {
  std::string bytes = content_of(2 * kBlockSize);
  FakeSource source(bytes, {.hang = true});
  puller_->submit(order(1, replica(1), bytes, {source.where()}));
  puller_->submit(order(2, replica(1), bytes, {source.where()}));
  ASSERT_TRUE(eventually([&] { return source.offsets().size() == 1; }));
  puller_->cancel(Epoch{1}, OrderId{1});
  puller_->cancel(Epoch{2}, OrderId{2});  // of another master
  EXPECT_EQ(puller_->in_flight(), 1U);    // somebody still wants it
  puller_->cancel(Epoch{1}, OrderId{2});
  expect_nothing();
  EXPECT_EQ(failures(), 0U);
}

TEST_F(PullTest, ADeletionCancelsTheCopy) {
  std::string bytes = content_of(2 * kBlockSize);
  FakeSource source(bytes, {.hang = true});
  puller_->submit(order(1, replica(1), bytes, {source.where()}));
  ASSERT_TRUE(eventually([&] { return source.offsets().size() == 1; }));
  puller_->cancel(replica(1));
  EXPECT_EQ(failure().status.code(), Code::kCancelled);
  expect_nothing();
}

TEST_F(PullTest, NoRoomIsNoFaultOfTheSource) {
  std::string bytes = content_of(kQuota + 1);
  puller_->submit(order(1, replica(1), bytes, {{random_id<NodeId>(), "127.0.0.1:1"}}));
  OrderFailure told = failure();
  EXPECT_EQ(told.status.reason(), Reason::kNoSpace);
  EXPECT_TRUE(told.failed_source.none());
}

TEST_F(PullTest, ATicketIsNeededToPull) {
  TestNode source;
  Member client{std::string(kClientName)};
  std::string bytes = content_of(100);
  ASSERT_TRUE(ok(write_all(client, {source.where()}, replica(1), bytes)));
  CopyOrder wrong = order(1, replica(1), bytes, {{source.id(), source.address()}});
  wrong.ticket = sealed(ticket_for(replica(1), member_.key, static_cast<Rights>(Right::kRead)));
  puller_->submit(wrong);
  EXPECT_EQ(failure().status.code(), Code::kPermissionDenied);
  expect_nothing();
}

TEST_F(PullTest, AStopEndsWhatRunsAndWhatWaits) {
  std::string bytes = content_of(kBlockSize);
  FakeSource source(bytes, {.hang = true});
  for (uint64_t number = 1; number <= 10; ++number) {
    puller_->submit(order(number, replica(number), bytes, {source.where()}));
  }
  ASSERT_TRUE(eventually([&] { return source.streams() == 2; }));
  puller_->stop();
  expect_nothing();
  EXPECT_EQ(source.streams(), 2U);
  EXPECT_EQ(failures(), 0U);
}

TEST_F(PullTest, ManyCopiesShareTheSlots) {
  TestNode source;
  Member client{std::string(kClientName)};
  for (uint64_t number = 1; number <= 50; ++number) {
    std::string bytes = content_of(26, number);
    ASSERT_TRUE(ok(write_all(client, {source.where()}, replica(number), bytes)));
    puller_->submit(order(number, replica(number), bytes, {{source.id(), source.address()}}));
  }
  EXPECT_TRUE(eventually([&] { return puller_->in_flight() == 0; }));
  EXPECT_EQ(held().size(), 50U);
  EXPECT_EQ(failures(), 0U);
}

}  // namespace
}  // namespace fsdfs::node
