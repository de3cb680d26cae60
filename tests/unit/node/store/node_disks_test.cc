#include "node/store/node_disks.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/unit/node/store_fixture.h"

namespace fsdfs::node {
namespace {

class NodeDisksTest : public StoreTest {
 protected:
  Result<std::unique_ptr<NodeDisks>> open_disks() { return NodeDisks::open(disk_, paths_, logger_); }
};

TEST_F(NodeDisksTest, AFreshOneIsMadeAndKeepsItsNode) {
  NodeId node;
  {
    auto disks = open_disks();
    ASSERT_TRUE(ok(disks));
    node = (*disks)->node();
    EXPECT_FALSE(node.none());
    EXPECT_EQ((*disks)->incarnation(), Incarnation{1});
    EXPECT_TRUE((*disks)->identity().swarm.none());
    EXPECT_TRUE(disk_.all_synced(data_path_));
  }
  auto again = open_disks();
  ASSERT_TRUE(ok(again));
  EXPECT_EQ((*again)->node(), node);
  EXPECT_EQ((*again)->incarnation(), Incarnation{2});
}

TEST_F(NodeDisksTest, TheIncarnationHasGrownDurablyBeforeItIsUsed) {
  for (uint64_t start = 1; start <= 3; ++start) {
    auto disks = open_disks();
    ASSERT_TRUE(ok(disks));
    EXPECT_EQ((*disks)->incarnation(), Incarnation{start});
    ASSERT_TRUE(ok(disk_.power_cut()));
    disks->reset();
    disk_.power_on();
  }
}

TEST_F(NodeDisksTest, TwoAtOnceAreRefused) {
  auto first = open_disks();
  ASSERT_TRUE(ok(first));
  auto second = open_disks();
  EXPECT_EQ(second.status().code(), Code::kFailedPrecondition);
  EXPECT_NE(second.status().message().find("in use by another process"), std::string::npos);
  EXPECT_NE(second.status().message().find(data_path_), std::string::npos);
}

TEST_F(NodeDisksTest, ReplicasWithoutAnIdentityAreRefused) {
  ASSERT_TRUE(ok(open_disks()));
  std::filesystem::remove(data_path_ + "/fsdfs-identity");
  auto refused = open_disks();
  EXPECT_EQ(refused.status().reason(), Reason::kWrongIdentity);
  EXPECT_FALSE(std::filesystem::exists(data_path_ + "/fsdfs-identity"));
}

TEST_F(NodeDisksTest, AMastersDatabaseAloneIsNoReasonToRefuse) {
  std::filesystem::create_directories(data_path_ + "/master");
  spit(data_path_ + "/node.key", "key");
  EXPECT_TRUE(ok(open_disks()));
}

TEST_F(NodeDisksTest, ADamagedIdentityIsRefused) {
  ASSERT_TRUE(ok(open_disks()));
  std::string path = data_path_ + "/fsdfs-identity";
  spit(path, slurp(path).substr(0, slurp(path).size() / 2));
  auto refused = open_disks();
  EXPECT_EQ(refused.status().code(), Code::kDataLoss);
  EXPECT_NE(refused.status().message().find(path), std::string::npos);
}

TEST_F(NodeDisksTest, AGrantedEpochOutlivesAPowerCutAndAnOlderOneIsRefused) {
  {
    auto disks = open_disks();
    ASSERT_TRUE(ok(disks));
    EXPECT_TRUE(ok((*disks)->grant(Epoch{5})));
    EXPECT_TRUE(ok((*disks)->grant(Epoch{5})));
    EXPECT_EQ((*disks)->grant(Epoch{4}).reason(), Reason::kStaleEpoch);
    EXPECT_EQ((*disks)->epoch(), Epoch{5});
    ASSERT_TRUE(ok(disk_.power_cut()));
  }
  disk_.power_on();
  auto disks = open_disks();
  ASSERT_TRUE(ok(disks));
  EXPECT_EQ((*disks)->epoch(), Epoch{5});
  EXPECT_EQ((*disks)->grant(Epoch{4}).reason(), Reason::kStaleEpoch);
}

TEST_F(NodeDisksTest, AGrantThatCouldNotBeSyncedIsNone) {
  auto disks = open_disks();
  ASSERT_TRUE(ok(disks));
  ASSERT_TRUE(ok((*disks)->grant(Epoch{5})));
  disk_.inject({.op = DiskOp::kSync});
  EXPECT_FALSE((*disks)->grant(Epoch{6}).ok());
  EXPECT_EQ((*disks)->epoch(), Epoch{5});
  EXPECT_FALSE((*disks)->grant(Epoch{6}).ok()) << "a disk whose sync failed is not asked again";
  EXPECT_TRUE(ok((*disks)->grant(Epoch{5}))) << "what was granted is";
}

TEST_F(NodeDisksTest, ItJoinsOneSwarmOnly) {
  auto disks = open_disks();
  ASSERT_TRUE(ok(disks));
  auto swarm = random_id<SwarmId>();
  EXPECT_TRUE(ok((*disks)->set_swarm(swarm)));
  EXPECT_TRUE(ok((*disks)->set_swarm(swarm)));
  Status refused = (*disks)->set_swarm(random_id<SwarmId>());
  EXPECT_EQ(refused.reason(), Reason::kWrongIdentity);
  EXPECT_NE(refused.message().find(to_string(swarm)), std::string::npos);
  EXPECT_EQ((*disks)->identity().swarm, swarm);
}

// A node of format 1 goes on as it was, and its directory is of format 2 from then on.
TEST_F(NodeDisksTest, AnIdentityOfTheFirstFormatIsTakenOver) {
  std::filesystem::create_directories(data_path_ + "/replicas");
  std::string text =
      "fsdfs-identity 1\nswarm: 8e0c1f6e-9c1c-4b9e-8d0b-0d6f0e6a7b11\nnode: "
      "51b2a3c4-0d1e-4f2a-8b3c-4d5e6f708192\nincarnation: 7\nepoch: 3\n";
  spit(data_path_ + "/fsdfs-identity", text + fmt::format("sum: {:016x}\n", block_sum(text)));
  auto disks = open_disks();
  ASSERT_TRUE(ok(disks));
  EXPECT_EQ(to_string((*disks)->node()), "51b2a3c4-0d1e-4f2a-8b3c-4d5e6f708192");
  EXPECT_EQ(to_string((*disks)->identity().swarm), "8e0c1f6e-9c1c-4b9e-8d0b-0d6f0e6a7b11");
  EXPECT_EQ((*disks)->incarnation(), Incarnation{8});
  EXPECT_EQ((*disks)->epoch(), Epoch{3});
  Identity written = decode_identity(slurp(data_path_ + "/fsdfs-identity")).value();
  EXPECT_FALSE(written.disk.none());
  EXPECT_EQ(written.known, (std::vector<KnownDisk>{{written.disk, data_path_}}));
  EXPECT_TRUE(slurp(data_path_ + "/fsdfs-identity").starts_with("fsdfs-identity 2\n"));
}

class SeveralDisksTest : public NodeDisksTest {
 protected:
  SeveralDisksTest() { paths_ = {a_, b_, c_}; }
  // Opened once, and the node that it is.
  NodeId found() {
    auto disks = open_disks();
    EXPECT_TRUE(ok(disks));
    return disks.ok() ? (*disks)->node() : NodeId{};
  }
  void empty(const std::string& path) {
    std::filesystem::remove_all(path);
    std::filesystem::create_directory(path);
  }
  // Which are refused, by their place among the paths.
  static std::vector<size_t> refused(const NodeDisks& disks) {
    std::vector<size_t> places;
    for (size_t i = 0; i < disks.slots().size(); ++i) {
      if (!disks.slots()[i].directory) places.push_back(i);
    }
    return places;
  }
  const std::string a_ = temp_ / "a";
  const std::string b_ = temp_ / "b";
  const std::string c_ = temp_ / "c";
};

TEST_F(SeveralDisksTest, EachKnowsTheNodeAndTheOthers) {
  NodeId node = found();
  std::vector<KnownDisk> known;
  for (const std::string& path : paths_) {
    Identity identity = decode_identity(slurp(path + "/fsdfs-identity")).value();
    EXPECT_EQ(identity.node, node);
    known.push_back({identity.disk, path});
  }
  EXPECT_NE(known[0].disk, known[1].disk);
  for (const std::string& path : paths_) {
    EXPECT_EQ(decode_identity(slurp(path + "/fsdfs-identity"))->known, known);
  }
  for (const std::string& path : paths_) EXPECT_TRUE(disk_.all_synced(path));
}

TEST_F(SeveralDisksTest, AnEmptyDirectoryWhereADiskShouldBeIsRefused) {
  NodeId node = found();
  for (const std::string& path : paths_) {
    std::filesystem::rename(path, path + ".away");
    std::filesystem::create_directory(path);
    auto disks = open_disks();
    ASSERT_TRUE(ok(disks)) << path;
    EXPECT_EQ((*disks)->node(), node);
    ASSERT_EQ(refused(**disks).size(), 1U) << path;
    const auto& slot = (*disks)->slots()[refused(**disks)[0]];
    EXPECT_EQ(slot.path, path);
    EXPECT_EQ(slot.refused.reason(), Reason::kWrongIdentity);
    EXPECT_NE(slot.refused.message().find("mount"), std::string::npos) << slot.refused.message();
    EXPECT_FALSE(std::filesystem::exists(path + "/fsdfs-identity")) << "nothing of the node's is put there";
    disks->reset();
    std::filesystem::remove_all(path);
    std::filesystem::rename(path + ".away", path);
    EXPECT_EQ(found(), node) << "mounted again, all is as it was";
  }
}

TEST_F(SeveralDisksTest, WhatOneDiskMissedTheOthersKnow) {
  ASSERT_FALSE(found().none());
  std::filesystem::rename(b_, b_ + ".away");
  std::filesystem::create_directory(b_);
  {
    auto disks = open_disks();
    ASSERT_TRUE(ok(disks));
    EXPECT_TRUE(ok((*disks)->grant(Epoch{9})));
  }
  std::filesystem::remove_all(b_);
  std::filesystem::rename(b_ + ".away", b_);
  paths_ = {b_, a_, c_};
  auto disks = open_disks();
  ASSERT_TRUE(ok(disks));
  EXPECT_TRUE(refused(**disks).empty());
  EXPECT_EQ((*disks)->epoch(), Epoch{9});
  EXPECT_EQ((*disks)->incarnation(), Incarnation{3});
  EXPECT_EQ(decode_identity(slurp(b_ + "/fsdfs-identity"))->epoch, Epoch{9});
}

TEST_F(SeveralDisksTest, ALostDiskIsReplacedAfterAStartWithoutIt) {
  NodeId node = found();
  empty(b_);
  paths_ = {a_, c_};
  EXPECT_EQ(found(), node);
  paths_ = {a_, b_, c_};
  auto disks = open_disks();
  ASSERT_TRUE(ok(disks));
  EXPECT_TRUE(refused(**disks).empty());
  EXPECT_EQ((*disks)->node(), node);
}

TEST_F(SeveralDisksTest, ADiskThatIsMountedElsewhereIsTheSame) {
  ASSERT_FALSE(found().none());
  std::filesystem::rename(a_, temp_ / "x");
  std::filesystem::rename(b_, a_);
  std::filesystem::rename(temp_ / "x", b_);
  auto disks = open_disks();
  ASSERT_TRUE(ok(disks));
  EXPECT_TRUE(refused(**disks).empty());
}

TEST_F(SeveralDisksTest, AnotherNodesDirectoryIsRefusedAndLeftAsItIs) {
  paths_ = {c_};
  NodeId other = found();
  std::string before = slurp(c_ + "/fsdfs-identity");
  paths_ = {a_, b_};
  NodeId node = found();
  ASSERT_NE(node, other);
  for (const auto& paths : {std::vector{a_, b_, c_}, std::vector{c_, a_, b_}}) {
    paths_ = paths;
    auto disks = open_disks();
    ASSERT_TRUE(ok(disks));
    EXPECT_EQ((*disks)->node(), node);
    ASSERT_EQ(refused(**disks).size(), 1U);
    const auto& slot = (*disks)->slots()[refused(**disks)[0]];
    EXPECT_EQ(slot.path, c_);
    EXPECT_NE(slot.refused.message().find(to_string(other)), std::string::npos) << slot.refused.message();
    EXPECT_EQ(slurp(c_ + "/fsdfs-identity"), before);
  }
}

TEST_F(SeveralDisksTest, ACopyOfADiskIsRefused) {
  paths_ = {a_, b_};
  ASSERT_FALSE(found().none());
  std::filesystem::copy(b_, c_, std::filesystem::copy_options::recursive);
  paths_ = {c_, a_, b_};
  auto disks = open_disks();
  ASSERT_TRUE(ok(disks));
  ASSERT_EQ(refused(**disks), std::vector<size_t>{0}) << "the one that is where it was stays";
  EXPECT_NE((*disks)->slots()[0].refused.message().find("copy"), std::string::npos);
}

TEST_F(SeveralDisksTest, NobodyBecomesANewNodeBecauseADiskIsDamaged) {
  paths_ = {a_};
  ASSERT_FALSE(found().none());
  spit(a_ + "/fsdfs-identity", "not an identity");
  paths_ = {a_, b_};
  EXPECT_EQ(open_disks().status().code(), Code::kDataLoss);
  EXPECT_FALSE(std::filesystem::exists(b_ + "/fsdfs-identity"));
}

TEST_F(SeveralDisksTest, ADiskThatCannotBeWrittenIsLeftOut) {
  NodeId node = found();
  disk_.inject({.op = DiskOp::kSync,
                .where = [this](std::string_view path) { return path.starts_with(b_); },
                .times = Fault::kForever});
  auto disks = open_disks();
  ASSERT_TRUE(ok(disks));
  EXPECT_EQ((*disks)->node(), node);
  EXPECT_EQ(refused(**disks), std::vector<size_t>{1});
  EXPECT_TRUE(ok((*disks)->grant(Epoch{4})));
  disk_.inject({.op = DiskOp::kSync, .times = Fault::kForever});
  EXPECT_FALSE((*disks)->grant(Epoch{5}).ok());
  EXPECT_EQ((*disks)->epoch(), Epoch{4});
}

}  // namespace
}  // namespace fsdfs::node
