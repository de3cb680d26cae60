#include "fuse/swarm_attributes.h"

#include <gtest/gtest.h>

namespace fsdfs::fuse {
namespace {

client::ReplicaInfo replica(const std::string& address, uint64_t counter, client::ReplicaState state,
                            client::NodeState node_state) {
  client::ReplicaInfo info;
  info.node.address = address;
  info.version = {Epoch{1}, counter};
  info.state = state;
  info.node_state = node_state;
  return info;
}

client::FileStat sample() {
  using client::NodeState;
  using client::ReplicaState;
  client::FileStat stat;
  stat.attributes.inode = InodeId{42};
  stat.attributes.type = client::FileType::kRegular;
  stat.attributes.version = {Epoch{1}, 9};
  stat.attributes.target = 2.5;
  stat.attributes.copies = 2;
  stat.replicas = {replica("a:1", 9, ReplicaState::kWhole, NodeState::kUp),
                   replica("b:1", 8, ReplicaState::kWhole, NodeState::kUp),
                   replica("c:1", 9, ReplicaState::kDeleting, NodeState::kUp),
                   replica("d:1", 9, ReplicaState::kWhole, NodeState::kDead),
                   replica("e:1", 9, ReplicaState::kWhole, NodeState::kSilent)};
  return stat;
}

TEST(SwarmAttributes, TellWhatTheSwarmKnows) {
  auto stat = sample();
  EXPECT_EQ(swarm_attribute(stat, "user.fsdfs.inode").value(), "42");
  EXPECT_EQ(swarm_attribute(stat, "user.fsdfs.version").value(), "1.9");
  EXPECT_EQ(swarm_attribute(stat, "user.fsdfs.target").value(), "2.5");
  EXPECT_EQ(swarm_attribute(stat, "user.fsdfs.copies").value(), "2");
}

TEST(SwarmAttributes, ReplicasAreThoseThatCount) {
  EXPECT_EQ(swarm_attribute(sample(), "user.fsdfs.replicas").value(), "a:1,e:1");
}

TEST(SwarmAttributes, AWholeTargetHasNoFraction) {
  auto stat = sample();
  stat.attributes.target = 3;
  EXPECT_EQ(swarm_attribute(stat, "user.fsdfs.target").value(), "3");
}

TEST(SwarmAttributes, EveryNameListedHasAnAnswerAndNoOther) {
  using client::FileType;
  for (auto type : {FileType::kRegular, FileType::kDirectory, FileType::kSymlink}) {
    auto stat = sample();
    stat.attributes.type = type;
    for (const auto& name : swarm_attribute_names(type)) {
      EXPECT_TRUE(is_swarm_attribute(name)) << name;
      EXPECT_TRUE(swarm_attribute(stat, name).ok()) << name;
    }
  }
  auto directory = sample();
  directory.attributes.type = client::FileType::kDirectory;
  for (const auto* name : {"user.fsdfs.target", "user.fsdfs.", "user.fsdfs.nonsense", "user.other", ""}) {
    EXPECT_EQ(swarm_attribute(directory, name).status().reason(), Reason::kNoSuchAttribute) << name;
  }
}

}  // namespace
}  // namespace fsdfs::fuse
