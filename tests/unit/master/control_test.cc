#include <algorithm>
#include <random>

#include "common/sqlite/database.h"
#include "control_fixture.h"

namespace fsdfs::master {
namespace {

using ::testing::HasSubstr;

class ControlTest : public ControlFixture {
 protected:
  static bool was_told_to_delete(const FakeNode& node, const ReplicaId& replica) {
    return std::any_of(node.deletions.begin(), node.deletions.end(),
                       [&](const DeleteMessage& message) { return message.replica == replica; });
  }
};

TEST_F(ControlTest, APutIsCopiedUpToItsTarget) {
  join_all({1, 2, 3, 4});
  Inode f = put("/f", "some bytes", 4);
  EXPECT_EQ(rows(f, ReplicaState::kWhole), 2u);
  EXPECT_TRUE(eventually([&] { return min_surplus() == 0; }));
  EXPECT_EQ(rows(f, ReplicaState::kWhole), 4u);
  size_t orders = 0;
  for (uint8_t i = 1; i <= 4; ++i) {
    EXPECT_EQ(node(i).held.count({f.id, f.version}), 1u);
    for (const CopyMessage& copy : node(i).copies) {
      ++orders;
      EXPECT_EQ(copy.content, f.content);
      EXPECT_EQ(copy.origin.name, "f");
      EXPECT_EQ(copy.origin.parent, kRootInode);
      EXPECT_EQ(copy.origin.target, 4);
      ASSERT_FALSE(copy.sources.empty());
      EXPECT_FALSE(copy.sources[0].address.empty());
    }
  }
  EXPECT_EQ(orders, 2u);
}

TEST_F(ControlTest, ADeadNodesFilesAreCopiedElsewhere) {
  join_all({1, 2, 3});
  Inode f = put("/f", "x", 2);
  ASSERT_TRUE(eventually([&] { return min_surplus() >= 0; }));
  uint8_t holder = 0;
  for (uint8_t i = 1; i <= 3; ++i) {
    if (node(i).held.count({f.id, f.version}) != 0) holder = i;
  }
  settle();
  node(holder).leave();
  clock_.advance(std::chrono::seconds(16));
  report_all();
  EXPECT_TRUE(eventually(
      [&] { return loop_->view()->find(node(holder).hello.node)->liveness == Liveness::kSilent; }));
  pass(std::chrono::seconds(60));
  EXPECT_TRUE(
      eventually([&] { return loop_->view()->find(node(holder).hello.node)->liveness == Liveness::kDead; }));
  EXPECT_TRUE(eventually([&] { return min_surplus() >= 0; }));
  for (uint8_t i = 1; i <= 3; ++i) {
    if (i != holder) {
      EXPECT_EQ(node(i).held.count({f.id, f.version}), 1u);
    }
  }
}

TEST_F(ControlTest, ARemovedFileGoesFromAllNodesAndThenFromTheRecords) {
  join_all({1, 2, 3});
  Inode f = put("/f", "x", 3);
  ASSERT_TRUE(eventually([&] { return rows(f, ReplicaState::kWhole) == 3; }));
  for (auto& [number, node] : nodes_) node->obeys_deletions = false;
  drop("/f");
  ReplicaId replica{f.id, f.version};
  EXPECT_TRUE(eventually([&] {
    return std::all_of(nodes_.begin(), nodes_.end(),
                       [&](const auto& node) { return was_told_to_delete(*node.second, replica); });
  }));
  EXPECT_EQ(rows(f, ReplicaState::kDeleting), 3u) << "until each node has confirmed";
  for (auto& [number, node] : nodes_) {
    node->obeys_deletions = true;
    node->held.clear();
    node->leave();
    node->join(*loop_);
  }
  EXPECT_TRUE(eventually([&] { return view()->replicas(f.id)->empty(); }));
}

TEST_F(ControlTest, AConfirmedDeletionEndsTheRow) {
  join_all({1, 2});
  Inode f = put("/f", "x", 2);
  drop("/f");
  EXPECT_TRUE(eventually([&] { return view()->replicas(f.id)->empty(); }));
  EXPECT_TRUE(node(1).held.empty());
  EXPECT_TRUE(node(2).held.empty());
}

TEST_F(ControlTest, ANodeThatWasAwayIsToldOfTheDeletionWhenItReturns) {
  join_all({1, 2});
  Inode f = put("/f", "x", 2);
  settle();
  node(2).leave();
  drop("/f");
  ASSERT_TRUE(eventually([&] { return rows(f, ReplicaState::kDeleting) == 1; }));
  EXPECT_EQ(node(2).held.size(), 1u);
  node(2).hello.incarnation = Incarnation{2};
  node(2).join(*loop_);
  EXPECT_TRUE(eventually([&] { return view()->replicas(f.id)->empty(); }));
  EXPECT_TRUE(node(2).held.empty());
}

TEST_F(ControlTest, ASlowNodeIsTheLastChoiceForNewCopiesAndSaysSo) {
  join_all({1, 2, 3, 4});
  for (int reports = 0; reports < 3; ++reports) {
    clock_.advance(std::chrono::seconds(2));
    for (uint8_t number = 1; number <= 4; ++number) {
      node(number).load.disk_ms = number == 1 ? 500 : 5;
      node(number).report();
    }
    settle(2);
  }
  ASSERT_TRUE(eventually([&] { return loop_->view()->find(node(1).hello.node)->slow; }));
  for (int put = 0; put < 8; ++put) {
    Admission admission = admit(100, 2);
    EXPECT_EQ(std::count(admission.chain.begin(), admission.chain.end(), node(1).hello.node), 0);
  }
  auto warnings = loop_->view()->warnings;
  EXPECT_TRUE(std::any_of(warnings.begin(), warnings.end(), [](const std::string& warning) {
    return warning.find("is slow") != std::string::npos;
  }));
}

TEST_F(ControlTest, AfterARestartNothingIsDeletedBeforeEveryHolderHasReported) {
  join_all({1, 2});
  Inode f = put("/f", "old", 2);
  settle();
  for (auto& [number, node] : nodes_) node->obeys_deletions = false;
  drop("/f");
  ASSERT_TRUE(eventually([&] { return rows(f, ReplicaState::kDeleting) == 2; }));
  restart();
  for (auto& [number, node] : nodes_) {
    node->deletions.clear();
    node->obeys_deletions = true;
  }
  node(1).join(*loop_);
  ASSERT_TRUE(eventually([&] { return node(1).settled; }));
  settle();
  EXPECT_TRUE(node(1).deletions.empty()) << "node 2 has not reported";
  EXPECT_FALSE(loop_->view()->settled);
  node(2).join(*loop_);
  EXPECT_TRUE(eventually([&] { return view()->replicas(f.id)->empty(); }));
  EXPECT_TRUE(node(1).held.empty());
  EXPECT_TRUE(node(2).held.empty());
}

TEST_F(ControlTest, AfterARestartEverythingIsKnownAgain) {
  join_all({1, 2, 3});
  Inode f = put("/f", "bytes", 3);
  ASSERT_TRUE(eventually([&] { return min_surplus() == 0; }));
  restart();
  EXPECT_EQ(loop_->view()->health.files, 1u);
  join_all({1, 2, 3});
  settle();
  EXPECT_TRUE(eventually([&] { return min_surplus() == 0; }));
  EXPECT_EQ(rows(f, ReplicaState::kWhole), 3u);
  for (auto& [number, node] : nodes_) EXPECT_LE(node->copies.size(), 1u) << "nothing was copied twice";
}

TEST_F(ControlTest, WhatANodeLostIsNoLongerCountedAndIsReplaced) {
  join_all({1, 2});
  Inode f = put("/f", "x", 2);
  settle();
  node(2).leave();
  node(2).held.clear();
  node(2).hello.incarnation = Incarnation{2};
  node(2).join(*loop_);
  EXPECT_TRUE(eventually([&] { return node(2).held.count({f.id, f.version}) == 1; }));
  EXPECT_TRUE(eventually([&] { return rows(f, ReplicaState::kWhole) == 2; }));
  EXPECT_EQ(node(2).copies.size(), 1u);
}

TEST_F(ControlTest, ACommitDuringAnInventoryIsNotTakenForMissing) {
  join_all({1, 2});
  node(2).leave();
  node(2).join(*loop_, false);
  ASSERT_TRUE(eventually([&] { return node(2).welcomed; }));
  // The node's list was made before this replica came to it.
  auto session = make<SessionRecord>([&](WriteTransaction& transaction) {
    OpenRequest request;
    request.path = {InodeId{}, "/f"};
    return open_session(transaction, request, store_->new_session_id(),
                        {node(1).hello.node, node(2).hello.node}, 2);
  });
  ASSERT_TRUE(commit_put(*session, content_of("x")).ok());
  node(2).send_inventory();
  ASSERT_TRUE(eventually([&] { return node(2).settled; }));
  EXPECT_EQ(row(session->replica, 2), ReplicaState::kWhole);
}

// What a later write recorded does not make it so.
TEST_F(ControlTest, ChangesThatCouldNotBeWrittenAreNotAcknowledged) {
  join_all({1, 2});
  Inode f = put("/f", "x", 2);
  Inode g = put("/g", "y", 2);
  ASSERT_TRUE(
      eventually([&] { return rows(f, ReplicaState::kWhole) == 2 && rows(g, ReplicaState::kWhole) == 2; }));
  settle();
  node(2).obeys_reports = node(2).obeys_copies = false;
  auto database = sqlite::Database::open(this->database()).value();
  ASSERT_TRUE(database
                  ->execute("CREATE TRIGGER no_more BEFORE DELETE ON replicas WHEN OLD.inode = " +
                            std::to_string(f.id.value) + " BEGIN SELECT RAISE(ABORT, 'not now'); END")
                  .ok());
  const uint64_t before = node(2).acknowledged;
  std::promise<void> both_came;
  store_->submit(
      {},
      [came = both_came.get_future().share()](WriteTransaction&) -> Result<std::string> {
        came.wait();
        return std::string();
      },
      [](const Result<std::string>&) {});
  auto reported = [&] {
    std::promise<void> passed;
    node(2).report();
    loop_->extend(SessionRecord{}, 0, [&passed](const Admission&) { passed.set_value(); });
    passed.get_future().wait();
  };
  node(2).lose({f.id, f.version});
  reported();
  node(2).lose({g.id, g.version});
  reported();
  both_came.set_value();
  ASSERT_TRUE(eventually([&] { return rows(g, ReplicaState::kWhole) == 1; }));
  settle();
  EXPECT_EQ(node(2).acknowledged, before);
  EXPECT_EQ(rows(f, ReplicaState::kWhole), 2);
  ASSERT_TRUE(database->execute("DROP TRIGGER no_more").ok());
  node(2).obeys_reports = true;
  EXPECT_TRUE(
      eventually([&] { return rows(f, ReplicaState::kWhole) == 1 && node(2).acknowledged == before + 2; }));
}

TEST_F(ControlTest, UnknownReplicasAreKeptCountedAndNeverDeleted) {
  ReplicaId stranger{InodeId{0xABC}, {Epoch{1}, 77}};
  node(1).hold(stranger, content_of("whose?"));
  join_all({1});
  settle();
  EXPECT_TRUE(node(1).deletions.empty());
  EXPECT_FALSE(row(stranger, 1).has_value());
  EXPECT_TRUE(eventually([&] { return loop_->view()->find(node(1).hello.node)->unknown_replicas == 1; }));
  EXPECT_THAT(loop_->view()->warnings, ::testing::Contains(HasSubstr("does not know")));
}

TEST_F(ControlTest, ALateCopyOfARemovedFileIsDeletedByItsTombstone) {
  join_all({1, 2, 3});
  Inode f = put("/f", "x", 2);
  drop("/f");
  ASSERT_TRUE(eventually([&] { return view()->replicas(f.id)->empty(); }));
  node(3).add_change({{f.id, f.version}, f.content, ReplicaState::kWhole});
  EXPECT_TRUE(eventually([&] { return was_told_to_delete(node(3), {f.id, f.version}); }));
  EXPECT_TRUE(eventually([&] { return view()->replicas(f.id)->empty() && node(3).held.empty(); }));
}

TEST_F(ControlTest, OldVersionsGoWhenTheNewOneIsWhole) {
  join_all({1, 2});
  Inode first = put("/f", "one", 2);
  Inode second = put("/f", "two", 2);
  ASSERT_EQ(second.id, first.id);
  EXPECT_TRUE(eventually(
      [&] { return rows(first, ReplicaState::kWhole) == 2 && view()->replicas(first.id)->size() == 2; }));
  for (auto& [number, node] : nodes_) {
    EXPECT_EQ(node->held.count({first.id, first.version}), 0u);
    EXPECT_EQ(node->held.count({second.id, second.version}), 1u);
  }
}

TEST_F(ControlTest, ACopyWithAnotherDigestIsBadAndIsReplacedBeforeItGoes) {
  join_all({1, 2, 3});
  Inode f = put("/f", "right", 3);
  ASSERT_TRUE(eventually([&] { return rows(f, ReplicaState::kWhole) == 3; }));
  settle();
  node(3).leave();
  node(3).held[{f.id, f.version}].content = content_of("wrong");
  node(3).join(*loop_);
  EXPECT_TRUE(eventually([&] {
    return node(3).held.count({f.id, f.version}) == 1 && node(3).held[{f.id, f.version}].content == f.content;
  })) << "deleted, and copied anew";
  EXPECT_TRUE(was_told_to_delete(node(3), {f.id, f.version}));
  EXPECT_TRUE(eventually([&] { return rows(f, ReplicaState::kWhole) == 3; }));
}

TEST_F(ControlTest, AQuarantinedLastCopyIsNotDeleted) {
  join_all({1});
  Inode f = put("/f", "only", 1);
  settle();
  node(1).add_change({{f.id, f.version}, f.content, ReplicaState::kQuarantined});
  EXPECT_TRUE(eventually([&] { return row({f.id, f.version}, 1) == ReplicaState::kQuarantined; }));
  settle();
  EXPECT_TRUE(node(1).deletions.empty());
  EXPECT_TRUE(eventually([&] { return loop_->view()->health.unavailable == 1; }));
}

TEST_F(ControlTest, ASessionThatIsNotHeardOfIsDiscarded) {
  join_all({1, 2});
  Admission admission = admit(5);
  ASSERT_EQ(admission.chain.size(), 2u);
  auto session = open_put("/f", admission, 5, 3);
  for (auto& [number, node] : nodes_)
    node->add_change({session->replica, content_of("stage"), ReplicaState::kWhole});
  settle();
  EXPECT_TRUE(view()->replicas(session->replica.inode)->empty()) << "staged is not a copy";
  pass(std::chrono::seconds(29));
  EXPECT_TRUE((*view()->session(session->id)).has_value());
  loop_->renew(session->id);
  settle(2);
  pass(std::chrono::seconds(29));
  EXPECT_TRUE((*view()->session(session->id)).has_value()) << "the lease was renewed";
  pass(std::chrono::seconds(2));
  EXPECT_TRUE(eventually([&] { return !(*view()->session(session->id)).has_value(); }));
  EXPECT_TRUE(eventually([&] { return node(1).held.empty() && node(2).held.empty(); }));
  EXPECT_TRUE(eventually([&] { return view()->replicas(session->replica.inode)->empty(); }));
}

TEST_F(ControlTest, ASessionOfAKilledMasterExpiresUnderTheNext) {
  join_all({1, 2});
  Admission admission = admit(5);
  auto session = open_put("/f", admission, 5, 3);
  restart();
  join_all({1, 2});
  EXPECT_EQ(loop_->view()->open_sessions, 1u);
  pass(std::chrono::seconds(31));
  EXPECT_TRUE(eventually([&] { return !(*view()->session(session->id)).has_value(); }));
  EXPECT_TRUE(eventually([&] { return view()->replicas(session->replica.inode)->empty(); }));
}

TEST_F(ControlTest, ReservationsOfSessionsKeepAQuotaFromBeingPromisedTwice) {
  node(1, 10);
  join_all({1});
  Admission first = admit(8);
  ASSERT_EQ(first.outcome, Admission::Outcome::kGranted);
  SessionId holder = admitted_;
  Admission second = admit(8);
  EXPECT_EQ(second.outcome, Admission::Outcome::kRefused);
  EXPECT_EQ(second.refusal.reason(), Reason::kNoSpace);
  EXPECT_THAT(second.refusal.message(), ::testing::StartsWith("no space: "));
  loop_->give_up(holder);
  EXPECT_EQ(admit(8).outcome, Admission::Outcome::kGranted);
}

TEST_F(ControlTest, WithoutANodeAPutIsRefused) {
  Admission admission = admit(1);
  EXPECT_EQ(admission.outcome, Admission::Outcome::kRefused);
  EXPECT_EQ(admission.refusal.code(), Code::kUnavailable);
}

TEST_F(ControlTest, AnEvictionMakesRoomAndItsRowIsGoneBeforeTheNewOneComes) {
  for (uint8_t i = 1; i <= 3; ++i) node(i, 10);
  settings_.scheduler.min_copies = 1;
  restart();
  join_all({1, 2, 3});
  Inode a = put("/a", "0123456789", 1);
  ASSERT_TRUE(eventually([&] { return rows(a, ReplicaState::kWhole) == 3; })) << "idle quota is filled";
  settle();
  Admission admission = admit(10, 1, std::chrono::seconds(10));
  ASSERT_EQ(admission.outcome, Admission::Outcome::kGranted) << admission.refusal.to_string();
  auto session = open_put("/b", admission, 10, 1);
  for (const NodeId& member : admission.chain) {
    EXPECT_EQ(row({a.id, a.version}, member.bytes[0]), std::nullopt);
    EXPECT_TRUE(node(member.bytes[0]).held.empty());
  }
  EXPECT_GE(rows(a, ReplicaState::kWhole), 1u);
  ASSERT_TRUE(commit_put(*session, content_of("abcdefghij")).ok());
}

TEST_F(ControlTest, ChangesAreAcknowledgedOnceRecordedAndRepeatedOnesAreHarmless) {
  join_all({1, 2, 3});
  Inode f = put("/f", "x", 2);
  settle();
  FakeNode& third = node(3);
  third.obeys_reports = false;
  bool had_it = third.held.count({f.id, f.version}) != 0;
  third.add_change({{f.id, f.version}, f.content, ReplicaState::kWhole});
  third.report();
  third.report();
  third.report();
  EXPECT_TRUE(eventually([&] { return third.acknowledged >= (had_it ? 2u : 1u); }));
  EXPECT_EQ(row({f.id, f.version}, 3), ReplicaState::kWhole);
  auto log = view()->log_after(0, 10'000);
  settle();
  third.report();
  settle();
  EXPECT_EQ(view()->log_after(0, 10'000)->size(), log->size()) << "nothing was written again";
}

TEST_F(ControlTest, ACopyThatFailsIsTriedAgainLater) {
  join_all({1, 2, 3});
  node(3).obeys_copies = false;
  for (uint8_t i = 1; i <= 2; ++i) node(i).obeys_copies = false;
  Inode f = put("/f", "x", 3);
  ASSERT_TRUE(
      eventually([&] { return node(1).copies.size() + node(2).copies.size() + node(3).copies.size() == 1; }));
  for (auto& [number, node] : nodes_) {
    if (!node->copies.empty()) node->fail(node->copies[0].order, unavailable("no source answers"));
    node->obeys_copies = true;
  }
  settle();
  pass(std::chrono::seconds(5));
  EXPECT_TRUE(eventually([&] { return rows(f, ReplicaState::kWhole) == 3; }));
}

TEST_F(ControlTest, AnOldMastersOrderIsNoOrderOfOurs) {
  join_all({1, 2, 3});
  for (auto& [number, node] : nodes_) node->obeys_copies = false;
  put("/f", "x", 3);
  ASSERT_TRUE(
      eventually([&] { return node(1).copies.size() + node(2).copies.size() + node(3).copies.size() == 1; }));
  for (auto& [number, node] : nodes_) {
    if (node->copies.empty()) continue;
    EXPECT_EQ(node->copies[0].order.value >> 40, store_->epoch().value);
    OrderId of_before{
        compose_with_epoch(Epoch{store_->epoch().value + 1}, node->copies[0].order.value & 0xFFFFFF)};
    node->fail(of_before, unavailable("an answer to another master"));
    settle();
    EXPECT_EQ(loop_->view()->health.copies_in_flight, 1u);
    node->fail(node->copies[0].order, unavailable("an answer to this one"));
    EXPECT_TRUE(eventually([&] { return loop_->view()->health.copies_in_flight == 0; }));
  }
}

TEST(ByteTallyTest, CountsBeyondWhatItRemembers) {
  ByteTally<uint64_t> tally;
  EXPECT_TRUE(tally.set(1, 10));
  EXPECT_FALSE(tally.set(1, 10));
  EXPECT_TRUE(tally.set(1, 4));
  EXPECT_EQ(tally.bytes(), 4u);
  for (uint64_t key = 2; key <= ByteTally<uint64_t>::kKeysMax + 5; ++key) tally.set(key, 1);
  EXPECT_EQ(tally.count(), ByteTally<uint64_t>::kKeysMax + 5);
  EXPECT_EQ(tally.bytes(), ByteTally<uint64_t>::kKeysMax + 8);
  EXPECT_TRUE(tally.erase(1));
  EXPECT_FALSE(tally.erase(1));
  EXPECT_EQ(tally.bytes(), ByteTally<uint64_t>::kKeysMax + 4);
  tally.clear();
  EXPECT_EQ(tally.count(), 0u);
}

TEST_F(ControlTest, NodesAreDismissedWhenTheMasterGoes) {
  join_all({1, 2});
  loop_->prepare_stop();
  EXPECT_TRUE(eventually([&] { return !node(1).attends() && !node(2).attends(); }));
  EXPECT_EQ(node(1).link->closed()->code(), Code::kUnavailable);
  EXPECT_EQ(admit(1, 3, std::chrono::hours(1)).refusal.code(), Code::kUnavailable);
}

TEST_F(ControlTest, WhoMayAttend) {
  join_all({1});
  struct Case {
    std::string what;
    std::function<void(NodeHello&)> change;
    Reason reason;
  };
  const Case cases[] = {
      {"another key", [](NodeHello& hello) { hello.key.bytes[5] = 99; }, Reason::kWrongIdentity},
      {"another swarm", [](NodeHello& hello) { hello.swarm = random_id<SwarmId>(); }, Reason::kWrongIdentity},
      {"an empty directory in its place", [](NodeHello& hello) { hello.node.bytes[9] = 99; },
       Reason::kWrongIdentity},
      {"a clone", [](NodeHello& hello) { hello.address = "10.0.0.9:4242"; }, Reason::kStaleIncarnation},
  };
  for (const Case& c : cases) {
    NodeHello hello = node(1).hello;
    c.change(hello);
    auto link = std::make_shared<FakeLink>(bell_);
    loop_->join(hello, link);
    ASSERT_TRUE(eventually([&] { return link->closed().has_value(); })) << c.what;
    EXPECT_EQ(link->closed()->reason(), c.reason) << link->closed()->to_string();
    EXPECT_TRUE(node(1).attends()) << c.what;
  }
  NodeHello restarted = node(1).hello;
  restarted.incarnation = Incarnation{5};
  auto newer = std::make_shared<FakeLink>(bell_);
  loop_->join(restarted, newer);
  ASSERT_TRUE(eventually([&] { return !node(1).attends(); })) << "a newer start ends the older stream";
  auto older = std::make_shared<FakeLink>(bell_);
  loop_->join(node(1).hello, older);
  ASSERT_TRUE(eventually([&] { return older->closed().has_value(); }));
  EXPECT_EQ(older->closed()->reason(), Reason::kStaleIncarnation);
  EXPECT_FALSE(newer->closed().has_value());
}

TEST_F(ControlTest, ANodeThatServedALaterMasterRaisesTheEpoch) {
  node(1).hello.highest_epoch = Epoch{40};
  join_all({1});
  EXPECT_EQ(store_->epoch(), Epoch{41});
  EXPECT_EQ(node(1).link->epoch(), Epoch{41});
  node(2).hello.highest_epoch = Epoch{40};
  join_all({2});
  EXPECT_EQ(store_->epoch(), Epoch{41});
}

// As where the database was set back: the last master had the number that this one takes.
TEST_F(ControlTest, AnEpochThatANodeGrantedToAnotherMasterIsNotUsedAgain) {
  Epoch before = store_->epoch();
  node(1).hello.highest_epoch = before;
  join_all({1});
  Epoch above{before.value + 1};
  EXPECT_EQ(store_->epoch(), above);
  EXPECT_EQ(mkdir("d").id.value >> 40, above.value) << "nor are its numbers";
  // Who was granted it by this master comes back with it.
  node(1).leave();
  node(1).hello.highest_epoch = above;
  join_all({1});
  EXPECT_EQ(store_->epoch(), above);
}

TEST_F(ControlTest, AQuotaThatChangesIsRemembered) {
  join_all({1});
  node(1).hello.quota = 77;
  node(1).report();
  EXPECT_TRUE(eventually([&] { return (*view()->node(node(1).hello.node))->quota == 77; }));
  EXPECT_TRUE(eventually([&] { return loop_->view()->find(node(1).hello.node)->record.quota == 77; }));
}

TEST_F(ControlTest, RandomPutsRemovalsAndFailuresEndInOrder) {
  const uint32_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::minstd_rand random(seed);
  for (uint8_t i = 1; i <= 5; ++i) node(i, 100'000);
  join_all({1, 2, 3, 4, 5});
  std::map<std::string, std::string> expected;
  for (int step = 0; step < 150; ++step) {
    auto pick = random() % 10;
    std::string path = "/f" + std::to_string(random() % 20);
    if (pick < 6) {
      std::string bytes(random() % 50, static_cast<char>('a' + random() % 26));
      put(path, bytes, 2);
      expected[path] = bytes;
    } else if (pick < 8 && expected.erase(path) != 0) {
      drop(path);
    } else if (pick == 8) {
      FakeNode& restarted = node(static_cast<uint8_t>(1 + random() % 5));
      restarted.leave();
      ++restarted.hello.incarnation.value;
      restarted.join(*loop_);
      ASSERT_TRUE(eventually([&] { return restarted.settled; }));
    } else if (random() % 5 == 0) {
      restart();
      join_all({1, 2, 3, 4, 5});
    }
  }
  pass(std::chrono::seconds(70));
  auto in_order = [&] {
    size_t held = 0, recorded = 0;
    for (auto& [number, node] : nodes_) held += node->held.size();
    for (const auto& [path, bytes] : expected) {
      auto located = lookup(*view(), {InodeId{}, path});
      if (!located.ok() || located->inode.content != content_of(bytes)) return false;
      ReplicaId current{located->inode.id, located->inode.version};
      auto replicas = view()->replicas(current.inode);
      for (const ReplicaRecord& row : *replicas) {
        auto at = nodes_[row.node.bytes[0]]->held.find(current);
        if (row.replica != current || row.state != ReplicaState::kWhole) return false;
        if (at == nodes_[row.node.bytes[0]]->held.end() || at->second.content != located->inode.content)
          return false;
      }
      if (replicas->size() < 2) return false;
      recorded += replicas->size();
    }
    return held == recorded;
  };
  EXPECT_TRUE(eventually(in_order)) << "every file right, every copy recorded, nothing left over";
  EXPECT_EQ(view()->totals()->files, expected.size());
}

}  // namespace
}  // namespace fsdfs::master
