#include "master/sessions/sessions.h"

#include "master/namespace/targets.h"
#include "master/sessions/leases.h"
#include "store_fixture.h"

namespace fsdfs::master {
namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

class SessionsTest : public StoreFixture {
 protected:
  SessionsTest() : a_(add_node(1).id), b_(add_node(2).id) {}

  Result<SessionRecord> open_put(const std::string& path, OpenRequest request = {}) {
    request.path = {InodeId{}, path};
    request.attributes = {0640, 11, 22};
    return make<SessionRecord>([&](WriteTransaction& transaction) {
      return open_session(transaction, request, transaction.new_session_id(), {a_, b_}, 2);
    });
  }
  static Receipt receipt(const SessionRecord& session, const NodeId& node, const Content& content) {
    Receipt receipt;
    receipt.replica = session.replica;
    receipt.size_bytes = content.size;
    receipt.content_digest = content.digest.bytes;
    receipt.node = node;
    receipt.fsynced = true;
    return receipt;
  }
  Result<CommitOutcome> commit(const SessionRecord& session, const std::string& bytes,
                               std::vector<NodeId> members) {
    CommitRequest request;
    request.session = session.id;
    request.content = content_of(bytes);
    for (const NodeId& node : members) request.receipts.push_back(receipt(session, node, request.content));
    return commit(request);
  }
  Result<CommitOutcome> commit(const CommitRequest& request, double default_target = 3) {
    return make<CommitOutcome>([&](WriteTransaction& transaction) {
      return commit_session(transaction, request, Policy{.default_target = default_target});
    });
  }
  SessionRecord must_open(const std::string& path) {
    auto session = open_put(path);
    EXPECT_TRUE(session.ok()) << session.status().to_string();
    return session.ok() ? *session : SessionRecord{};
  }
  Inode put(const std::string& path, const std::string& bytes) {
    auto outcome = commit(must_open(path), bytes, {a_, b_});
    EXPECT_TRUE(outcome.ok()) << outcome.status().to_string();
    return outcome.ok() ? outcome->inode : Inode{};
  }
  Result<Inode> look(const std::string& path) {
    auto located = lookup(*view(), {InodeId{}, path});
    if (!located.ok()) return located.status();
    return located->inode;
  }
  // "node state" of every row of the inode's version.
  std::vector<std::pair<NodeId, ReplicaState>> rows(const ReplicaId& id) {
    std::vector<std::pair<NodeId, ReplicaState>> out;
    auto replicas = view()->replicas(id.inode);
    for (const ReplicaRecord& row : *replicas) {
      if (row.replica == id) out.emplace_back(row.node, row.state);
    }
    return out;
  }
  Status abort_put(const SessionRecord& session) {
    return write([&](WriteTransaction& transaction) { return abort_session(transaction, session.id); });
  }
  void drop(const std::string& path) {
    ASSERT_TRUE(write([&](WriteTransaction& transaction) {
                  return remove(transaction, {InodeId{}, path}, RemoveKind::kAny).status();
                }).ok());
  }

  const NodeId a_, b_;
};

TEST_F(SessionsTest, APutShowsOnlyAfterItsCommit) {
  SessionRecord session = must_open("/f");
  EXPECT_TRUE(session.creates);
  EXPECT_EQ(look("/f").status().code(), Code::kNotFound);
  auto outcome = commit(session, "hello", {a_, b_});
  ASSERT_TRUE(outcome.ok()) << outcome.status().to_string();
  EXPECT_EQ(outcome->synced_copies, 2u);
  EXPECT_FALSE(outcome->superseded);
  Inode f = *look("/f");
  EXPECT_EQ(f.id, session.replica.inode);
  EXPECT_EQ(f.version, session.replica.version);
  EXPECT_EQ(f.content, content_of("hello"));
  EXPECT_EQ(f.mode, 0640u);
  EXPECT_EQ(f.uid, 11u);
  EXPECT_EQ(f.target, 3);
  EXPECT_THAT(rows(session.replica),
              UnorderedElementsAre(std::pair(a_, ReplicaState::kWhole), std::pair(b_, ReplicaState::kWhole)));
  EXPECT_FALSE((*view()->session(session.id)).has_value());
}

TEST_F(SessionsTest, AnEmptyFileGoesTheSameWay) {
  Inode f = put("/empty", "");
  EXPECT_EQ(f.content.size, 0u);
  EXPECT_FALSE(f.version.none());
  EXPECT_EQ(rows({f.id, f.version}).size(), 2u);
}

TEST_F(SessionsTest, APutOverAFileKeepsItsInodeAndMakesOldCopiesStale) {
  Inode first = put("/f", "one");
  SessionRecord session = must_open("/f");
  EXPECT_FALSE(session.creates);
  EXPECT_EQ(session.replica.inode, first.id);
  EXPECT_EQ(look("/f")->content, content_of("one"));
  ASSERT_TRUE(commit(session, "two!", {a_, b_}).ok());
  Inode second = *look("/f");
  EXPECT_EQ(second.id, first.id);
  EXPECT_EQ(second.content, content_of("two!"));
  EXPECT_EQ(second.mode, first.mode);
  EXPECT_THAT(rows({first.id, first.version}),
              UnorderedElementsAre(std::pair(a_, ReplicaState::kStale), std::pair(b_, ReplicaState::kStale)));
  EXPECT_EQ(view()->totals()->files, 1u);
  EXPECT_EQ(view()->totals()->bytes, 4u);
}

TEST_F(SessionsTest, AMemberWithoutAReceiptIsNoCopy) {
  SessionRecord session = must_open("/f");
  auto outcome = commit(session, "x", {b_});
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->synced_copies, 1u);
  EXPECT_EQ(outcome->wanted_members, 2u);
  EXPECT_THAT(rows(session.replica), UnorderedElementsAre(std::pair(a_, ReplicaState::kDeleting),
                                                          std::pair(b_, ReplicaState::kWhole)));
}

TEST_F(SessionsTest, ReceiptsMustAgreeWithTheCommit) {
  SessionRecord session = must_open("/f");
  Content content = content_of("data");
  auto with = [&](auto spoil) {
    CommitRequest request;
    request.session = session.id;
    request.content = content;
    Receipt good = receipt(session, a_, content);
    spoil(good);
    request.receipts = {good};
    return commit(request).status();
  };
  EXPECT_EQ(with([](Receipt& r) { r.size_bytes = 3; }).code(), Code::kInvalidArgument);
  EXPECT_EQ(with([](Receipt& r) { r.content_digest[0] ^= 1; }).code(), Code::kInvalidArgument);
  EXPECT_EQ(with([](Receipt& r) { ++r.replica.version.counter; }).code(), Code::kInvalidArgument);
  EXPECT_EQ(with([](Receipt& r) { r.node = random_id<NodeId>(); }).code(), Code::kInvalidArgument);
  EXPECT_EQ(with([](Receipt& r) { r.fsynced = false; }).code(), Code::kUnavailable);
  EXPECT_EQ(commit(session, "data", {}).status().code(), Code::kUnavailable);
  EXPECT_EQ(look("/f").status().code(), Code::kNotFound);
  EXPECT_TRUE(commit(session, "data", {a_}).ok()) << "a refused commit leaves the session as it was";
}

TEST_F(SessionsTest, TooFewReceiptsForTheSettingAreRefused) {
  SessionRecord session = must_open("/f");
  CommitRequest request;
  request.session = session.id;
  request.content = content_of("x");
  request.receipts = {receipt(session, a_, request.content)};
  request.sync_copies_min = 2;
  Status status = commit(request).status();
  EXPECT_EQ(status.code(), Code::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("1 of 2"));
}

TEST_F(SessionsTest, TheHigherVersionWinsWhateverCommitsLast) {
  put("/f", "zero");
  SessionRecord lower = must_open("/f"), higher = must_open("/f");
  ASSERT_LT(lower.replica.version, higher.replica.version);
  ASSERT_TRUE(commit(higher, "high", {a_, b_}).ok());
  auto late = commit(lower, "low", {a_, b_});
  ASSERT_TRUE(late.ok());
  EXPECT_TRUE(late->superseded);
  EXPECT_EQ(look("/f")->content, content_of("high"));
  EXPECT_THAT(rows(lower.replica), UnorderedElementsAre(std::pair(a_, ReplicaState::kDeleting),
                                                        std::pair(b_, ReplicaState::kDeleting)));
  EXPECT_EQ(rows(higher.replica).front().second, ReplicaState::kWhole);
}

TEST_F(SessionsTest, TwoPutsToANewNameLeaveTheHigherOne) {
  SessionRecord lower = must_open("/n"), higher = must_open("/n");
  EXPECT_NE(lower.replica.inode, higher.replica.inode);
  ASSERT_TRUE(commit(lower, "low", {a_, b_}).ok());
  ASSERT_TRUE(commit(higher, "high", {a_, b_}).ok());
  EXPECT_EQ(look("/n")->id, higher.replica.inode);
  EXPECT_FALSE((*view()->inode(lower.replica.inode)).has_value());
  EXPECT_EQ(rows(lower.replica).front().second, ReplicaState::kDeleting);

  SessionRecord first = must_open("/m"), second = must_open("/m");
  ASSERT_TRUE(commit(second, "high", {a_, b_}).ok());
  EXPECT_TRUE(commit(first, "low", {a_, b_})->superseded);
  EXPECT_EQ(look("/m")->id, second.replica.inode);
  EXPECT_EQ(view()->totals()->files, 2u);
}

TEST_F(SessionsTest, APutFollowsItsFileAndComesBeforeItsRemoval) {
  Inode f = put("/f", "one");
  SessionRecord moved = must_open("/f");
  ASSERT_TRUE(write([&](WriteTransaction& t) {
                return rename(t, {InodeId{}, "/f"}, {InodeId{}, "/g"}, {}).status();
              }).ok());
  ASSERT_TRUE(commit(moved, "two", {a_, b_}).ok());
  EXPECT_EQ(look("/g")->content, content_of("two"));
  EXPECT_EQ(look("/g")->id, f.id);

  SessionRecord doomed = must_open("/g");
  drop("/g");
  auto outcome = commit(doomed, "three", {a_, b_});
  ASSERT_TRUE(outcome.ok());
  EXPECT_TRUE(outcome->superseded);
  EXPECT_EQ(look("/g").status().code(), Code::kNotFound);
  EXPECT_EQ(rows(doomed.replica).front().second, ReplicaState::kDeleting);
}

TEST_F(SessionsTest, WhatStandsInTheWay) {
  mkdir("/d");
  put("/f", "x");
  EXPECT_EQ(open_put("/d").status().reason(), Reason::kIsDirectory);
  Status missing = open_put("/none/f").status();
  EXPECT_EQ(missing.code(), Code::kNotFound);
  EXPECT_THAT(missing.message(), HasSubstr("/none"));
  OpenRequest strict;
  strict.no_replace = true;
  EXPECT_EQ(open_put("/f", strict).status().code(), Code::kAlreadyExists);
  OpenRequest huge;
  huge.size = kContentBytesMax + 1;
  EXPECT_EQ(open_put("/h", huge).status().code(), Code::kInvalidArgument);
  OpenRequest odd;
  odd.target = -1;
  EXPECT_EQ(open_put("/h", odd).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(open_put("/..").status().code(), Code::kInvalidArgument);
}

TEST_F(SessionsTest, WhatCameInTheWayBeforeTheCommit) {
  OpenRequest strict;
  strict.no_replace = true;
  auto once = open_put("/f", strict);
  put("/f", "other");
  EXPECT_EQ(commit(*once, "mine", {a_}).status().code(), Code::kAlreadyExists);
  EXPECT_EQ(look("/f")->content, content_of("other"));

  SessionRecord onto_directory = must_open("/d");
  mkdir("/d");
  EXPECT_EQ(commit(onto_directory, "x", {a_}).status().reason(), Reason::kIsDirectory);

  mkdir("/gone");
  SessionRecord orphan = must_open("/gone/f");
  drop("/gone");
  EXPECT_EQ(commit(orphan, "x", {a_}).status().code(), Code::kNotFound);
}

TEST_F(SessionsTest, AbortTurnsTheChainIntoDeletions) {
  SessionRecord session = must_open("/f");
  ASSERT_TRUE(abort_put(session).ok());
  EXPECT_THAT(rows(session.replica), UnorderedElementsAre(std::pair(a_, ReplicaState::kDeleting),
                                                          std::pair(b_, ReplicaState::kDeleting)));
  EXPECT_TRUE(*view()->is_tombstone(session.replica));
  Status late = commit(session, "x", {a_, b_}).status();
  EXPECT_EQ(late.code(), Code::kAborted);
  EXPECT_EQ(late.reason(), Reason::kSessionLost);
  EXPECT_TRUE(abort_put(session).ok()) << "ending it again is no error";
}

TEST_F(SessionsTest, ExtensionsGrowAndNeverShrink) {
  OpenRequest request;
  request.size = 100;
  auto session = open_put("/f", request);
  auto extend = [&](uint64_t size) {
    return make<SessionRecord>([&](WriteTransaction& t) { return extend_session(t, session->id, size); });
  };
  EXPECT_EQ(extend(500)->size, 500u);
  EXPECT_EQ(extend(10)->size, 500u);
  EXPECT_EQ(extend(kContentBytesMax + 1).status().code(), Code::kInvalidArgument);
  ASSERT_TRUE(abort_put(*session).ok());
  EXPECT_EQ(extend(600).status().reason(), Reason::kSessionLost);
}

TEST_F(SessionsTest, TheTargetIsTheSessionsOrTheFilesOrTheDefault) {
  OpenRequest five;
  five.target = 5;
  auto session = open_put("/f", five);
  EXPECT_EQ(commit(*session, "x", {a_})->inode.target, 5);
  put("/f", "y");
  EXPECT_EQ(look("/f")->target, 5);
  EXPECT_EQ(look("/f")->own_target, 5);
  CommitRequest request;
  SessionRecord fresh = must_open("/g");
  request.session = fresh.id;
  request.content = content_of("z");
  request.receipts = {receipt(fresh, a_, request.content)};
  request.modified = FileTime{17, 3};
  auto outcome = commit(request, 1.5);
  EXPECT_EQ(outcome->inode.target, 1.5);
  EXPECT_EQ(outcome->inode.target_source, TargetSource::kDefault);
  EXPECT_EQ(look("/g")->modified, (FileTime{17, 3}));
}

TEST_F(SessionsTest, ANewFilesNIsThePolicysFromItsCommitOn) {
  mkdir("/music");
  mkdir("/kept");
  ASSERT_TRUE(write([&](WriteTransaction& t) {
                return set_target(t, {InodeId{}, "/kept"}, 4).status();
              }).ok());
  auto policy = *make_policy({"rules: [{path: '/music/*', size: {below: 1K}, target: 6}]", "", 1}, "p", 2);
  auto born = [&](const std::string& path, const std::string& bytes) {
    SessionRecord session = must_open(path);
    CommitRequest request;
    request.session = session.id;
    request.content = content_of(bytes);
    request.receipts = {receipt(session, a_, request.content)};
    auto outcome =
        make<CommitOutcome>([&](WriteTransaction& t) { return commit_session(t, request, policy); });
    EXPECT_TRUE(outcome.ok()) << outcome.status().to_string();
    return std::pair(look(path)->target, look(path)->target_source);
  };
  EXPECT_EQ(born("/music/a", "x"), std::pair(6.0, TargetSource::kRule));
  EXPECT_EQ(born("/music/big", std::string(1024, 'x')), std::pair(2.0, TargetSource::kDefault));
  EXPECT_EQ(born("/kept/a", "x"), std::pair(4.0, TargetSource::kDirectory));
  // So that its chain is admitted with the same N.
  OpenRequest request;
  request.path = {InodeId{}, "/kept/b"};
  EXPECT_EQ(plan_session(*view(), request, policy)->target, 4);
  request.path = {InodeId{}, "/music/b"};
  EXPECT_EQ(plan_session(*view(), request, policy)->target, 6);
  request.target = 1.5;
  EXPECT_EQ(plan_session(*view(), request, policy)->target, 1.5);
}

TEST_F(SessionsTest, SessionsOutliveTheProcess) {
  SessionRecord session = must_open("/f");
  reopen();
  EXPECT_EQ(**view()->session(session.id), session);
  ASSERT_TRUE(commit(session, "late", {a_, b_}).ok());
  EXPECT_EQ(look("/f")->content, content_of("late"));
}

TEST(LeasesTest, RunOutInOrderUnlessRenewed) {
  ManualClock clock;
  Leases leases(std::chrono::seconds(30));
  leases.renew(SessionId{1}, clock.now());
  leases.renew(SessionId{2}, clock.now());
  clock.advance(std::chrono::seconds(20));
  leases.renew(SessionId{3}, clock.now());
  EXPECT_TRUE(leases.renew_known(SessionId{1}, clock.now()));
  clock.advance(std::chrono::seconds(10));
  EXPECT_EQ(leases.take_expired(clock.now()), std::vector{SessionId{2}});
  EXPECT_FALSE(leases.renew_known(SessionId{2}, clock.now()));
  leases.end(SessionId{3});
  clock.advance(std::chrono::seconds(20));
  EXPECT_EQ(leases.take_expired(clock.now()), std::vector{SessionId{1}});
  EXPECT_EQ(leases.size(), 0u);
}

}  // namespace
}  // namespace fsdfs::master
