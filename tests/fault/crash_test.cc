// kill -9 at random moments of an import. The seed of the moments is printed; FSDFS_TEST_SEED repeats it.
//
// What must hold (invariant 6): every file whose put was acknowledged is there, whole; every other one is
// there whole or not at all; and the swarm finds back to its targets.
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/fault/importer.h"
#include "tests/harness/wait.h"

namespace fsdfs::testing {
namespace {

using namespace std::chrono_literals;

// Kills the server `rounds` times, each time after a random number of further acknowledgements and a random
// moment more.
void kill_repeatedly(ProcessSwarm& swarm, Importer& importer, const std::function<Server&()>& victim,
                     int rounds, std::mt19937& random) {
  for (int round = 0; round < rounds; ++round) {
    int wanted = importer.acknowledged_count() + static_cast<int>(random() % 40) + 1;
    ASSERT_TRUE(eventually(90s, [&] { return importer.acknowledged_count() >= wanted; }))
        << "the import stands still";
    // A moment between two acknowledgements: spin, so that the kill falls anywhere within a put.
    auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(random() % 20000);
    eventually(1s, [&] { return std::chrono::steady_clock::now() >= until; });
    Server& server = victim();
    server.process->kill();
    ASSERT_TRUE(swarm.launch(server).ok());
  }
}

TEST(Crash, MasterKilledInAnImport) {
  std::mt19937 random(static_cast<unsigned>(random_seed()));
  ProcessSwarm swarm({.nodes = 3, .quota = "4G", .settings = {"node.report_interval=500ms"}});
  ASSERT_TRUE(swarm.start().ok());
  Importer importer(swarm.client(), 4);
  kill_repeatedly(
      swarm, importer, [&]() -> Server& { return swarm.master(); }, 8, random);
  importer.stop();
  ASSERT_TRUE(swarm.wait_nodes_up(3, 60s));
  expect_whole(swarm, importer);
  EXPECT_TRUE(swarm.wait_min_surplus(0, 120s));
}

TEST(Crash, NodesKilledInAnImport) {
  std::mt19937 random(static_cast<unsigned>(random_seed()));
  ProcessSwarm swarm({.nodes = 3, .quota = "4G", .settings = {"node.report_interval=500ms"}});
  ASSERT_TRUE(swarm.start().ok());
  Importer importer(swarm.client(), 4);
  kill_repeatedly(
      swarm, importer, [&]() -> Server& { return swarm.node(1 + static_cast<int>(random() % 3)); }, 8,
      random);
  importer.stop();
  ASSERT_TRUE(swarm.wait_nodes_up(3, 60s));
  EXPECT_TRUE(swarm.wait_min_surplus(0, 120s));
  expect_whole(swarm, importer);
  // No copy counted that is not there: with N = K = 3 on three nodes each holds exactly the files.
  auto status = swarm.client().status();
  ASSERT_TRUE(status.ok());
  for (int i = 1; i <= 3; ++i) {
    EXPECT_TRUE(eventually(
        60s, [&] { return swarm.replica_files(swarm.node(i)) == static_cast<int>(status->files); }))
        << swarm.node(i).name << " has " << swarm.replica_files(swarm.node(i)) << " replicas for "
        << status->files << " files";
  }
}

TEST(Crash, EveryProcessKilledAtOnce) {
  ProcessSwarm swarm({.nodes = 3, .quota = "4G", .settings = {"node.report_interval=500ms"}});
  ASSERT_TRUE(swarm.start().ok());
  Importer importer(swarm.client(), 4);
  ASSERT_TRUE(eventually(90s, [&] { return importer.acknowledged_count() >= 100; }));
  for (int i = 0; i <= 3; ++i) swarm.node(i).process->signal(SIGKILL);
  for (int i = 0; i <= 3; ++i) swarm.node(i).process->kill();
  for (int i = 0; i <= 3; ++i) ASSERT_TRUE(swarm.launch(swarm.node(i)).ok());
  int before = importer.acknowledged_count();
  EXPECT_TRUE(eventually(90s, [&] { return importer.acknowledged_count() > before + 20; }));
  importer.stop();
  ASSERT_TRUE(swarm.wait_nodes_up(3, 60s));
  expect_whole(swarm, importer);
  EXPECT_TRUE(swarm.wait_min_surplus(0, 120s));
}

}  // namespace
}  // namespace fsdfs::testing
