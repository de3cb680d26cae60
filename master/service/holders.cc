#include "master/service/holders.h"

#include <algorithm>
#include <tuple>

namespace fsdfs::master {
namespace {

// A busy processor weighs as much as this many streams.
constexpr double kCpuWeight = 16;

double load_of(const NodeStatus& node) {
  return node.load.readers + node.load.copies + kCpuWeight * node.load.cpu;
}

bool is_same(const std::string& a, const std::string& b) {
  return !a.empty() && a == b;
}

// Ascending: the least is the best.
auto rank(const NodeStatus& node, const ClientSite& client) {
  return std::tuple(node.liveness, !node.attending, node.slow, !is_same(node.record.host, client.host),
                    !is_same(node.record.zone, client.zone), load_of(node), node.record.id);
}

}  // namespace

std::vector<const NodeStatus*> order_holders(const Inode& inode, const std::vector<ReplicaRecord>& replicas,
                                             const SwarmView& swarm, const ClientSite& client) {
  std::vector<const NodeStatus*> holders;
  for (const ReplicaRecord& replica : replicas) {
    if (replica.replica.version != inode.version || replica.state != ReplicaState::kWhole) continue;
    const NodeStatus* node = swarm.find(replica.node);
    if (node != nullptr && node->liveness != Liveness::kDead) holders.push_back(node);
  }
  std::sort(holders.begin(), holders.end(), [&client](const NodeStatus* a, const NodeStatus* b) {
    return rank(*a, client) < rank(*b, client);
  });
  return holders;
}

}  // namespace fsdfs::master
