#include "node/store/data_directory.h"

#include <gtest/gtest.h>

#include "tests/unit/node/store_fixture.h"

namespace fsdfs::node {
namespace {

class DataDirectoryTest : public StoreTest {
 protected:
  Result<std::unique_ptr<DataDirectory>> open_directory() {
    return DataDirectory::open(disk_, data_path_, logger_);
  }
};

TEST_F(DataDirectoryTest, AFreshOneIsMadeAndKeepsItsNode) {
  NodeId node;
  {
    auto directory = open_directory();
    ASSERT_TRUE(ok(directory));
    node = (*directory)->node();
    EXPECT_FALSE(node.none());
    EXPECT_EQ((*directory)->incarnation(), Incarnation{1});
    EXPECT_TRUE((*directory)->identity().swarm.none());
    EXPECT_TRUE(disk_.all_synced(data_path_));
  }
  auto again = open_directory();
  ASSERT_TRUE(ok(again));
  EXPECT_EQ((*again)->node(), node);
  EXPECT_EQ((*again)->incarnation(), Incarnation{2});
}

TEST_F(DataDirectoryTest, TheIncarnationHasGrownDurablyBeforeItIsUsed) {
  for (uint64_t start = 1; start <= 3; ++start) {
    auto directory = open_directory();
    ASSERT_TRUE(ok(directory));
    EXPECT_EQ((*directory)->incarnation(), Incarnation{start});
    ASSERT_TRUE(ok(disk_.power_cut()));
    directory->reset();
    disk_.power_on();
  }
}

TEST_F(DataDirectoryTest, TwoAtOnceAreRefused) {
  auto first = open_directory();
  ASSERT_TRUE(ok(first));
  auto second = open_directory();
  EXPECT_EQ(second.status().code(), Code::kFailedPrecondition);
  EXPECT_NE(second.status().message().find("in use by another process"), std::string::npos);
  EXPECT_NE(second.status().message().find(data_path_), std::string::npos);
}

TEST_F(DataDirectoryTest, ReplicasWithoutAnIdentityAreRefused) {
  ASSERT_TRUE(ok(open_directory()));
  std::filesystem::remove(data_path_ + "/fsdfs-identity");
  auto refused = open_directory();
  EXPECT_EQ(refused.status().reason(), Reason::kWrongIdentity);
  EXPECT_FALSE(std::filesystem::exists(data_path_ + "/fsdfs-identity"));
}

TEST_F(DataDirectoryTest, AMastersDatabaseAloneIsNoReasonToRefuse) {
  std::filesystem::create_directories(data_path_ + "/master");
  spit(data_path_ + "/node.key", "key");
  EXPECT_TRUE(ok(open_directory()));
}

TEST_F(DataDirectoryTest, EveryFlippedBitOfTheIdentityIsTold) {
  ASSERT_TRUE(ok(open_directory()));
  std::string path = data_path_ + "/fsdfs-identity";
  std::string right = slurp(path);
  for (size_t bit = 0; bit < right.size() * 8; ++bit) {
    std::string damaged = right;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(decode_identity(damaged).ok()) << bit;
  }
  spit(path, right.substr(0, right.size() / 2));
  auto refused = open_directory();
  EXPECT_EQ(refused.status().code(), Code::kDataLoss);
  EXPECT_NE(refused.status().message().find(path), std::string::npos);
}

TEST_F(DataDirectoryTest, AGrantedEpochOutlivesAPowerCutAndAnOlderOneIsRefused) {
  {
    auto directory = open_directory();
    ASSERT_TRUE(ok(directory));
    EXPECT_TRUE(ok((*directory)->grant(Epoch{5})));
    EXPECT_TRUE(ok((*directory)->grant(Epoch{5})));
    EXPECT_EQ((*directory)->grant(Epoch{4}).reason(), Reason::kStaleEpoch);
    EXPECT_EQ((*directory)->epoch(), Epoch{5});
    ASSERT_TRUE(ok(disk_.power_cut()));
  }
  disk_.power_on();
  auto directory = open_directory();
  ASSERT_TRUE(ok(directory));
  EXPECT_EQ((*directory)->epoch(), Epoch{5});
  EXPECT_EQ((*directory)->grant(Epoch{4}).reason(), Reason::kStaleEpoch);
}

TEST_F(DataDirectoryTest, AGrantThatCouldNotBeSyncedIsNone) {
  auto directory = open_directory();
  ASSERT_TRUE(ok(directory));
  ASSERT_TRUE(ok((*directory)->grant(Epoch{5})));
  disk_.inject({.op = DiskOp::kSync});
  EXPECT_FALSE((*directory)->grant(Epoch{6}).ok());
  EXPECT_EQ((*directory)->epoch(), Epoch{5});
}

TEST_F(DataDirectoryTest, ItJoinsOneSwarmOnly) {
  auto directory = open_directory();
  ASSERT_TRUE(ok(directory));
  auto swarm = random_id<SwarmId>();
  EXPECT_TRUE(ok((*directory)->set_swarm(swarm)));
  EXPECT_TRUE(ok((*directory)->set_swarm(swarm)));
  Status refused = (*directory)->set_swarm(random_id<SwarmId>());
  EXPECT_EQ(refused.reason(), Reason::kWrongIdentity);
  EXPECT_NE(refused.message().find(to_string(swarm)), std::string::npos);
  EXPECT_EQ((*directory)->identity().swarm, swarm);
}

}  // namespace
}  // namespace fsdfs::node
