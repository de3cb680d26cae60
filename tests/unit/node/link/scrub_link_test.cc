// What the master hears of the scrubber, and what it is told when it asks what a node holds.
#include <gtest/gtest.h>

#include "tests/unit/node/link/fake_master.h"

namespace fsdfs::node {
namespace {

class ScrubLinkTest : public ::testing::Test {
 protected:
  ScrubLinkTest() {
    settings_.masters = {master_.address()};
    settings_.scrub_rate = 0;
    master_.set_report_interval(20);
  }
  void join() {
    node_ = std::make_unique<TestNode>(settings_);
    (*node_)->start(node_->address());
    ASSERT_TRUE((*node_)->wait_joined(kPatience));
    ASSERT_TRUE(master_.wait([&] { return master_.inventories > 0; }));
  }
  void put(const ReplicaId& id, std::string_view bytes) {
    ASSERT_TRUE(ok(write_all(client_, {node_->where()}, id, bytes)));
  }
  void order_scrub(uint64_t request) {
    v1::MasterMessage message;
    message.mutable_scrub()->set_request(request);
    master_.send(message);
  }
  bool last_report(const std::function<bool(const v1::ScrubProgress&)>& holds) {
    return master_.wait([&] { return !master_.reports.empty() && holds(master_.reports.back().scrub()); });
  }
  v1::AuditPage audit(const v1::AuditOrder& order) {
    v1::MasterMessage message;
    *message.mutable_audit() = order;
    master_.send(message);
    v1::AuditPage page;
    EXPECT_TRUE(master_.wait([&] {
      if (master_.audits.empty() || master_.audits.back().request() != order.request()) return false;
      page = master_.audits.back();
      return true;
    }));
    return page;
  }

  FakeMaster master_;
  NodeSettings settings_ = TestNode::small_settings();
  Member client_{std::string(kClientName)};
  std::unique_ptr<TestNode> node_;
};

TEST_F(ScrubLinkTest, AnOrderedPassIsDoneAndTold) {
  join();
  put(replica(1), content_of(kBlockSize));
  put(replica(2), content_of(kBlockSize, 2));
  flip_bit(node_->layout().data(replica(2)), 7);
  order_scrub(5);
  EXPECT_TRUE(last_report([](const v1::ScrubProgress& scrub) { return scrub.answered() == 5; }));
  EXPECT_TRUE(last_report([](const v1::ScrubProgress& scrub) {
    return scrub.bad() == 1 && scrub.replicas() == 1 && scrub.passes() == 1 && !scrub.running() &&
           scrub.has_finished();
  }));
  std::vector<ReplicaId> verified;
  EXPECT_TRUE(master_.wait([&] {
    verified.clear();
    for (const v1::Report& report : master_.reports) {
      for (const auto& each : report.verified()) verified.push_back(wire::from_wire(each.replica()));
    }
    return !verified.empty();
  }));
  EXPECT_EQ(verified, std::vector<ReplicaId>{replica(1)});
}

TEST_F(ScrubLinkTest, ItIsToldOnceTheMasterKnowsWhatWasFound) {
  join();
  put(replica(1), content_of(kBlockSize));
  master_.set_acknowledge(false);
  flip_bit(node_->layout().data(replica(1)), 7);
  order_scrub(5);
  ASSERT_TRUE(last_report([](const v1::ScrubProgress& scrub) { return scrub.passes() == 1; }));
  EXPECT_TRUE(last_report([](const v1::ScrubProgress& scrub) { return scrub.answered() == 0; }));
  master_.set_acknowledge(true);
  EXPECT_TRUE(last_report([](const v1::ScrubProgress& scrub) { return scrub.answered() == 5; }));
}

TEST_F(ScrubLinkTest, ItSaysWhatItHoldsWhenAsked) {
  join();
  for (uint64_t inode = 1; inode <= 3; ++inode) put(replica(inode), content_of(100, inode));
  v1::AuditOrder all;
  all.set_request(1);
  v1::AuditPage page = audit(all);
  EXPECT_EQ(page.held_size(), 3);
  EXPECT_TRUE(page.last());
  v1::AuditOrder rest;
  rest.set_request(2);
  *rest.mutable_after() = wire::to_wire(replica(2));
  page = audit(rest);
  ASSERT_EQ(page.held_size(), 1);
  EXPECT_EQ(wire::from_wire(page.held(0).replica()), replica(3));
  v1::AuditOrder some;
  some.set_request(3);
  *some.add_ids() = wire::to_wire(replica(2));
  *some.add_ids() = wire::to_wire(replica(9));
  page = audit(some);
  ASSERT_EQ(page.held_size(), 1);
  EXPECT_EQ(wire::from_wire(page.held(0).replica()), replica(2));
  EXPECT_EQ(page.held(0).content().size(), 100U);
}

}  // namespace
}  // namespace fsdfs::node
