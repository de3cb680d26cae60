// kill -9 of a node in every step of arrivals, 25 or 200 times at random points, while four writers import.
//
// Expected: whatever lies in its place is whole, at the moment of every kill and so at every start; in the
// end every acknowledged file is there, stages are swept, and the quota counts to the byte what is there: no
// space has leaked.
#include <gtest/gtest.h>

#include <set>

#include "tests/fault/importer.h"
#include "tests/fault/node_disk.h"
#include "tests/harness/long_run.h"
#include "tests/harness/wait.h"

namespace fsdfs::testing {
namespace {

using namespace std::chrono_literals;

std::optional<uint64_t> used_bytes(ProcessSwarm& swarm, const Server& server) {
  auto nodes = swarm.client().nodes();
  if (!nodes.ok()) return std::nullopt;
  for (const auto& node : *nodes) {
    if (node.node.address == server.address) return node.used_bytes;
  }
  return std::nullopt;
}

TEST(Arrivals, ANodeKilledAtRandomPointsNeverCountsWhatIsNotWhole) {
  std::mt19937 random(static_cast<unsigned>(random_seed()));
  ProcessSwarm swarm(
      {.nodes = 4,
       .quota = "8G",
       .settings = {"node.report_interval=500ms", "copies.spare=false", "trash.retention=0s"}});
  ASSERT_TRUE(swarm.start().ok());
  Importer importer(swarm.client(), 4);
  Server& victim = swarm.node(1);
  std::set<ReplicaId> looked_at;
  const int kills = by_length(25, 200);
  for (int kill = 0; kill < kills; ++kill) {
    int wanted = importer.acknowledged_count() + static_cast<int>(random() % 6) + 1;
    ASSERT_TRUE(eventually(90s, [&] { return importer.acknowledged_count() >= wanted; }))
        << "the import stands still at kill " << kill;
    auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(random() % 20000);
    eventually(1s, [&] { return std::chrono::steady_clock::now() >= until; });
    victim.process->kill();
    for (const auto& [id, path] : replicas_in_place(victim.data)) {
      if (!looked_at.insert(id).second) continue;  // all are looked at again in the end
      auto fault = fault_of(path);
      ASSERT_FALSE(fault) << "after kill " << kill << ": " << *fault;
    }
    ASSERT_TRUE(swarm.launch(victim).ok());
  }
  importer.stop();
  ASSERT_TRUE(swarm.wait_nodes_up(4, 60s));
  EXPECT_TRUE(swarm.wait_min_surplus(0, 180s));
  expect_whole(swarm, importer);
  for (int i = 1; i <= 4; ++i) {
    const Server& node = swarm.node(i);
    EXPECT_TRUE(eventually(60s, [&] { return stage_is_empty(node.data); })) << node.name;
    EXPECT_TRUE(eventually(60s, [&] { return used_bytes(swarm, node) == bytes_in_place(node.data); }))
        << node.name << " counts " << used_bytes(swarm, node).value_or(0) << " bytes and holds "
        << bytes_in_place(node.data);
    for (const auto& [id, path] : replicas_in_place(node.data)) {
      auto fault = fault_of(path);
      EXPECT_FALSE(fault) << *fault;
    }
  }
}

}  // namespace
}  // namespace fsdfs::testing
