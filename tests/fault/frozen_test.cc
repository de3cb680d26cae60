// A node that is stopped with SIGSTOP for longer than every deadline, and wakes.
//
// Expected: those who write through it are served without it; once it is dead its copies are made elsewhere;
// when it wakes it is taken back with what it still holds, which is not copied again, deletes what was
// removed meanwhile, and nothing that it believed in its sleep counts: every file is there, whole, in its
// last content.
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/fault/importer.h"
#include "tests/fault/node_disk.h"
#include "tests/harness/wait.h"

namespace fsdfs::testing {
namespace {

using namespace std::chrono_literals;

uint64_t host_inode(const std::filesystem::path& path) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0 ? found.st_ino : 0;
}

TEST(Frozen, ANodeThatSleepsThroughItsDeath) {
  ProcessSwarm swarm({.nodes = 5,
                      .quota = "2G",
                      .settings = {"node.report_interval=200ms", "node.dead_after=2s", "copies.spare=false",
                                   "trash.retention=0s", "node.idle_timeout=3s"}});
  ASSERT_TRUE(swarm.start().ok());
  for (int file = 0; file < 30; ++file) {
    ASSERT_TRUE(swarm.put("/old" + std::to_string(file), "content of " + std::to_string(file)));
  }
  ASSERT_TRUE(swarm.wait_min_surplus(0, 60s));
  Server& sleeper = swarm.node(1);
  auto before = replicas_in_place(sleeper.data);
  ASSERT_GT(before.size(), 0u);

  Importer importer(swarm.client(), 4);
  ASSERT_TRUE(eventually(90s, [&] { return importer.acknowledged_count() >= 20; }));
  sleeper.process->signal(SIGSTOP);
  int at_once = importer.acknowledged_count();
  EXPECT_TRUE(eventually(120s, [&] { return importer.acknowledged_count() >= at_once + 40; }))
      << "puts stand still beside a frozen node";
  ASSERT_TRUE(swarm.wait_nodes_up(4, 60s));
  importer.stop();
  for (int file = 0; file < 10; ++file) {
    ASSERT_EQ(swarm.fsdfs({"rm", "/old" + std::to_string(file)}).code, 0);
    ASSERT_TRUE(swarm.put("/old" + std::to_string(10 + file), "new content of " + std::to_string(10 + file)));
  }
  EXPECT_TRUE(swarm.wait_min_surplus(0, 120s)) << "its copies are to be made elsewhere";

  sleeper.process->signal(SIGCONT);
  ASSERT_TRUE(swarm.wait_nodes_up(5, 60s));
  // 0 to 9 are gone, 10 to 19 have another content, 20 to 29 are as they were.
  EXPECT_TRUE(eventually(60s, [&] {
    for (const auto& [id, path] : before) {
      auto description =
          node::decode_sidecar(read_bytes(path.string() + std::string(node::Layout::kMetaSuffix)));
      if (!description.ok()) continue;
      const std::string& name = description->origin.name;
      if (name.starts_with("old") && std::stoi(name.substr(3)) < 20) return false;
    }
    return true;
  })) << "what was removed or replaced in its sleep is still there";
  for (const auto& [id, path] : replicas_in_place(sleeper.data)) {
    if (!before.contains(id)) continue;
    EXPECT_EQ(path, before.at(id));
    EXPECT_FALSE(fault_of(path));
  }
  for (int file = 10; file < 30; ++file) {
    std::string wanted = (file < 20 ? "new content of " : "content of ") + std::to_string(file);
    EXPECT_EQ(swarm.get("/old" + std::to_string(file)), wanted);
  }
  expect_whole(swarm, importer);
  EXPECT_TRUE(swarm.wait_min_surplus(0, 60s));
}

TEST(Frozen, WhatItStillHoldsIsNotCopiedAgain) {
  ProcessSwarm swarm(
      {.nodes = 3,
       .quota = "2G",
       .settings = {"node.report_interval=200ms", "node.dead_after=1s", "trash.retention=0s"}});
  ASSERT_TRUE(swarm.start().ok());
  for (int file = 0; file < 20; ++file) {
    ASSERT_TRUE(swarm.put("/f" + std::to_string(file), "content of " + std::to_string(file)));
  }
  ASSERT_TRUE(swarm.wait_min_surplus(0, 60s));
  Server& sleeper = swarm.node(2);
  std::map<ReplicaId, uint64_t> before;
  for (const auto& [id, path] : replicas_in_place(sleeper.data)) before[id] = host_inode(path);
  ASSERT_EQ(before.size(), 20u);
  sleeper.process->signal(SIGSTOP);
  ASSERT_TRUE(swarm.wait_min_surplus(-1, 60s)) << "it is to be counted as dead";
  sleeper.process->signal(SIGCONT);
  EXPECT_TRUE(swarm.wait_min_surplus(0, 60s));
  std::map<ReplicaId, uint64_t> after;
  for (const auto& [id, path] : replicas_in_place(sleeper.data)) after[id] = host_inode(path);
  EXPECT_EQ(after, before) << "the very same files";
}

}  // namespace
}  // namespace fsdfs::testing
