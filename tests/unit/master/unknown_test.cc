// Replicas that no record speaks of: what an operator may make of them, and that nothing else happens to
// them.
#include "control_fixture.h"
#include "master/control/settle_unknown.h"

namespace fsdfs::master {
namespace {

using ::testing::HasSubstr;

class UnknownTest : public ControlFixture {
 protected:
  static ReplicaId replica(uint64_t inode, uint64_t counter) {
    return {InodeId{compose_with_epoch(Epoch{1}, 1'000'000 + inode)}, {Epoch{1}, 1'000'000 + counter}};
  }
  std::vector<UnknownCopy> unknown(InodeId inode = {}) {
    std::promise<std::vector<UnknownCopy>> answer;
    auto future = answer.get_future();
    EXPECT_TRUE(loop_->ask_nodes([&](const NodeDirectory& nodes) {
      std::vector<UnknownCopy> copies;
      for (const auto& [id, node] : nodes.all()) {
        for (const auto& [key, held] : node.unknown.listed()) {
          if (inode == InodeId{} || key.inode == inode) copies.push_back({id, held});
        }
      }
      answer.set_value(std::move(copies));
    }));
    return future.get();
  }
  UnknownAdoption adoption(const ReplicaId& id, const std::string& name) {
    UnknownAdoption adoption;
    adoption.replica = id;
    adoption.copies = unknown(id.inode);
    adoption.origin.name = name;
    adoption.origin.mode = 0640;
    adoption.origin.uid = 11;
    adoption.origin.gid = 22;
    adoption.origin.modified = {1234, 5};
    adoption.origin.metadata_counter = 7;
    adoption.directories = {0755, 0, 0};
    return adoption;
  }
  Result<AdoptedFile> adopt(const UnknownAdoption& request) {
    return make<AdoptedFile>([&](WriteTransaction& transaction) {
      return adopt_unknown(transaction, request, Policy{.default_target = 3});
    });
  }
  Result<PurgedUnknown> purge(const ReplicaId& id) {
    return make<PurgedUnknown>([&, copies = unknown(id.inode)](WriteTransaction& transaction) {
      return purge_unknown(transaction, id, copies);
    });
  }
  void hold(std::initializer_list<uint8_t> nodes, const ReplicaId& id, const std::string& bytes) {
    for (uint8_t number : nodes) node(number).hold(id, content_of(bytes));
  }
  size_t rows(const ReplicaId& id, ReplicaState state) {
    auto replicas = view()->replicas(id.inode);
    return static_cast<size_t>(std::count_if(replicas->begin(), replicas->end(), [&](const auto& row) {
      return row.replica == id && row.state == state;
    }));
  }
};

TEST_F(UnknownTest, AnAdoptedOneIsAFileWithAllItsCopiesAndGetsMore) {
  const ReplicaId id = replica(1, 1);
  hold({1, 2}, id, "lost bytes");
  join_all({1, 2, 3});
  ASSERT_EQ(unknown().size(), 2u);
  auto adopted = adopt(adoption(id, "a name"));
  ASSERT_TRUE(adopted.ok()) << adopted.status().to_string();
  EXPECT_EQ(adopted->path, "/lost+found/a name");
  EXPECT_EQ(adopted->holders, 2u);
  auto found = lookup(*view(), {kRootInode, "lost+found/a name"});
  ASSERT_TRUE(found.ok());
  const Inode& inode = found->inode;
  EXPECT_EQ(inode.id, id.inode);
  EXPECT_EQ(inode.version, id.version);
  EXPECT_EQ(inode.content, content_of("lost bytes"));
  EXPECT_EQ(inode.mode, 0640u);
  EXPECT_EQ(inode.uid, 11u);
  EXPECT_EQ(inode.gid, 22u);
  EXPECT_EQ(inode.modified, (FileTime{1234, 5}));
  EXPECT_EQ(inode.target, 3);
  EXPECT_GT(inode.metadata_counter, 7u);
  EXPECT_TRUE(eventually([&] { return rows(id, ReplicaState::kWhole) == 3; })) << "the third copy is made";
  EXPECT_TRUE(unknown().empty());
  restart();
  join_all({1, 2, 3});
  EXPECT_TRUE(unknown().empty());
  EXPECT_EQ(rows(id, ReplicaState::kWhole), 3u);
}

TEST_F(UnknownTest, NamesThatAreTakenGetANumberAndNonsenseTheInodes) {
  for (uint64_t i = 1; i <= 4; ++i) hold({1}, replica(i, i), "x");
  join_all({1});
  EXPECT_EQ(adopt(adoption(replica(1, 1), "f"))->path, "/lost+found/f");
  EXPECT_EQ(adopt(adoption(replica(2, 2), "f"))->path, "/lost+found/f.1");
  std::string number = std::to_string(replica(3, 3).inode.value);
  EXPECT_EQ(adopt(adoption(replica(3, 3), "../etc"))->path, "/lost+found/inode-" + number);
  UnknownAdoption elsewhere = adoption(replica(4, 4), std::string(255, 'n'));
  elsewhere.directory = "/some/where";
  mkdir("some/where/" + std::string(255, 'n'));
  EXPECT_EQ(adopt(elsewhere)->path, "/some/where/" + std::string(253, 'n') + ".1");
}

TEST_F(UnknownTest, WhatCannotBeAFileIsRefusedWithTheReason) {
  hold({1, 2}, replica(1, 1), "x");
  node(2).hold(replica(1, 1), content_of("y"));
  hold({1}, replica(2, 2), "x");
  node(1).held[replica(2, 2)].state = ReplicaState::kQuarantined;
  join_all({1, 2});
  EXPECT_THAT(adopt(adoption(replica(1, 1), "f")).status().message(), HasSubstr("different contents"));
  EXPECT_EQ(adopt(adoption(replica(2, 2), "f")).status().code(), Code::kDataLoss);
  EXPECT_EQ(adopt(adoption(replica(3, 3), "f")).status().code(), Code::kNotFound);
  EXPECT_EQ(unknown().size(), 3u);
  EXPECT_FALSE(lookup(*view(), {kRootInode, "lost+found"}).ok()) << "nothing was made for it";
}

TEST_F(UnknownTest, ATakenInodeIsNamed) {
  join_all({1, 2});
  Inode f = put("/f", "old", 2);
  ReplicaId newer{f.id, {f.version.epoch, f.version.counter + 1000}};
  node(1).add_change({newer, content_of("newer"), ReplicaState::kWhole});
  ASSERT_TRUE(eventually([&] { return unknown().size() == 1; }));
  auto refused = adopt(adoption(newer, "f"));
  EXPECT_EQ(refused.status().code(), Code::kFailedPrecondition);
  EXPECT_THAT(refused.status().message(), HasSubstr("/f, at version"));
  EXPECT_EQ(unknown().size(), 1u);
}

TEST_F(UnknownTest, OlderVersionsBecomeKnownWithTheNewest) {
  hold({1}, replica(1, 5), "newest");
  hold({2, 3}, replica(1, 4), "older");
  join_all({1, 2, 3});
  ASSERT_EQ(unknown().size(), 3u);
  ASSERT_TRUE(adopt(adoption(replica(1, 5), "f")).ok());
  EXPECT_TRUE(eventually([&] { return unknown().empty(); }));
  EXPECT_TRUE(eventually([&] {
    return rows(replica(1, 5), ReplicaState::kWhole) == 3 && rows(replica(1, 4), ReplicaState::kStale) == 0 &&
           !node(2).held.contains(replica(1, 4));
  })) << "and go as any old version does";
}

TEST_F(UnknownTest, PurgedIsDeletedAndNothingElse) {
  hold({1, 2}, replica(1, 1), "bytes");
  hold({1, 2}, replica(2, 2), "kept");
  join_all({1, 2});
  node(2).obeys_deletions = false;
  auto purged = purge(replica(1, 1));
  ASSERT_TRUE(purged.ok()) << purged.status().to_string();
  EXPECT_EQ(purged->holders, 2u);
  EXPECT_EQ(purged->bytes, 10u);
  EXPECT_TRUE(eventually([&] { return node(1).deletions.size() == 1 && node(2).deletions.size() == 1; }));
  EXPECT_TRUE(eventually([&] { return rows(replica(1, 1), ReplicaState::kDeleting) == 1; }))
      << "until the other has confirmed";
  EXPECT_EQ(unknown().size(), 2u);
  EXPECT_EQ(purge(replica(1, 1)).status().code(), Code::kNotFound);
  EXPECT_EQ(adopt(adoption(replica(1, 1), "f")).status().code(), Code::kNotFound);
  // A node that missed the order is told again, also by the next master.
  restart();
  node(2).deletions.clear();
  node(2).obeys_deletions = true;
  join_all({1, 2});
  EXPECT_TRUE(eventually([&] { return node(2).held.count(replica(1, 1)) == 0; }));
  EXPECT_TRUE(eventually([&] { return rows(replica(1, 1), ReplicaState::kDeleting) == 0; }));
  EXPECT_EQ(node(1).held.count(replica(2, 2)), 1u);
  EXPECT_EQ(unknown().size(), 2u);
}

TEST_F(UnknownTest, WhatBecameKnownMeanwhileIsNotPurged) {
  hold({1}, replica(1, 1), "bytes");
  join_all({1});
  auto copies = unknown();
  ASSERT_TRUE(adopt(adoption(replica(1, 1), "f")).ok());
  auto purged = make<PurgedUnknown>(
      [&](WriteTransaction& transaction) { return purge_unknown(transaction, replica(1, 1), copies); });
  EXPECT_EQ(purged.status().code(), Code::kNotFound);
  EXPECT_EQ(rows(replica(1, 1), ReplicaState::kWhole), 1u);
}

TEST_F(UnknownTest, WithoutAnOperatorNothingHappensToThem) {
  hold({1, 2}, replica(1, 1), "bytes");
  join_all({1, 2});
  pass(std::chrono::seconds(30));
  EXPECT_TRUE(node(1).deletions.empty());
  EXPECT_TRUE(node(2).deletions.empty());
  EXPECT_EQ(unknown().size(), 2u);
}

}  // namespace
}  // namespace fsdfs::master
