// Small copies that wait for the same source travel in one stream, and end each by itself.
#include <gtest/gtest.h>

#include "tests/unit/node/transfer/pull_fixture.h"

namespace fsdfs::node {
namespace {

constexpr uint64_t kOrders = 30;

class PullTogetherTest : public PullTest {
 protected:
  void SetUp() override { make(std::chrono::seconds(60), 1); }
  static std::string text(uint64_t inode) { return content_of(100 + inode, inode); }
  static FakeSource::Behaviour all() {
    FakeSource::Behaviour behaviour;
    for (uint64_t inode = 1; inode <= kOrders; ++inode) behaviour.contents[inode] = text(inode);
    return behaviour;
  }
  // Orders 1 to kOrders, which wait together because another one has the only slot meanwhile.
  void submit_together(const std::vector<CopySource>& sources) {
    FakeSource busy("x", {.hang_early = true});
    puller_->submit(order(99, replica(99), "x", {busy.where()}));
    ASSERT_TRUE(eventually([&] { return busy.streams() == 1; }));
    for (uint64_t inode = 1; inode <= kOrders; ++inode) {
      puller_->submit(order(inode, replica(inode), text(inode), sources));
    }
    EXPECT_EQ(puller_->in_flight(), kOrders + 1);
    busy.let_go();
    ASSERT_TRUE(eventually([&] { return store_->find(replica(99)).value().has_value(); }));
  }
  bool quiet() {
    return eventually([&] { return puller_->in_flight() == 0; });
  }
  // All but those, to the byte.
  void expect_all_but(const std::set<uint64_t>& missing) {
    uint64_t bytes = 1;  // of 99
    for (uint64_t inode = 1; inode <= kOrders; ++inode) {
      auto got = read(replica(inode));
      EXPECT_EQ(got.ok(), !missing.contains(inode)) << inode;
      if (!got.ok()) continue;
      EXPECT_EQ(*got, text(inode));
      bytes += got->size();
    }
    EXPECT_TRUE(eventually([&] { return used() == bytes; }));
    EXPECT_TRUE(files_below(layout().stage()).empty());
  }
};

TEST_F(PullTogetherTest, ManyOrdersFewStreams) {
  FakeSource source("", all());
  submit_together({source.where()});
  ASSERT_TRUE(quiet());
  expect_all_but({});
  EXPECT_EQ(source.asked().size(), kOrders);
  EXPECT_LT(source.streams(), kOrders / 2);
  EXPECT_EQ(failures(), 0U);
}

TEST_F(PullTogetherTest, AStreamTakesNoMoreThanItsShare) {
  sizes_.orders_in_stream = 3;
  make(std::chrono::seconds(60), 1);
  FakeSource source("", all());
  submit_together({source.where()});
  ASSERT_TRUE(quiet());
  expect_all_but({});
  EXPECT_GE(source.streams(), kOrders / 3);
  EXPECT_LT(source.streams(), kOrders);
}

TEST_F(PullTogetherTest, OneThatFailsHarmsNoOther) {
  FakeSource::Behaviour behaviour = all();
  behaviour.lacks = {5};
  behaviour.contents[7] = text(8);
  FakeSource source("", behaviour);
  submit_together({source.where()});
  ASSERT_TRUE(quiet());
  expect_all_but({5, 7});
  std::set<OrderId> failed;
  for (int i = 0; i < 2; ++i) {
    OrderFailure told = failure();
    EXPECT_EQ(told.failed_source, source.where().node);
    failed.insert(told.order);
  }
  EXPECT_EQ(failed, (std::set<OrderId>{OrderId{5}, OrderId{7}}));
  EXPECT_EQ(failures(), 0U);
}

TEST_F(PullTogetherTest, WhatOneSourceLacksTheNextOneGives) {
  FakeSource::Behaviour behaviour = all();
  behaviour.lacks = {5, 6, 20};
  FakeSource source("", behaviour);
  FakeSource other("", all());
  submit_together({source.where(), other.where()});
  ASSERT_TRUE(quiet());
  expect_all_but({});
  EXPECT_EQ(other.asked().size(), 3U);
  EXPECT_EQ(failures(), 0U);
}

TEST_F(PullTogetherTest, ASourceThatVanishesInTheMiddle) {
  FakeSource::Behaviour behaviour = all();
  behaviour.die_at = 0;  // before the first byte of content
  FakeSource vanishes("", behaviour);
  FakeSource other("", all());
  submit_together({vanishes.where(), other.where()});
  ASSERT_TRUE(quiet());
  expect_all_but({});
  EXPECT_EQ(failures(), 0U);
}

TEST_F(PullTogetherTest, ACancelIsOfOneOnly) {
  FakeSource::Behaviour behaviour = all();
  behaviour.hang = true;
  FakeSource source("", behaviour);
  submit_together({source.where()});
  ASSERT_TRUE(eventually([&] { return source.streams() == 1; }));
  std::vector<uint64_t> on_their_way;
  for (const auto& each : source.asked()) on_their_way.push_back(each.inode);
  ASSERT_GE(on_their_way.size(), 2U);
  uint64_t running = on_their_way.back(), waiting = kOrders;
  puller_->cancel(Epoch{1}, OrderId{running});
  puller_->cancel(replica(waiting));
  source.behave(all());
  ASSERT_TRUE(quiet());
  EXPECT_EQ(failure().order, OrderId{waiting});  // a deletion is told, the master's own cancel is not
  expect_all_but({running, waiting});
  EXPECT_EQ(failures(), 0U);
}

TEST_F(PullTogetherTest, WhenAllAreCancelledTheStreamEnds) {
  FakeSource::Behaviour behaviour = all();
  behaviour.hang = true;
  FakeSource source("", behaviour);
  submit_together({source.where()});
  ASSERT_TRUE(eventually([&] { return source.streams() == 1; }));
  for (uint64_t inode = 1; inode <= kOrders; ++inode) puller_->cancel(Epoch{1}, OrderId{inode});
  EXPECT_TRUE(eventually([&] { return used() == 1; }));  // though the source still hangs
  EXPECT_TRUE(files_below(layout().stage()).empty());
  EXPECT_EQ(failures(), 0U);
}

TEST_F(PullTogetherTest, WhatDoesNotFitFailsAlone) {
  std::string big = content_of(sizes_.together_max, 3);
  put(replica(200), content_of(kQuota - 8000, 1));
  FakeSource::Behaviour behaviour = all();
  behaviour.contents[15] = big;
  FakeSource source("", behaviour);
  FakeSource busy("x", {.hang_early = true});
  puller_->submit(order(99, replica(99), "x", {busy.where()}));
  ASSERT_TRUE(eventually([&] { return busy.streams() == 1; }));
  for (uint64_t inode = 11; inode <= 20; ++inode) {
    puller_->submit(order(inode, replica(inode), inode == 15 ? big : text(inode), {source.where()}));
  }
  busy.let_go();
  OrderFailure told = failure();
  EXPECT_EQ(told.order, OrderId{15});
  EXPECT_EQ(told.status.reason(), Reason::kNoSpace);
  EXPECT_TRUE(told.failed_source.none());
  ASSERT_TRUE(quiet());
  EXPECT_EQ(held().size(), 11U);
  EXPECT_EQ(failures(), 0U);
}

}  // namespace
}  // namespace fsdfs::node
