#include <atomic>
#include <thread>

#include "common/sqlite/migrations.h"
#include "master/store/log_codec.h"
#include "master/store/schema.h"
#include "store_fixture.h"

namespace fsdfs::master {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

class StoreTest : public StoreFixture {
 protected:
  Inode file(uint64_t id, uint64_t size = 10) {
    Inode inode;
    inode.id = InodeId{id};
    inode.mode = 0644;
    inode.links = 1;
    inode.version = {Epoch{1}, id};
    inode.content.size = size;
    inode.content.digest.bytes[3] = 7;
    inode.target = 2.5;
    inode.modified = {-5, 999'999'999};
    return inode;
  }
  Status add_file(uint64_t id, uint64_t size = 10) {
    return write([&](WriteTransaction& transaction) { return transaction.add_inode(file(id, size)); });
  }
};

TEST_F(StoreTest, FreshStoreHasARootAndAnEpoch) {
  EXPECT_EQ(store_->epoch(), Epoch{1});
  EXPECT_FALSE(store_->swarm().none());
  auto root = view()->inode(kRootInode);
  ASSERT_TRUE(root.ok() && root->has_value());
  EXPECT_EQ((*root)->type, FileType::kDirectory);
  EXPECT_EQ((*root)->links, 2u);
  auto totals = view()->totals();
  EXPECT_EQ(totals->directories, 1u);
  EXPECT_EQ(totals->files, 0u);
}

TEST_F(StoreTest, EveryOpenTakesANewEpochAndKeepsTheSwarm) {
  SwarmId swarm = store_->swarm();
  InodeId before = store_->new_inode_id();
  reopen();
  EXPECT_EQ(store_->epoch(), Epoch{2});
  EXPECT_EQ(store_->swarm(), swarm);
  EXPECT_NE(store_->new_inode_id(), before);
  EXPECT_EQ(store_->new_inode_id().value >> 40, 2u);
  EXPECT_EQ(store_->new_version().epoch, Epoch{2});
}

TEST_F(StoreTest, RaiseEpochGoesAboveWhatWasSeenAndStays) {
  ASSERT_TRUE(store_->raise_epoch(Epoch{41}).ok());
  EXPECT_EQ(store_->epoch(), Epoch{42});
  ASSERT_TRUE(store_->raise_epoch(Epoch{7}).ok());
  EXPECT_EQ(store_->epoch(), Epoch{42});
  reopen();
  EXPECT_EQ(store_->epoch(), Epoch{43});
}

TEST_F(StoreTest, RecordsComeBackAsTheyWere) {
  NodeRecord node = add_node(3);
  node.key.bytes[31] = 9;
  node.admin_state = AdminState::kDraining;
  Inode inode = file(77);
  Entry entry{kRootInode, std::string("\xff\x00/", 2), 5, inode.id};
  ReplicaRecord replica{{inode.id, inode.version}, node.id, ReplicaState::kStale, 10, {3, 4}};
  SessionRecord session{SessionId{9},
                        {inode.id, {Epoch{1}, 99}},
                        kRootInode,
                        "n\xfe",
                        true,
                        true,
                        123,
                        0640,
                        1,
                        2,
                        1.5,
                        2,
                        {node.id, NodeId{}}};
  ASSERT_TRUE(write([&](WriteTransaction& transaction) -> Status {
                FSDFS_TRY(transaction.put_node(node));
                FSDFS_TRY(transaction.add_inode(inode));
                FSDFS_TRY(transaction.add_entry(entry));
                FSDFS_TRY(transaction.put_replica(replica));
                return transaction.add_session(session);
              }).ok());
  reopen();
  auto at = view();
  EXPECT_EQ(**at->inode(inode.id), inode);
  EXPECT_EQ(**at->entry(kRootInode, entry.name), entry);
  EXPECT_EQ(**at->name_of(inode.id), entry);
  EXPECT_THAT(*at->replicas(inode.id), ElementsAre(replica));
  EXPECT_EQ(**at->node(node.id), node);
  EXPECT_EQ(**at->session(session.id), session);
  EXPECT_EQ(**at->session_of(session.replica), session);
  session.target.reset();
  ASSERT_TRUE(write([&](WriteTransaction& transaction) -> Status {
                FSDFS_TRY(transaction.remove_session(session.id, false));
                session.id = SessionId{10};
                return transaction.add_session(session);
              }).ok());
  EXPECT_EQ(**view()->session(session.id), session);
}

TEST_F(StoreTest, AnOperationThatFailsHasNotHappenedAndOthersOfItsGroupHave) {
  RecordingListener listener;
  store_->add_listener(listener);
  std::atomic<int> answered{0};
  std::vector<Status> results(3);
  for (size_t i = 0; i < 3; ++i) {
    store_->submit(
        {},
        [this, i](WriteTransaction& transaction) -> Result<std::string> {
          FSDFS_TRY(transaction.add_inode(file(100 + i)));
          if (i == 1) return not_found("on purpose");
          return std::string();
        },
        [&results, &answered, i](const Result<std::string>& result) {
          results[i] = result.status();
          ++answered;
        });
  }
  store_->close();
  ASSERT_EQ(answered, 3);
  EXPECT_TRUE(results[0].ok());
  EXPECT_EQ(results[1].code(), Code::kNotFound);
  EXPECT_TRUE(results[2].ok());
  ASSERT_THAT(listener.entries, SizeIs(2));
  EXPECT_EQ(listener.entries[1].sequence, listener.entries[0].sequence + 1);
  reopen();
  EXPECT_TRUE((*view()->inode(InodeId{100})).has_value());
  EXPECT_FALSE((*view()->inode(InodeId{101})).has_value());
  EXPECT_TRUE((*view()->inode(InodeId{102})).has_value());
  EXPECT_EQ(view()->totals()->files, 2u);
  EXPECT_EQ(view()->totals()->bytes, 20u);
}

TEST_F(StoreTest, ARepeatedRequestIsAnsweredAndNotDoneAgainAlsoAfterARestart) {
  RequestId request{random_id<ClientId>(), 7};
  int runs = 0;
  auto operation = [&](WriteTransaction& transaction) -> Result<std::string> {
    ++runs;
    FSDFS_TRY(transaction.add_inode(file(1000 + static_cast<uint64_t>(runs))));
    return "reply " + std::to_string(runs);
  };
  EXPECT_EQ(*store_->write({false, request}, operation), "reply 1");
  EXPECT_EQ(*store_->write({false, request}, operation), "reply 1");
  reopen();
  EXPECT_EQ(*store_->write({false, request}, operation), "reply 1");
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(view()->totals()->files, 1u);
  RequestId next{request.client, 8};
  EXPECT_EQ(*store_->write({false, next}, operation), "reply 2");
}

TEST_F(StoreTest, AFailedRequestIsNotRemembered) {
  RequestId request{random_id<ClientId>(), 1};
  bool fail = true;
  auto operation = [&](WriteTransaction&) -> Result<std::string> {
    if (fail) return unavailable("not yet");
    return std::string("done");
  };
  EXPECT_EQ(store_->write({false, request}, operation).status().code(), Code::kUnavailable);
  fail = false;
  EXPECT_EQ(*store_->write({false, request}, operation), "done");
}

TEST_F(StoreTest, RepliesAreForgottenOnlyAfterTheirTime) {
  RequestId request{random_id<ClientId>(), 1};
  auto operation = [](WriteTransaction&) -> Result<std::string> { return std::string("kept"); };
  ASSERT_TRUE(store_->write({false, request}, operation).ok());
  auto remembered_after = [&](Duration time) {
    clock_.advance(time);
    // The next group prunes after its answer; the one behind it sees what that left.
    EXPECT_TRUE(write([](WriteTransaction&) { return Status(); }).ok());
    EXPECT_TRUE(write([](WriteTransaction&) { return Status(); }).ok());
    return view()->remembered_reply(request)->has_value();
  };
  EXPECT_TRUE(remembered_after(std::chrono::minutes(59)));
  EXPECT_FALSE(remembered_after(std::chrono::minutes(2)));
}

// What a process that is killed leaves: the files as they are while the store is open.
TEST_F(StoreTest, WhatWasAnsweredIsInTheFilesOfAKilledProcess) {
  for (uint64_t i = 0; i < 50; ++i) ASSERT_TRUE(add_file(200 + i).ok());
  std::string copy = directory_ + "/killed";
  std::filesystem::create_directory(copy);
  for (const char* suffix : {"", "-wal"}) {
    std::filesystem::copy_file(database() + suffix, copy + "/master.db" + suffix);
  }
  auto killed = SqliteStore::open(copy + "/master.db", clock_, logger_);
  ASSERT_TRUE(killed.ok()) << killed.status().to_string();
  EXPECT_EQ((*killed)->epoch(), Epoch{2});
  auto at = (*killed)->read();
  for (uint64_t i = 0; i < 50; ++i) EXPECT_TRUE((*at)->inode(InodeId{200 + i})->has_value()) << i;
  EXPECT_EQ((*at)->totals()->files, 50u);
}

TEST_F(StoreTest, TheLogTellsEveryChangeInOrder) {
  auto before = view()->log_after(0, 100);
  ASSERT_TRUE(before.ok());
  ASSERT_TRUE(add_file(5).ok());
  ASSERT_TRUE(write([&](WriteTransaction& transaction) { return transaction.remove_inode(file(5)); }).ok());
  auto after = view()->log_after(before->size(), 100);
  ASSERT_THAT(*after, SizeIs(2));
  auto first = decode_log_entry((*after)[0]);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first->sequence, before->size() + 1);
  ASSERT_THAT(first->records, SizeIs(1));
  EXPECT_EQ(std::get<InodeChanged>(first->records[0]).inode.id, InodeId{5});
  auto second = decode_log_entry((*after)[1]);
  EXPECT_EQ(std::get<InodeRemoved>(second->records[0]).inode, InodeId{5});
}

TEST_F(StoreTest, TheLogIsBoundedAndSaysWhenItNoLongerReachesBack) {
  store_.reset();
  open({.log_entries_kept = 10});
  for (uint64_t i = 0; i < 40; ++i) ASSERT_TRUE(add_file(300 + i).ok());
  clock_.advance(std::chrono::seconds(6));
  ASSERT_TRUE(add_file(400).ok());
  ASSERT_TRUE(add_file(401).ok());  // behind the prune
  EXPECT_EQ(view()->log_after(0, 100).status().code(), Code::kOutOfRange);
  auto last = decode_log_entry(view()->log_after(35, 100)->back());
  EXPECT_EQ(std::get<InodeChanged>(last->records[0]).inode.id, InodeId{401});
}

TEST_F(StoreTest, ListenersHearInOrderBeforeTheAnswer) {
  RecordingListener listener;
  store_->add_listener(listener);
  std::vector<std::thread> threads;
  std::atomic<bool> late{false};
  for (uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (uint64_t i = 0; i < 50; ++i) {
        if (!add_file(1000 * (t + 1) + i).ok()) late = true;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_FALSE(late);
  ASSERT_THAT(listener.entries, SizeIs(200));
  for (size_t i = 1; i < listener.entries.size(); ++i) {
    EXPECT_EQ(listener.entries[i].sequence, listener.entries[i - 1].sequence + 1);
  }
}

TEST_F(StoreTest, DirectoriesArePagedByCookie) {
  for (uint64_t i = 0; i < 10; ++i) {
    ASSERT_TRUE(write([&](WriteTransaction& transaction) -> Status {
                  FSDFS_TRY(transaction.add_inode(file(500 + i)));
                  return transaction.add_entry(
                      {kRootInode, "f" + std::to_string(9 - i), transaction.new_cookie(), InodeId{500 + i}});
                }).ok());
  }
  auto first = view()->children(kRootInode, 0, 4);
  ASSERT_THAT(*first, SizeIs(4));
  EXPECT_EQ(first->front().entry.name, "f9");
  EXPECT_EQ(first->front().inode.id, InodeId{500});
  // What was seen may go; the next page starts behind it all the same.
  ASSERT_TRUE(write([&](WriteTransaction& t) { return t.remove_entry(first->back().entry); }).ok());
  auto rest = view()->children(kRootInode, first->back().entry.cookie, 100);
  ASSERT_THAT(*rest, SizeIs(6));
  EXPECT_EQ(rest->front().entry.name, "f5");
}

TEST_F(StoreTest, FilesPageCarriesReplicasAlsoOfInodesThatAreGone) {
  NodeRecord node = add_node(1);
  for (uint64_t i = 0; i < 5; ++i) ASSERT_TRUE(add_file(600 + i).ok());
  auto put = [&](uint64_t inode, ReplicaState state) {
    return write([&](WriteTransaction& transaction) {
      return transaction.put_replica({{InodeId{inode}, {Epoch{1}, inode}}, node.id, state, 1, {}});
    });
  };
  ASSERT_TRUE(put(601, ReplicaState::kWhole).ok());
  ASSERT_TRUE(put(599, ReplicaState::kDeleting).ok());
  ASSERT_TRUE(put(900, ReplicaState::kDeleting).ok());
  std::vector<uint64_t> files, replicas;
  InodeId after;
  for (int page = 0; page < 10; ++page) {
    auto read = view()->files(after, 2);
    ASSERT_TRUE(read.ok());
    for (const Inode& inode : read->files) files.push_back(inode.id.value);
    for (const ReplicaRecord& replica : read->replicas) replicas.push_back(replica.replica.inode.value);
    if (read->end) break;
    after = read->last;
  }
  EXPECT_THAT(files, ElementsAre(600, 601, 602, 603, 604));
  EXPECT_THAT(replicas, ElementsAre(599, 601, 900));
  auto deletions = view()->deletions_on(node.id, {}, 10);
  EXPECT_THAT(*deletions, SizeIs(2));
  EXPECT_THAT(*view()->replicas_on(node.id, {InodeId{600}, {}}, 10), SizeIs(2));
}

TEST_F(StoreTest, HoldingsOfASpanComeWithTheContentOfCurrentVersions) {
  NodeRecord node = add_node(1), other = add_node(2);
  for (uint64_t i = 600; i < 605; ++i) ASSERT_TRUE(add_file(i).ok());
  auto put = [&](uint64_t inode, const Version& version, const NodeId& on) {
    ASSERT_TRUE(
        write([&](WriteTransaction& transaction) {
          return transaction.put_replica({{InodeId{inode}, version}, on, ReplicaState::kWhole, 1, {}});
        }).ok());
  };
  const Inode current = **view()->inode(InodeId{602});
  const Version old{Epoch{0}, 7};
  put(601, old, node.id);
  put(602, old, node.id);
  put(602, current.version, node.id);
  put(602, current.version, other.id);
  put(900, current.version, node.id);
  auto all = view()->holdings_on(node.id, {{}, kReplicaIdMax}, 100);
  ASSERT_THAT(*all, SizeIs(4));
  EXPECT_EQ(all->at(2).row.replica, (ReplicaId{InodeId{602}, current.version}));
  EXPECT_EQ(all->at(2).content, current.content);
  for (size_t i : {0U, 1U, 3U}) EXPECT_FALSE(all->at(i).content.has_value()) << i;
  ReplicaSpan middle{{InodeId{601}, old}, {InodeId{602}, current.version}};
  EXPECT_THAT(*view()->holdings_on(node.id, middle, 100), SizeIs(2)) << "without its start, with its end";
  EXPECT_THAT(*view()->holdings_on(node.id, middle, 1), SizeIs(1));
}

TEST_F(StoreTest, TombstonesSpeakOfVersionsAndOfWholeInodes) {
  ReplicaId one{InodeId{8}, {Epoch{1}, 4}};
  ASSERT_TRUE(write([&](WriteTransaction& transaction) -> Status {
                FSDFS_TRY(transaction.add_tombstone(one));
                FSDFS_TRY(transaction.add_tombstone(one));
                return transaction.add_tombstone({InodeId{9}, {}});
              }).ok());
  EXPECT_TRUE(*view()->is_tombstone(one));
  EXPECT_FALSE(*view()->is_tombstone({InodeId{8}, {Epoch{1}, 5}}));
  EXPECT_TRUE(*view()->is_tombstone({InodeId{9}, {Epoch{1}, 5}}));
}

TEST_F(StoreTest, PolicyVarsAndReadsStayAndGoWithTheFile) {
  ASSERT_TRUE(add_file(600).ok());
  EXPECT_EQ(*view()->policy(), PolicyRecord{});
  ASSERT_TRUE(write([&](WriteTransaction& t) -> Status {
                FSDFS_TRY(t.put_policy({"rules: []", "code", 1}));
                FSDFS_TRY(t.put_policy({"rules: []\n", "", 2}));
                FSDFS_TRY(t.put_vars(InodeId{600}, {{"a", 1.5}, {"b", -2}}));
                FSDFS_TRY(t.put_vars(InodeId{600}, {{"b", 3}, {"c", 4}}));
                FSDFS_TRY(t.put_reads({InodeId{600}, 2.5, 0}));
                return t.put_reads({InodeId{600}, 3.5, 7});
              }).ok());
  reopen();
  EXPECT_EQ(*view()->policy(), (PolicyRecord{"rules: []\n", "", 2}));
  EXPECT_EQ(*view()->vars(InodeId{600}), (Vars{{"b", 3}, {"c", 4}}));
  EXPECT_EQ(view()->vars_between(InodeId{599}, InodeId{600})->size(), 1u);
  EXPECT_EQ(view()->vars_between(InodeId{600}, InodeId{700})->size(), 0u);
  EXPECT_EQ(**view()->reads(InodeId{600}), (ReadsRecord{InodeId{600}, 3.5, 7}));
  EXPECT_THAT(*view()->reads_after(InodeId{}, 10), SizeIs(1));
  EXPECT_THAT(*view()->reads_between(InodeId{600}, InodeId{700}), SizeIs(0));
  ASSERT_TRUE(write([&](WriteTransaction& t) { return t.remove_inode(file(600)); }).ok());
  EXPECT_EQ(*view()->vars(InodeId{600}), Vars{});
  EXPECT_FALSE(view()->reads(InodeId{600})->has_value());
}

TEST_F(StoreTest, WhatComputesNIsInTheLog) {
  LogEntry entry{7, Epoch{2}, {5, 6}, {}};
  Inode inode = file(600);
  inode.own_target = 2.5;
  inode.target_source = TargetSource::kOwn;
  entry.records = {InodeChanged{inode}, PolicyChanged{{"rules: []", "code", 3}},
                   VarsChanged{InodeId{600}, {{"a", 1.5}}}};
  auto decoded = decode_log_entry(encode_log_entry(entry));
  ASSERT_TRUE(decoded.ok()) << decoded.status().message();
  ASSERT_THAT(decoded->records, SizeIs(3));
  EXPECT_EQ(std::get<InodeChanged>(decoded->records[0]).inode, inode);
  EXPECT_EQ(std::get<PolicyChanged>(decoded->records[1]).policy, (PolicyRecord{"rules: []", "code", 3}));
  EXPECT_EQ(std::get<VarsChanged>(decoded->records[2]).vars, (Vars{{"a", 1.5}}));
}

// Of a database from before there was a policy: what differs from the rest was set by somebody.
TEST_F(StoreTest, AnUpgradeKeepsTargetsThatWereSetByHand) {
  store_.reset();
  std::filesystem::remove(database());
  {
    auto old = sqlite::Database::open(database());
    ASSERT_TRUE(old.ok());
    ASSERT_TRUE(sqlite::migrate(**old, master_migrations().first(1)).ok());
    for (int id = 600; id < 605; ++id) {
      ASSERT_TRUE((*old)
                      ->execute("INSERT INTO inodes VALUES (" + std::to_string(id) +
                                ", 1, 420, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 1, 5, x'', " +
                                (id == 602 ? "5" : "2") + ", x'', 0, 1, 0)")
                      .ok());
    }
  }
  open();
  EXPECT_EQ((*view()->inode(InodeId{602}))->own_target, 5);
  EXPECT_EQ((*view()->inode(InodeId{602}))->target_source, TargetSource::kOwn);
  EXPECT_EQ((*view()->inode(InodeId{600}))->own_target, std::nullopt);
  EXPECT_EQ((*view()->inode(InodeId{600}))->target, 2);
}

TEST_F(StoreTest, AClosedStoreRefuses) {
  store_->close();
  EXPECT_EQ(add_file(1).code(), Code::kUnavailable);
}

}  // namespace
}  // namespace fsdfs::master
