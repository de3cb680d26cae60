// Trash and quotas on real processes: what a deleted file's owner, a full swarm and a killed master make of
// them.
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "tests/harness/process_swarm.h"
#include "tests/harness/wait.h"

namespace fsdfs::testing {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

constexpr size_t kMi = 1 << 20;

// Bytes that no two places share, so that a wrong block would show.
std::string content(size_t size, uint64_t seed) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) {
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    byte = static_cast<char>(seed >> 56);
  }
  return bytes;
}

Json json_of(ProcessSwarm& swarm, std::vector<std::string> arguments) {
  arguments.push_back("--json");
  auto result = swarm.fsdfs(arguments);
  EXPECT_EQ(result.code, 0) << result.err;
  return Json::parse(result.out, nullptr, false);
}

void restart_master(ProcessSwarm& swarm) {
  swarm.master().process->kill();
  ASSERT_TRUE(swarm.launch(swarm.master()).ok());
  ASSERT_TRUE(swarm.wait_nodes_up(swarm.nodes(), 60s));
}

TEST(Trash, ADeletedFileComesBackAfterTheMasterWasKilled) {
  ProcessSwarm swarm({.nodes = 2, .quota = "100M", .settings = {"target.default=2"}});
  ASSERT_TRUE(swarm.start().ok());
  const std::string bytes = content(3 * kMi + 17, 1);
  ASSERT_TRUE(swarm.put("/d/f", bytes, {"-p"}));
  ASSERT_TRUE(swarm.put("/kept", "kept"));
  ASSERT_EQ(swarm.fsdfs({"rm", "-r", "/d"}).code, 0);
  swarm.master().process->kill();
  ASSERT_TRUE(swarm.launch(swarm.master()).ok());
  EXPECT_EQ(swarm.fsdfs({"stat", "/d/f"}).code, 5);
  Json trash = json_of(swarm, {"trash", "ls", "/d"});
  ASSERT_EQ(trash.size(), 1u) << trash;
  EXPECT_EQ(trash[0]["path"], "/d/f");
  EXPECT_EQ(trash[0]["size"], bytes.size());
  Json status = json_of(swarm, {"status"});
  EXPECT_EQ(status["files"], 1);
  EXPECT_EQ(status["trash"]["files"], 1);
  EXPECT_EQ(status["trash"]["bytes"], bytes.size());
  ASSERT_TRUE(swarm.wait_nodes_up(2, 60s));
  EXPECT_EQ(swarm.replica_files(swarm.node(1)), 2) << "nothing was deleted";
  EXPECT_EQ(swarm.replica_files(swarm.node(2)), 2);

  ASSERT_TRUE(swarm.put("/d/f", "in the way", {"-p"}));
  auto refused = swarm.fsdfs({"trash", "restore", "/d/f"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_NE(refused.err.find("already exists: /d/f"), std::string::npos) << refused.err;
  EXPECT_EQ(swarm.get("/d/f"), "in the way");
  auto restored = swarm.fsdfs({"trash", "restore", "/d/f", "--to", "/back/g"});
  ASSERT_EQ(restored.code, 0) << restored.err;
  restart_master(swarm);
  EXPECT_EQ(swarm.get("/back/g"), bytes);
  EXPECT_EQ(json_of(swarm, {"trash", "ls"}).size(), 0u);
  EXPECT_TRUE(swarm.wait_min_surplus(0, 60s));
}

TEST(Trash, AFullSwarmTakesItsSpaceForAPut) {
  ProcessSwarm swarm(
      {.nodes = 2, .quota = "10M", .settings = {"target.default=2", "write_reserve=0%", "min_copies=2"}});
  ASSERT_TRUE(swarm.start().ok());
  const std::string older = content(4 * kMi, 1), newer = content(4 * kMi, 2);
  const std::string live = content(6 * kMi, 3), more = content(4 * kMi, 4);
  ASSERT_TRUE(swarm.put("/older", older));
  ASSERT_TRUE(swarm.put("/newer", newer));
  ASSERT_TRUE(swarm.wait_min_surplus(0, 60s));
  ASSERT_EQ(swarm.fsdfs({"rm", "/older"}).code, 0);
  ASSERT_EQ(swarm.fsdfs({"rm", "/newer"}).code, 0);
  ASSERT_TRUE(swarm.put("/live", live));
  EXPECT_TRUE(swarm.wait_min_surplus(0, 60s));
  EXPECT_EQ(swarm.get("/live"), live);
  Json trash = json_of(swarm, {"trash", "ls"});
  ASSERT_EQ(trash.size(), 2u) << "spare copies go before any last one";
  for (const Json& entry : trash) EXPECT_EQ(entry["copies"], 1) << entry;

  ASSERT_TRUE(swarm.put("/more", more));
  EXPECT_TRUE(swarm.wait_min_surplus(0, 60s));
  EXPECT_EQ(swarm.get("/more"), more);
  EXPECT_EQ(json_of(swarm, {"trash", "ls"}).size(), 0u);
  EXPECT_EQ(swarm.fsdfs({"trash", "restore", "/older"}).code, 5);
  auto full = swarm.fsdfs({"put", swarm.local_file("mib", content(kMi, 5)), "/mib"});
  EXPECT_EQ(full.code, 1);
  EXPECT_NE(full.err.find("no space"), std::string::npos) << full.err;
}

TEST(Trash, PurgedIsGoneFromTheDisksAlsoWhenTheMasterWasKilled) {
  ProcessSwarm swarm({.nodes = 2, .quota = "100M", .settings = {"target.default=2"}});
  ASSERT_TRUE(swarm.start().ok());
  for (const char* path : {"/a", "/b", "/c"}) {
    ASSERT_TRUE(swarm.put(path, path));
    ASSERT_EQ(swarm.fsdfs({"rm", path}).code, 0);
  }
  EXPECT_EQ(swarm.fsdfs({"trash", "purge", "/a"}).code, 0);
  EXPECT_TRUE(eventually(60s, [&] {
    return swarm.replica_files(swarm.node(1)) == 2 && swarm.replica_files(swarm.node(2)) == 2;
  }));
  ASSERT_EQ(json_of(swarm, {"trash", "purge", "--all"})["files"], 2);
  restart_master(swarm);
  EXPECT_TRUE(eventually(60s, [&] {
    return swarm.replica_files(swarm.node(1)) == 0 && swarm.replica_files(swarm.node(2)) == 0;
  }));
  EXPECT_EQ(json_of(swarm, {"status"})["trash"]["files"], 0);
}

TEST(Trash, TheRetentionEndsByItself) {
  ProcessSwarm swarm({.nodes = 2, .quota = "100M", .settings = {"target.default=2", "trash.retention=2s"}});
  ASSERT_TRUE(swarm.start().ok());
  ASSERT_TRUE(swarm.put("/f", "x"));
  ASSERT_EQ(swarm.fsdfs({"rm", "/f"}).code, 0);
  EXPECT_TRUE(eventually(60s, [&] {
    return swarm.replica_files(swarm.node(1)) == 0 && swarm.replica_files(swarm.node(2)) == 0;
  }));
  EXPECT_EQ(json_of(swarm, {"trash", "ls"}).size(), 0u);
}

TEST(Quota, RefusesWhatDoesNotFitAndSaysSo) {
  ProcessSwarm swarm({.nodes = 2, .quota = "100M", .settings = {"target.default=2"}});
  ASSERT_TRUE(swarm.start().ok());
  ASSERT_EQ(swarm.fsdfs({"mkdir", "/music"}).code, 0);
  ASSERT_EQ(swarm.fsdfs({"quota", "set", "/music", "--bytes", "2M", "--files", "3"}).code, 0);
  ASSERT_TRUE(swarm.put("/music/a", content(kMi, 1)));
  auto refused = swarm.fsdfs({"put", swarm.local_file("big", content(2 * kMi, 2)), "/music/b"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_NE(refused.err.find("quota of /music: 2 MiB allowed, 1 MiB used, this needs 2 MiB"),
            std::string::npos)
      << refused.err;
  EXPECT_EQ(swarm.fsdfs({"stat", "/music/b"}).code, 5);

  restart_master(swarm);
  // Of a pipe nobody knows how much will come.
  auto pipe = swarm.fsdfs_options({"put", "-", "/music/c"});
  pipe.input_file = swarm.local_file("small", "small");
  auto piped = run_command(pipe, 60s);
  EXPECT_EQ(piped.code, 0) << piped.err;
  pipe.input_file = swarm.local_file("much", content(kMi + 1, 4));
  EXPECT_EQ(run_command(pipe, 60s).code, 1);
  Json quota = json_of(swarm, {"quota", "get", "/music"});
  EXPECT_EQ(quota["bytes"]["limit"], 2 * kMi);
  EXPECT_EQ(quota["bytes"]["used"], kMi + 5);
  EXPECT_EQ(quota["files"]["used"], 2);
  ASSERT_TRUE(swarm.put("/music/d", ""));
  auto one_too_many = swarm.fsdfs({"put", swarm.local_file("e", ""), "/music/e"});
  EXPECT_EQ(one_too_many.code, 1);
  EXPECT_NE(one_too_many.err.find("quota of /music: 3 files allowed"), std::string::npos) << one_too_many.err;
  ASSERT_EQ(swarm.fsdfs({"rm", "/music/a"}).code, 0);
  ASSERT_TRUE(swarm.put("/music/e", content(kMi, 3))) << "what is deleted counts no more";
  EXPECT_EQ(swarm.fsdfs({"trash", "restore", "/music/a"}).code, 1);
  ASSERT_EQ(swarm.fsdfs({"quota", "rm", "/music"}).code, 0);
  EXPECT_EQ(swarm.fsdfs({"trash", "restore", "/music/a"}).code, 0);
}

}  // namespace
}  // namespace fsdfs::testing
