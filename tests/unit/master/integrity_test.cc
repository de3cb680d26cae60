// What fsck finds in the records, and between them and what a node holds; and what its repair does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/sqlite/database.h"
#include "master/integrity/holdings_check.h"
#include "master/integrity/records_check.h"
#include "put_fixture.h"

namespace fsdfs::master {
namespace {

using ::testing::HasSubstr;

class IntegrityTest : public PutFixture {
 protected:
  IntegrityTest() {
    for (const NodeId& id : {a_, b_}) set_liveness(id, Liveness::kUp);
  }

  void set_liveness(const NodeId& id, Liveness liveness) {
    NodeStatus status;
    status.record = **view()->node(id);
    status.liveness = liveness;
    swarm_.add(status);
  }
  // As a defect or a bad disk would change the database behind the master's back.
  void spoil(const std::string& sql) {
    store_.reset();
    auto opened = sqlite::Database::open(database(), {});
    ASSERT_TRUE(opened.ok()) << opened.status().to_string();
    Status done = (*opened)->execute(sql);
    ASSERT_TRUE(done.ok()) << done.to_string();
    opened->reset();
    open();
  }
  Findings find() {
    Findings findings;
    RecordsCheck check;
    bool more = true;
    while (more) {
      auto stepped = check.step(*view(), swarm_, findings);
      EXPECT_TRUE(stepped.ok()) << stepped.status().to_string();
      more = stepped.ok() && *stepped;
    }
    return findings;
  }
  std::vector<FindingKind> kinds(const Findings& findings) {
    std::vector<FindingKind> kinds;
    for (const Finding& finding : findings) kinds.push_back(finding.kind);
    return kinds;
  }
  void repair_all(const Findings& findings) {
    for (const Finding& finding : findings) {
      Status done = write([&](WriteTransaction& transaction) { return repair(transaction, finding); });
      EXPECT_TRUE(done.ok()) << done.to_string();
    }
  }
  // One thing is wrong, is found as this kind, and is right after its repair.
  void expect_repaired(FindingKind kind) {
    Findings findings = find();
    EXPECT_EQ(kinds(findings), std::vector<FindingKind>{kind});
    for (const Finding& finding : findings) EXPECT_NE(finding.remedy, "");
    repair_all(findings);
    EXPECT_TRUE(find().empty()) << find().front().what;
  }

  Findings check_node(const NodeId& node, const std::vector<HeldReplica>& all) {
    constexpr uint64_t kMost = std::numeric_limits<int64_t>::max();
    Holdings held;
    for (const HeldReplica& each : all) held.emplace(each.replica, each);
    auto ids = suspicions(*view(), node, ReplicaId{}, {InodeId{kMost}, {Epoch{kMost}, kMost}}, held);
    EXPECT_TRUE(ids.ok());
    auto findings = check_holdings(*view(), node, *ids, held);
    EXPECT_TRUE(findings.ok());
    return *findings;
  }
  static HeldReplica holds(const Inode& inode) {
    return {{inode.id, inode.version}, inode.content, ReplicaState::kWhole};
  }
  ReplicaState row_state(const Inode& inode, const NodeId& node) {
    return (*view()->replica({inode.id, inode.version}, node))->state;
  }

  SwarmView swarm_;
};

TEST_F(IntegrityTest, AHealthySwarmHasNoFindings) {
  mkdir("/a/b");
  put("/a/f", "bytes");
  put("/a/f", "bytes anew");
  put("/a/b/g", "");
  put("/gone", "x");
  ASSERT_TRUE(drop("/gone").ok());
  put("/purged", "x");
  ASSERT_TRUE(drop("/purged", LastName::kEnds).ok());
  ASSERT_TRUE(move("/a/b", "/b").ok());
  ASSERT_TRUE(open_put("/open").ok());
  ASSERT_TRUE(make<Quota>([&](WriteTransaction& transaction) {
                return set_quota(transaction, at("/a"), {1000, 10});
              }).ok());
  EXPECT_TRUE(find().empty()) << find().front().what;
}

TEST_F(IntegrityTest, CountersAreSetRight) {
  put("/f", "bytes");
  spoil("UPDATE counters SET value = value + 7 WHERE name IN ('files', 'bytes', 'trash_files')");
  expect_repaired(FindingKind::kTotals);
  EXPECT_EQ(view()->totals()->files, 1u);
}

TEST_F(IntegrityTest, QuotasAreSetRightAlsoWhenTheyAreUsedMeanwhile) {
  mkdir("/a");
  put("/a/f", "bytes");
  ASSERT_TRUE(make<Quota>([&](WriteTransaction& transaction) {
                return set_quota(transaction, at("/a"), {1000, 10});
              }).ok());
  spoil("UPDATE quotas SET bytes_used = 99, files_used = 0");
  Findings findings = find();
  ASSERT_EQ(kinds(findings), std::vector<FindingKind>{FindingKind::kQuota});
  put("/a/g", "more");
  repair_all(findings);
  EXPECT_TRUE(find().empty());
  EXPECT_EQ(find_quota(*view(), at("/a"))->record.bytes_used, 9u);
}

TEST_F(IntegrityTest, LinksAreCounted) {
  Inode f = put("/f", "bytes");
  spoil("UPDATE inodes SET links = 3 WHERE id = " + std::to_string(f.id.value));
  expect_repaired(FindingKind::kLinkCount);
  Inode d = mkdir("/d");
  mkdir("/d/e");
  spoil("UPDATE inodes SET links = 2 WHERE id = " + std::to_string(d.id.value));
  expect_repaired(FindingKind::kLinkCount);
}

TEST_F(IntegrityTest, NamesWithoutInodesGoAndInodesWithoutNamesAreLeftToPeople) {
  Inode f = put("/f", "bytes");
  Inode g = put("/g", "bytes");
  spoil("DELETE FROM inodes WHERE id = " + std::to_string(f.id.value) +
        "; DELETE FROM replicas WHERE inode = " + std::to_string(f.id.value) +
        "; UPDATE counters SET value = value - 1 WHERE name = 'files'"
        "; UPDATE counters SET value = value - 5 WHERE name = 'bytes'");
  expect_repaired(FindingKind::kDeadName);
  spoil("DELETE FROM entries WHERE inode = " + std::to_string(g.id.value));
  Findings findings = find();
  EXPECT_EQ(kinds(findings), std::vector<FindingKind>{FindingKind::kNoName});
  EXPECT_EQ(findings.at(0).remedy, "");
  repair_all(findings);
  EXPECT_TRUE((*view()->inode(g.id)).has_value());
}

TEST_F(IntegrityTest, RecordsOfNoFileGo) {
  Inode f = put("/f", "bytes");
  ReplicaId stray{InodeId{f.id.value + 100}, f.version};
  ReplicaId future{f.id, {f.version.epoch, f.version.counter + 100}};
  for (const ReplicaId& id : {stray, future}) {
    ASSERT_TRUE(write([&](WriteTransaction& transaction) {
                  return transaction.put_replica({id, a_, ReplicaState::kWhole, 5, transaction.now()});
                }).ok());
  }
  Findings findings = find();
  EXPECT_EQ(kinds(findings), (std::vector<FindingKind>{FindingKind::kStrayRow, FindingKind::kStrayRow}));
  repair_all(findings);
  EXPECT_TRUE(find().empty());
  EXPECT_EQ(view()->replicas(f.id)->size(), 2u);
}

TEST_F(IntegrityTest, AnOldVersionIsNotWhole) {
  Inode old = put("/f", "bytes");
  put("/f", "bytes anew");
  spoil("UPDATE replicas SET state = 1 WHERE node = 1 AND version_counter = " +
        std::to_string(old.version.counter));
  expect_repaired(FindingKind::kOldAsWhole);
}

TEST_F(IntegrityTest, FilesWithoutAWholeCopyAreListedAndLeftAlone) {
  Inode bad = put("/bad", "bytes");
  Inode none = put("/none", "bytes");
  Inode dead = put("/dead", "bytes");
  NodeId gone = add_node(3).id;
  set_liveness(gone, Liveness::kDead);
  ASSERT_TRUE(write([&](WriteTransaction& transaction) -> Status {
                for (const NodeId& node : {a_, b_}) {
                  FSDFS_TRY(transaction.put_replica(
                      {{bad.id, bad.version}, node, ReplicaState::kQuarantined, 5, transaction.now()}));
                  FSDFS_TRY(transaction.remove_replica({none.id, none.version}, node));
                  FSDFS_TRY(transaction.remove_replica({dead.id, dead.version}, node));
                }
                return transaction.put_replica(
                    {{dead.id, dead.version}, gone, ReplicaState::kWhole, 5, transaction.now()});
              }).ok());
  Findings findings = find();
  ASSERT_EQ(kinds(findings), (std::vector<FindingKind>{FindingKind::kOnlyBad, FindingKind::kNoCopy,
                                                       FindingKind::kUnavailable}));
  EXPECT_EQ(findings[0].inode, bad.id);
  EXPECT_THAT(findings[0].what, HasSubstr("127.0.0.1:5001, 127.0.0.1:5002"));
  for (const Finding& finding : findings) EXPECT_EQ(finding.remedy, "");
  repair_all(findings);
  EXPECT_EQ(row_state(bad, a_), ReplicaState::kQuarantined);
  EXPECT_EQ(kinds(find()), kinds(findings));
}

TEST_F(IntegrityTest, ManyPagesAreOneCheck) {
  for (size_t i = 0; i < RecordsCheck::kPage + 10; ++i) put("/f" + std::to_string(i), "x");
  EXPECT_TRUE(find().empty()) << find().front().what;
}

TEST_F(IntegrityTest, WhatANodeDoesNotHoldIsMissing) {
  Inode f = put("/f", "bytes");
  Inode g = put("/g", "bytes");
  EXPECT_TRUE(check_node(a_, {holds(f), holds(g)}).empty());
  Findings findings = check_node(a_, {holds(g)});
  ASSERT_EQ(kinds(findings), std::vector<FindingKind>{FindingKind::kMissing});
  EXPECT_EQ(findings[0].inode, f.id);
  EXPECT_EQ(findings[0].node, a_);
  repair_all(findings);
  EXPECT_TRUE(check_node(a_, {holds(g)}).empty());
  EXPECT_EQ(view()->replicas(f.id)->size(), 1u);
}

TEST_F(IntegrityTest, WhatIsHeldAndNotRecordedIsRecorded) {
  Inode f = put("/f", "bytes");
  NodeId c = add_node(3).id;
  Findings findings = check_node(c, {holds(f)});
  ASSERT_EQ(kinds(findings), std::vector<FindingKind>{FindingKind::kUnrecorded});
  repair_all(findings);
  EXPECT_EQ(row_state(f, c), ReplicaState::kWhole);
  EXPECT_TRUE(check_node(c, {holds(f)}).empty());
  // With another content it is recorded as bad, and never as a copy.
  NodeId d = add_node(4).id;
  HeldReplica wrong = holds(f);
  wrong.content = content_of("other");
  repair_all(check_node(d, {wrong}));
  EXPECT_EQ(row_state(f, d), ReplicaState::kQuarantined);
}

TEST_F(IntegrityTest, StatesThatDifferAreSetRightAndNothingIsCondemned) {
  Inode f = put("/f", "bytes");
  HeldReplica bad = holds(f);
  bad.state = ReplicaState::kQuarantined;
  Findings findings = check_node(a_, {bad});
  ASSERT_EQ(kinds(findings), std::vector<FindingKind>{FindingKind::kOtherState});
  repair_all(findings);
  EXPECT_EQ(row_state(f, a_), ReplicaState::kQuarantined) << "not deleting, although another copy is whole";
  repair_all(check_node(a_, {holds(f)}));
  EXPECT_EQ(row_state(f, a_), ReplicaState::kWhole);
}

TEST_F(IntegrityTest, WhatIsOnItsWayIsNoFinding) {
  auto session = open_put("/staged");
  ASSERT_TRUE(session.ok());
  HeldReplica staged{session->replica, content_of("x"), ReplicaState::kWhole};
  EXPECT_TRUE(check_node(a_, {staged}).empty());
  Inode f = put("/f", "bytes");
  ASSERT_TRUE(drop("/f", LastName::kEnds).ok());
  EXPECT_TRUE(check_node(a_, {}).empty()) << "deleted, and not said yet";
  EXPECT_TRUE(check_node(a_, {holds(f)}).empty()) << "not deleted yet";
}

TEST_F(IntegrityTest, TheUnknownIsListedAndKept) {
  HeldReplica unknown{{InodeId{12345}, {Epoch{1}, 9}}, content_of("x"), ReplicaState::kWhole};
  Findings findings = check_node(a_, {unknown});
  ASSERT_EQ(kinds(findings), std::vector<FindingKind>{FindingKind::kUnknown});
  EXPECT_EQ(findings[0].remedy, "");
  repair_all(findings);
  EXPECT_TRUE(view()->replicas(InodeId{12345})->empty());
}

}  // namespace
}  // namespace fsdfs::master
