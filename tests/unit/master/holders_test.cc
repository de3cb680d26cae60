#include "master/service/holders.h"

#include <gtest/gtest.h>

namespace fsdfs::master {
namespace {

NodeId holder_id(int number) {
  NodeId id;
  id.bytes[0] = static_cast<uint8_t>(number);
  return id;
}

TEST(Holders, ASlowOneIsAskedAfterTheOthersEvenOnTheClientsHost) {
  SwarmView swarm;
  Inode inode;
  inode.version = {Epoch{1}, 1};
  std::vector<ReplicaRecord> replicas;
  for (int number = 1; number <= 3; ++number) {
    NodeStatus node;
    node.record.id = holder_id(number);
    node.record.host = number == 1 ? "here" : "there";
    node.liveness = number == 3 ? Liveness::kSilent : Liveness::kUp;
    node.attending = true;
    node.slow = number == 1;
    swarm.add(node);
    replicas.push_back({{inode.id, inode.version}, node.record.id, ReplicaState::kWhole, 0, {}});
  }
  auto order = order_holders(inode, replicas, swarm, {.host = "here", .zone = ""});
  ASSERT_EQ(order.size(), 3u);
  EXPECT_EQ(order[0]->record.id, holder_id(2));
  EXPECT_EQ(order[1]->record.id, holder_id(1));
  EXPECT_EQ(order[2]->record.id, holder_id(3));
}

}  // namespace
}  // namespace fsdfs::master
