// Nodes and a fake master over loopback.
#include <gtest/gtest.h>

#include "tests/unit/node/link/fake_master.h"

namespace fsdfs::node {
namespace {

class LinkTest : public ::testing::Test {
 protected:
  LinkTest() {
    settings_.masters = {master_.address()};
    settings_.zone = "north";
    settings_.host = "host-1";
    settings_.reconnect_min = std::chrono::milliseconds(10);
    settings_.reconnect_max = std::chrono::milliseconds(50);
  }
  void make() { node_ = std::make_unique<TestNode>(settings_, path_); }
  // And the master has its inventory, so that what changes from here on is reported as a change.
  void join(FakeMaster* master = nullptr) {
    if (!node_) make();
    if (master == nullptr) master = &master_;
    int before = 0;
    ASSERT_TRUE(master->wait([&] {
      before = master->inventories;
      return true;
    }));
    (*node_)->start(node_->address());
    ASSERT_TRUE((*node_)->wait_joined(kPatience));
    ASSERT_TRUE(master->wait([&] { return master->inventories > before; }));
  }
  void restart() {
    node_->stop();
    node_->start();
    join();
  }
  void put(const ReplicaId& id, std::string_view bytes) {
    ASSERT_TRUE(ok(write_all(client_, {node_->where()}, id, bytes)));
  }
  bool reported(const ReplicaId& id, bool removed = false) {
    return master_.wait([&] {
      return std::any_of(master_.changes.begin(), master_.changes.end(), [&](const v1::Change& change) {
        return wire::from_wire(removed ? change.removed() : change.added().replica()) == id &&
               change.has_removed() == removed;
      });
    });
  }
  v1::MasterMessage deletion(uint64_t order, const ReplicaId& id, uint64_t epoch = 0) {
    v1::MasterMessage message;
    message.set_epoch(epoch);
    message.mutable_delete_()->set_order(order);
    *message.mutable_delete_()->mutable_replica() = wire::to_wire(id);
    return message;
  }
  bool has_outcome(uint64_t order) {
    return master_.wait([&] {
      return std::any_of(master_.outcomes.begin(), master_.outcomes.end(),
                         [&](const v1::OrderOutcome& outcome) { return outcome.order() == order; });
    });
  }

  TempDirectory temp_;
  const std::string path_ = temp_ / "data";
  FakeMaster master_;
  NodeSettings settings_ = TestNode::small_settings();
  Member client_{std::string(kClientName)};
  std::unique_ptr<TestNode> node_;
};

TEST_F(LinkTest, TheHelloSaysWhoAndWhat) {
  join();
  const v1::Hello& hello = master_.hellos.at(0);
  EXPECT_EQ(hello.node(), wire::id_to_wire(node_->id()));
  EXPECT_TRUE(hello.swarm().empty());
  EXPECT_EQ(hello.address(), node_->address());
  EXPECT_EQ(hello.zone(), "north");
  EXPECT_EQ(hello.host(), "host-1");
  EXPECT_EQ(hello.quota(), settings_.quotas.front());
  EXPECT_EQ(hello.used(), 0U);
  EXPECT_EQ(hello.highest_epoch(), 0U);
  EXPECT_TRUE((*node_)->attached());
  EXPECT_EQ((*node_)->epoch(), Epoch{1});
}

TEST_F(LinkTest, ItsSwarmEpochAndIncarnationAreRemembered) {
  auto swarm = random_id<SwarmId>();
  master_.set_swarm(swarm);
  master_.set_epoch(4);
  join();
  restart();
  ASSERT_TRUE(master_.wait([&] { return master_.hellos.size() == 2; }));
  EXPECT_EQ(master_.hellos[1].swarm(), wire::id_to_wire(swarm));
  EXPECT_EQ(master_.hellos[1].highest_epoch(), 4U);
  EXPECT_EQ(master_.hellos[1].node(), master_.hellos[0].node());
  EXPECT_EQ(master_.incarnations, (std::vector<uint64_t>{1, 2}));
}

TEST_F(LinkTest, TheInventoryIsWhole) {
  make();
  for (uint64_t inode = 1; inode <= 20; ++inode) put(replica(inode), content_of(inode, inode));
  put(replica(21), content_of(100, 21));
  flip_bit(node_->layout().data(replica(21)), 5);
  EXPECT_FALSE(read_one(client_, node_->address(), read_item(client_, replica(21))).status.ok());
  join();
  ASSERT_EQ(master_.inventory.size(), 21U);
  for (const auto& [id, held] : master_.inventory) {
    bool bad = id.inode.value == 21;
    EXPECT_EQ(held.state(), bad ? v1::REPLICA_STATE_QUARANTINED : v1::REPLICA_STATE_WHOLE);
    std::string bytes = bad ? content_of(100, 21) : content_of(id.inode.value, id.inode.value);
    EXPECT_EQ(wire::from_wire(held.content()).value(), content_info(bytes));
  }
  EXPECT_TRUE(master_.changes.empty());  // the inventory covers them
}

TEST_F(LinkTest, AChangeIsReportedAtOnce) {
  join();  // the report interval is a minute
  put(replica(1), content_of(100));
  ASSERT_TRUE(reported(replica(1)));
  EXPECT_EQ(wire::from_wire(master_.changes[0].added().content()).value(), content_info(content_of(100)));
  EXPECT_TRUE(eventually([&] { return node_->store().changes().pending() == 0; }));
}

TEST_F(LinkTest, ChangesAreRepeatedUntilAcknowledged) {
  master_.set_acknowledge(false);
  master_.set_report_interval(20);
  join();
  put(replica(1), content_of(100));
  ASSERT_TRUE(master_.wait([&] { return master_.changes.size() >= 3; }));
  EXPECT_EQ(master_.reports.front().unknown_replicas(), 0U);
  for (const v1::Change& change : master_.changes)
    EXPECT_EQ(change.sequence(), master_.changes[0].sequence());
  ASSERT_TRUE(master_.wait([&] { return master_.reports.back().unknown_replicas() == 1; }));  // invariant 11
  v1::MasterMessage acknowledge;
  acknowledge.mutable_acknowledge()->set_sequence(master_.changes[0].sequence());
  acknowledge.mutable_acknowledge()->set_inventory(true);
  master_.send(acknowledge);
  ASSERT_TRUE(master_.wait([&] {
    return master_.reports.back().unknown_replicas() == 0 && master_.reports.back().changes_size() == 0;
  }));
  EXPECT_TRUE(node_->store().find(replica(1)).value());
}

TEST_F(LinkTest, ReportsComeAtTheIntervalWithFigures) {
  master_.set_report_interval(20);
  make();
  put(replica(1), content_of(1000));
  join();
  ASSERT_TRUE(master_.wait([&] { return master_.reports.size() >= 5; }));
  const v1::Report& report = master_.reports.back();
  EXPECT_EQ(report.quota(), settings_.quotas.front());
  EXPECT_EQ(report.used(), 1000U);
  EXPECT_GT(report.free_on_disk(), 0U);
  EXPECT_GE(report.load().cpu(), 0);
  EXPECT_LE(report.load().cpu(), 1);
  EXPECT_GT(report.load().disk() + report.load().foreground_ms(), 0);
}

TEST_F(LinkTest, ADropIsFollowedByANewAttendance) {
  join();
  put(replica(1), content_of(100));
  ASSERT_TRUE(reported(replica(1)));
  for (int times = 1; times <= 3; ++times) {
    master_.drop();
    ASSERT_TRUE(master_.wait([&] { return master_.inventories == 1 + times; }));
    EXPECT_EQ(master_.inventory.size(), 1U);
  }
  put(replica(2), content_of(100, 2));
  EXPECT_TRUE(reported(replica(2)));
  EXPECT_EQ(master_.incarnations, (std::vector<uint64_t>{1, 1, 1, 1}));
}

TEST_F(LinkTest, TheNextMasterInTheListIsTried) {
  settings_.masters = {"127.0.0.1:1", master_.address()};
  join();
  EXPECT_TRUE((*node_)->joined());
}

TEST_F(LinkTest, ItWaitsForAMasterThatIsNotThere) {
  settings_.masters = {"127.0.0.1:1"};
  make();
  (*node_)->start(node_->address());
  EXPECT_TRUE(eventually([&] { return (*node_)->last_error().code() == Code::kUnavailable; }));
  EXPECT_FALSE((*node_)->wait_joined(std::chrono::milliseconds(50)));
  EXPECT_FALSE((*node_)->joined());
}

TEST_F(LinkTest, AWrongPasswordIsSaid) {
  static const Authority other = Authority::derive("another password", "fsdfs").value();
  FakeMaster stranger(other);
  settings_.masters = {stranger.address()};
  make();
  (*node_)->start(node_->address());
  EXPECT_FALSE((*node_)->wait_joined(kPatience));  // returns as soon as it is certain
  EXPECT_EQ((*node_)->last_error().reason(), Reason::kWrongPassword) << (*node_)->last_error().to_string();
  EXPECT_TRUE(node_->logger().contains("not let in"));
  EXPECT_TRUE(stranger.hellos.empty());
}

TEST_F(LinkTest, AMasterOfAnotherSwarmIsNotObeyed) {
  join();
  master_.set_swarm(random_id<SwarmId>());
  master_.set_epoch(9);
  master_.drop();
  EXPECT_TRUE(eventually([&] { return (*node_)->last_error().reason() == Reason::kWrongIdentity; }));
  EXPECT_EQ((*node_)->epoch(), Epoch{1});
}

TEST_F(LinkTest, ARefusalIsKeptAndTriedAgain) {
  master_.set_refusal(failed_precondition("this node is a clone", Reason::kWrongIdentity));
  make();
  (*node_)->start(node_->address());
  EXPECT_FALSE((*node_)->wait_joined(kPatience));
  EXPECT_NE((*node_)->last_error().message().find("clone"), std::string::npos);
  master_.set_refusal({});
  EXPECT_TRUE(eventually([&] { return (*node_)->joined(); }));
}

TEST_F(LinkTest, AnOlderMasterIsRefused) {
  make();
  put(replica(1), content_of(100));
  master_.set_epoch(5);
  join();
  master_.set_epoch(4);
  master_.drop();
  EXPECT_TRUE(eventually([&] { return (*node_)->last_error().reason() == Reason::kStaleEpoch; }));
  EXPECT_FALSE((*node_)->attached());
  EXPECT_EQ((*node_)->epoch(), Epoch{5});
  master_.set_epoch(6);
  EXPECT_TRUE(eventually([&] { return (*node_)->epoch() == Epoch{6}; }));
  EXPECT_TRUE(node_->store().find(replica(1)).value());
}

TEST_F(LinkTest, AnEpochThatCannotBeGrantedDurablyIsNotObeyed) {
  join();
  std::filesystem::create_directory(path_ + "/fsdfs-identity.tmp");  // nothing can be written there now
  master_.set_epoch(2);
  master_.drop();
  EXPECT_TRUE(eventually([&] { return !(*node_)->last_error().ok(); }));
  EXPECT_EQ((*node_)->epoch(), Epoch{1});
  EXPECT_EQ(master_.inventories, 1);
  std::filesystem::remove(path_ + "/fsdfs-identity.tmp");
  EXPECT_TRUE(eventually([&] { return (*node_)->epoch() == Epoch{2}; }));
}

TEST_F(LinkTest, ADeletionIsOfExactlyWhatItNames) {
  join();
  put(replica(1, 1), content_of(100, 1));
  put(replica(1, 2), content_of(100, 2));
  master_.send(deletion(1, replica(1, 1)));
  ASSERT_TRUE(reported(replica(1, 1), true));
  EXPECT_FALSE(node_->store().find(replica(1, 1)).value());
  EXPECT_TRUE(node_->store().find(replica(1, 2)).value());
  master_.send(deletion(2, replica(1, 3)));  // not held: the order ends all the same
  ASSERT_TRUE(reported(replica(1, 3), true));
  EXPECT_EQ(node_->content(replica(1, 2)), content_of(100, 2));
}

TEST_F(LinkTest, ADeletionOfAnotherEpochIsRefused) {
  make();
  put(replica(1), content_of(100));
  master_.set_epoch(5);
  join();
  master_.send(deletion(11, replica(1), 4));
  ASSERT_TRUE(has_outcome(11));
  EXPECT_EQ(master_.outcomes[0].reason(), static_cast<uint32_t>(Reason::kStaleEpoch));
  EXPECT_TRUE(node_->store().find(replica(1)).value());
  // One of the future ends the stream; it is obeyed only after a welcome.
  master_.send(deletion(12, replica(1), 6));
  ASSERT_TRUE(master_.wait([&] { return master_.inventories == 2; }));
  EXPECT_TRUE(node_->store().find(replica(1)).value());
  EXPECT_EQ((*node_)->epoch(), Epoch{5});
}

TEST_F(LinkTest, ManyDeletionsAreAllReported) {
  join();
  for (uint64_t inode = 1; inode <= 100; ++inode) put(replica(inode), content_of(10, inode));
  for (uint64_t inode = 1; inode <= 100; ++inode) master_.send(deletion(inode, replica(inode)));
  ASSERT_TRUE(master_.wait([&] {
    return std::count_if(master_.changes.begin(), master_.changes.end(),
                         [](const v1::Change& change) { return change.has_removed(); }) == 100;
  }));
  EXPECT_TRUE(node_->holds_nothing());
}

TEST_F(LinkTest, ACopyOrderIsCarriedOut) {
  TestNode source;
  std::string bytes = content_of(3 * kBlockSize + 1);
  ASSERT_TRUE(ok(write_all(client_, {source.where()}, replica(1), bytes)));
  join();
  v1::MasterMessage message;
  v1::CopyOrder& order = *message.mutable_copy();
  order.set_order(7);
  *order.mutable_replica() = wire::to_wire(replica(1));
  *order.mutable_content() = wire::to_wire(content_info(bytes));
  *order.add_sources() = source.where();
  order.set_ticket(sealed(ticket_for(replica(1), node_->member().key, static_cast<Rights>(Right::kPull))));
  order.mutable_origin()->set_name("the name now");
  master_.send(message);
  ASSERT_TRUE(reported(replica(1)));
  EXPECT_EQ(node_->content(replica(1)), bytes);
}

TEST_F(LinkTest, ACopyThatFailsNamesItsSource) {
  join();
  auto source = random_id<NodeId>();
  v1::MasterMessage message;
  v1::CopyOrder& order = *message.mutable_copy();
  order.set_order(7);
  *order.mutable_replica() = wire::to_wire(replica(1));
  *order.mutable_content() = wire::to_wire(content_info("abc"));
  order.add_sources()->set_node(wire::id_to_wire(source));
  order.mutable_sources(0)->set_address("127.0.0.1:1");
  master_.send(message);
  ASSERT_TRUE(has_outcome(7));
  EXPECT_EQ(master_.outcomes[0].failed_source(), wire::id_to_wire(source));
  EXPECT_EQ(master_.outcomes[0].code(), static_cast<uint32_t>(Code::kUnavailable));
  order.mutable_content()->set_digest("short");
  order.set_order(8);
  master_.send(message);
  ASSERT_TRUE(has_outcome(8));
}

TEST_F(LinkTest, AStopIsQuickWhateverTheMasterDoes) {
  join();
  SystemClock clock;
  MonotonicTime begin = clock.now();
  node_->stop();
  EXPECT_LT(clock.now() - begin, std::chrono::seconds(5));
  settings_.masters = {"127.0.0.1:1"};
  node_ = nullptr;
  make();
  (*node_)->start(node_->address());
  begin = clock.now();
  node_->stop();
  EXPECT_LT(clock.now() - begin, std::chrono::seconds(5));
}

TEST_F(LinkTest, AMasterThatStartsAgainFindsItsNode) {
  auto old = std::make_unique<FakeMaster>();
  std::string address = old->address();
  auto swarm = random_id<SwarmId>();
  old->set_swarm(swarm);
  settings_.masters = {address};
  join(old.get());
  old.reset();
  EXPECT_TRUE(eventually([&] { return !(*node_)->attached(); }));
  FakeMaster fresh(swarm_authority(), address);
  fresh.set_swarm(swarm);
  fresh.set_epoch(2);
  EXPECT_TRUE(fresh.wait([&] { return fresh.inventories == 1; }));
  EXPECT_EQ((*node_)->epoch(), Epoch{2});
}

// What went with a disk is told by a new inventory, and the node stays, though it has nothing left.
TEST_F(LinkTest, AFailedDiskIsANewInventory) {
  make();
  put(replica(1), content_of(1000));
  join();
  EXPECT_EQ(master_.inventory.size(), 1U);
  std::filesystem::rename(path_, path_ + ".away");
  EXPECT_FALSE(write_all(client_, {node_->where()}, replica(2), content_of(100)).ok());
  ASSERT_TRUE(master_.wait([&] { return master_.inventories == 2 && !master_.reports.empty(); }));
  EXPECT_TRUE(master_.inventory.empty());
  EXPECT_EQ(master_.incarnations, (std::vector<uint64_t>{1, 1})) << "it is the same start";
  EXPECT_EQ(master_.hellos[1].quota(), 0U);
  const v1::Report& report = master_.reports.front();
  EXPECT_EQ(report.quota(), 0U);
  ASSERT_EQ(report.disks_size(), 1);
  EXPECT_EQ(report.disks(0).path(), path_);
  EXPECT_EQ(report.disks(0).quota_bytes(), settings_.quotas.front());
  EXPECT_NE(report.disks(0).failed(), "");
  EXPECT_TRUE((*node_)->attached());
  node_->stop();
  std::filesystem::rename(path_ + ".away", path_);
}

}  // namespace
}  // namespace fsdfs::node
