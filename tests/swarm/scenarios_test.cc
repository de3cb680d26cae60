// The original fsdfs's scenarios "basic" and "persist", on real processes. Times are printed; the deadlines
// are wide, since a slow machine is not a fault.
#include <gtest/gtest.h>

#include <chrono>
#include <iostream>

#include "tests/harness/process_swarm.h"
#include "tests/harness/wait.h"

namespace fsdfs::testing {
namespace {

using namespace std::chrono_literals;

constexpr char kLetters[] = "abcdefghijklmnopqrstuvwxyz";
constexpr char kHalf[] = "nopqrstuvwxyz";

// Runs `condition` to its deadline and prints how long it took.
template <typename Condition>
bool timed(const std::string& what, std::chrono::milliseconds timeout, Condition condition) {
  auto start = std::chrono::steady_clock::now();
  bool held = eventually(timeout, condition);
  auto took = std::chrono::duration<double>(std::chrono::steady_clock::now() - start);
  std::cout << "[ MEASURED ] " << what << ": " << took.count() << " s\n";
  return held;
}

TEST(Scenarios, Basic) {
  ProcessSwarm swarm({.nodes = 2, .quota = "100M", .settings = {"trash.retention=0s"}});
  ASSERT_TRUE(swarm.start().ok());
  ASSERT_TRUE(swarm.put("/letters", kLetters));
  ASSERT_TRUE(swarm.put("/half", kHalf));
  // N = 3 and two nodes: one copy is missing for ever.
  EXPECT_TRUE(timed("both files on both nodes", 60s, [&] {
    return swarm.copies("/letters") == 2 && swarm.copies("/half") == 2 && swarm.min_surplus() == -1;
  }));
  EXPECT_EQ(swarm.replica_files(swarm.node(1)), 2);
  EXPECT_EQ(swarm.replica_files(swarm.node(2)), 2);
  EXPECT_EQ(swarm.get("/letters"), kLetters);
  EXPECT_EQ(swarm.get("/half"), kHalf);

  ASSERT_TRUE(swarm.put("/half", "new content"));
  EXPECT_EQ(swarm.get("/half"), "new content");
  EXPECT_TRUE(timed("the new content on both nodes, the old on none", 60s, [&] {
    return swarm.copies("/half") == 2 && swarm.replica_files(swarm.node(1)) == 2 &&
           swarm.replica_files(swarm.node(2)) == 2;
  }));

  EXPECT_EQ(swarm.fsdfs({"rm", "/letters", "/half"}).code, 0);
  EXPECT_TRUE(timed("rm removed both from both nodes", 60s, [&] {
    return swarm.replica_files(swarm.node(1)) == 0 && swarm.replica_files(swarm.node(2)) == 0;
  }));
  EXPECT_EQ(swarm.fsdfs({"stat", "/letters"}).code, 5);
  EXPECT_EQ(swarm.min_surplus(), std::nullopt);
}

TEST(Scenarios, RestartOfEveryProcessKeepsEverything) {
  ProcessSwarm swarm({.nodes = 2, .quota = "100M", .settings = {"trash.retention=0s"}});
  ASSERT_TRUE(swarm.start().ok());
  ASSERT_TRUE(swarm.put("/letters", kLetters));
  ASSERT_TRUE(swarm.put("/half", kHalf));
  ASSERT_TRUE(swarm.wait_min_surplus(-1, 60s));
  for (int i = 0; i <= swarm.nodes(); ++i) {
    auto ended = swarm.terminate(swarm.node(i));
    ASSERT_TRUE(ended.has_value()) << swarm.node(i).name;
    EXPECT_TRUE(ended->exited && ended->code == 0) << swarm.node(i).name << " ended with " << ended->code;
  }
  for (int i = 0; i <= swarm.nodes(); ++i) ASSERT_TRUE(swarm.launch(swarm.node(i)).ok());
  ASSERT_TRUE(swarm.wait_nodes_up(2, 60s));
  EXPECT_TRUE(swarm.wait_min_surplus(-1, 60s));
  EXPECT_EQ(swarm.get("/letters"), kLetters);
  EXPECT_EQ(swarm.get("/half"), kHalf);
  EXPECT_EQ(swarm.copies("/letters"), 2);
  EXPECT_EQ(swarm.replica_files(swarm.node(1)), 2);
  EXPECT_EQ(swarm.replica_files(swarm.node(2)), 2);
}

TEST(Scenarios, FourHundredFiles) {
  ProcessSwarm swarm({.nodes = 3, .quota = "100M"});
  ASSERT_TRUE(swarm.start().ok());
  for (int i = 0; i < 400; ++i) swarm.local_file("many/" + std::to_string(i), kLetters);
  auto start = std::chrono::steady_clock::now();
  auto put = swarm.fsdfs({"put", (swarm.directory() / "local/many").string(), "/many"});
  ASSERT_EQ(put.code, 0) << put.err;
  EXPECT_TRUE(timed("after the import, until K = N = 3 for 400 files", 120s, [&] {
    auto status = swarm.client().status();
    return status.ok() && status->files == 400 && status->min_surplus == 0;
  }));
  auto took = std::chrono::duration<double>(std::chrono::steady_clock::now() - start);
  std::cout << "[ MEASURED ] 400 files of 26 bytes imported and replicated: " << took.count() << " s\n";
  for (int i = 1; i <= 3; ++i) EXPECT_EQ(swarm.replica_files(swarm.node(i)), 400);
}

TEST(Scenarios, ANewNodeFillsUp) {
  ProcessSwarm swarm({.nodes = 2, .quota = "100M"});
  ASSERT_TRUE(swarm.start().ok());
  ASSERT_TRUE(swarm.put("/letters", kLetters));
  ASSERT_TRUE(swarm.wait_min_surplus(-1, 60s));
  auto added = swarm.add_node("100M");
  ASSERT_TRUE(added.ok());
  EXPECT_TRUE(swarm.wait_min_surplus(0, 60s));
  EXPECT_EQ(swarm.replica_files(swarm.node(*added)), 1);
}

TEST(Scenarios, ADeadNodesFilesAreCopiedAgain) {
  ProcessSwarm swarm({.nodes = 4,
                      .quota = "100M",
                      .settings = {"node.report_interval=500ms", "node.dead_after=2s", "target.default=2"}});
  ASSERT_TRUE(swarm.start().ok());
  for (int i = 0; i < 20; ++i) swarm.local_file("some/" + std::to_string(i), kLetters + std::to_string(i));
  ASSERT_EQ(swarm.fsdfs({"put", (swarm.directory() / "local/some").string(), "/some"}).code, 0);
  auto whole = [&] {
    auto surplus = swarm.min_surplus();
    return surplus.has_value() && *surplus >= 0;
  };
  ASSERT_TRUE(eventually(60s, whole));
  swarm.node(2).process->kill();
  EXPECT_TRUE(eventually(60s, [&] {
    auto status = swarm.client().status();
    return status.ok() && status->nodes_dead == 1;
  }));
  EXPECT_TRUE(timed("healed after the death", 60s, whole));
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(swarm.get("/some/" + std::to_string(i)), kLetters + std::to_string(i));
}

}  // namespace
}  // namespace fsdfs::testing
