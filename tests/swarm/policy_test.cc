// What computes N, on real processes: a rule, a directory and a hook change N of files that are there, copies
// follow, and what a hook does wrong is said and harms nothing.
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "tests/harness/process_swarm.h"
#include "tests/harness/wait.h"

namespace fsdfs::testing {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

class PolicyTest : public ::testing::Test {
 protected:
  // Spare copies would hide what N does.
  void start(std::vector<std::string> settings = {}) {
    settings.insert(settings.end(),
                    {"target.default=1", "min_copies=1", "sync_copies=1", "copies.spare=false"});
    swarm_ = std::make_unique<ProcessSwarm>(
        ProcessSwarmOptions{.nodes = 3, .quota = "100M", .settings = std::move(settings)});
    ASSERT_TRUE(swarm_->start().ok());
  }
  CommandResult run(std::vector<std::string> arguments) { return swarm_->fsdfs(std::move(arguments)); }
  bool ok(std::vector<std::string> arguments) {
    CommandResult result = run(std::move(arguments));
    EXPECT_EQ(result.code, 0) << result.err;
    return result.code == 0;
  }
  bool policy(const std::string& rules, const std::string& python = "") {
    std::vector<std::string> arguments = {"policy", "set", swarm_->local_file("policy.yaml", rules)};
    if (!python.empty()) {
      arguments.insert(arguments.end(), {"--python", swarm_->local_file("hook.py", python)});
    }
    return ok(std::move(arguments));
  }
  json stat(const std::string& path) {
    CommandResult result = run({"stat", "--json", path});
    return result.code == 0 ? json::parse(result.out) : json{};
  }
  bool becomes(const std::string& path, double target) {
    return eventually(60s, [&] {
      json now = stat(path);
      return now.is_object() && now["target"] == target;
    });
  }
  bool has_copies(const std::string& path, int copies) {
    return eventually(60s, [&] { return swarm_->copies(path) == copies; });
  }
  bool warns_of(const std::string& what) {
    return eventually(60s, [&] { return run({"status"}).out.find(what) != std::string::npos; });
  }

  std::unique_ptr<ProcessSwarm> swarm_;
};

TEST_F(PolicyTest, ARuleAndADirectoryChangeFilesThatAreThereAndCopiesFollow) {
  start();
  ASSERT_TRUE(ok({"mkdir", "-p", "/music/old", "/keep"}));
  for (const char* path : {"/music/a", "/music/old/b", "/keep/c", "/d"})
    ASSERT_TRUE(swarm_->put(path, "content"));
  EXPECT_EQ(swarm_->copies("/music/a"), 1);

  ASSERT_TRUE(policy("rules:\n  - {path: /music/old/**, target: 2}\n  - {path: /music/**, target: 3}\n"));
  EXPECT_TRUE(becomes("/music/a", 3));
  EXPECT_TRUE(has_copies("/music/a", 3));
  EXPECT_TRUE(has_copies("/music/old/b", 2));
  EXPECT_EQ(stat("/music/a")["target_source"], "rule");
  EXPECT_EQ(run({"target", "get", "/music/a"}).out, "3  rule 2 (line 3, /music/**)\n");

  ASSERT_TRUE(ok({"target", "set", "/keep", "2"}));
  EXPECT_TRUE(has_copies("/keep/c", 2));
  EXPECT_EQ(run({"target", "get", "/keep", "/keep/c"}).out,
            "2  /keep    its own\n2  /keep/c  directory /keep\n");
  // A file to come has its N from the start, and its own target stands above all else.
  ASSERT_TRUE(swarm_->put("/keep/e", "content"));
  EXPECT_EQ(stat("/keep/e")["target"], 2);
  ASSERT_TRUE(ok({"target", "set", "/keep/e", "1"}));
  ASSERT_TRUE(swarm_->put("/music/f", "content", {"--target", "1"}));
  EXPECT_EQ(stat("/music/f")["target"], 1);
  // A file that moves has the N of where it goes.
  ASSERT_TRUE(ok({"mv", "/d", "/music/d"}));
  EXPECT_TRUE(has_copies("/music/d", 3));
  EXPECT_EQ(stat("/keep/e")["target"], 1);

  ASSERT_TRUE(ok({"target", "unset", "/keep/e", "/music/f"}));
  EXPECT_TRUE(becomes("/keep/e", 2));
  EXPECT_TRUE(becomes("/music/f", 3));
  ASSERT_TRUE(ok({"policy", "clear"}));
  EXPECT_TRUE(becomes("/music/a", 1));
  EXPECT_EQ(stat("/music/a")["target_source"], "default");
}

TEST_F(PolicyTest, AHookTurnsPopularityIntoNAndARestartKeepsAll) {
  start();
  for (const char* path : {"/hit", "/miss"}) ASSERT_TRUE(swarm_->put(path, "content"));
  ASSERT_TRUE(policy("rules: []", R"(
def replicas(file):
    if file.vars.get("popularity", 0) >= 1000:
        return file.target + 2
    return None
)"));
  ASSERT_TRUE(ok({"vars", "set", "/hit", "popularity=5000"}));
  EXPECT_TRUE(becomes("/hit", 3));
  EXPECT_TRUE(has_copies("/hit", 3));
  EXPECT_EQ(stat("/hit")["vars"], (json{{"popularity", 5000}}));
  EXPECT_EQ(stat("/hit")["target_source"], "hook");
  EXPECT_EQ(stat("/miss")["target"], 1);

  swarm_->master().process->kill();
  ASSERT_TRUE(swarm_->launch(swarm_->master()).ok());
  ASSERT_TRUE(swarm_->wait_nodes_up(3, 60s));
  EXPECT_EQ(stat("/hit")["target"], 3);
  ASSERT_TRUE(ok({"vars", "set", "/miss", "popularity=1000"}));
  EXPECT_TRUE(becomes("/miss", 3));
  ASSERT_TRUE(ok({"vars", "set", "/miss", "popularity="}));
  EXPECT_TRUE(becomes("/miss", 1));
  EXPECT_NE(run({"policy", "show"}).out.find("file.target + 2"), std::string::npos);
}

TEST_F(PolicyTest, AHookThatHangsOrDiesIsSaidAndHarmsNothing) {
  start();
  ASSERT_TRUE(swarm_->put("/f", "content"));
  ASSERT_TRUE(policy("rules: []", "def replicas(file): return 2"));
  ASSERT_TRUE(becomes("/f", 2));
  ASSERT_TRUE(policy("rules: []", "def replicas(file):\n    while True: pass\n"));
  EXPECT_TRUE(warns_of("took longer than 1s; the last good N stays"));
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(swarm_->put("/g" + std::to_string(i), "content"));
  EXPECT_EQ(stat("/f")["target"], 2);
  EXPECT_EQ(stat("/g19")["target"], 1);
  ASSERT_TRUE(policy("rules: []", "import os\ndef replicas(file): os.kill(os.getpid(), 11)\n"));
  EXPECT_TRUE(warns_of("by SIGSEGV"));
  EXPECT_EQ(stat("/f")["target"], 2);
  EXPECT_TRUE(swarm_->master().process->running());
  ASSERT_TRUE(ok({"policy", "clear"}));
  EXPECT_TRUE(becomes("/f", 1));
  EXPECT_TRUE(eventually(60s, [&] { return run({"status"}).out.find("hook") == std::string::npos; }));
}

TEST_F(PolicyTest, BadInputIsRefusedAndChangesNothing) {
  start();
  ASSERT_TRUE(swarm_->put("/f", "content"));
  ASSERT_TRUE(policy("rules: [{path: /f, target: 2}]"));
  ASSERT_TRUE(becomes("/f", 2));
  struct Case {
    std::string rules;
    std::string python;
    std::string says;
  };
  const Case cases[] = {
      {"rules:\n  - {path: /f, target: 3\n", "", "policy.yaml:3: not valid YAML"},
      {"rules:\n  - {path: /f, targte: 3}\n", "", "policy.yaml:2: unknown key 'targte'"},
      {"rules:\n  - {path: /f, target: -1}\n", "", "policy.yaml:2: target: -1 is no target"},
      {"rules:\n  - {path: /f, target: 1e9}\n", "", "is no target"},
      {"rules:\n  - {path: /f, target: .nan}\n", "", "policy.yaml:2: target"},
      {"rules:\n  - {path: /g, target: 3}\n", "", "policy.yaml:2: /g matches no file: correct it; --force"},
      {"rules: []", "def replicas(file) return 3\n", "hook.py: the hook cannot be used: SyntaxError"},
      {"rules: []", "x = 1\n", "def replicas(file):"},
  };
  for (const Case& c : cases) {
    std::vector<std::string> arguments = {"policy", "set", swarm_->local_file("policy.yaml", c.rules)};
    if (!c.python.empty()) {
      arguments.insert(arguments.end(), {"--python", swarm_->local_file("hook.py", c.python)});
    }
    CommandResult result = run(arguments);
    EXPECT_EQ(result.code, 1) << c.rules << c.python;
    EXPECT_NE(result.err.find(c.says), std::string::npos) << result.err;
  }
  EXPECT_EQ(json::parse(run({"policy", "show", "--json"}).out)["revision"], 1);
  EXPECT_EQ(stat("/f")["target"], 2);

  auto check =
      run({"policy", "check", swarm_->local_file("policy.yaml", "rules: [{path: /g, target: 3}]"), "/f"});
  EXPECT_EQ(check.out, "1  /f  target.default\n");
  ASSERT_TRUE(
      ok({"policy", "set", swarm_->local_file("policy.yaml", "rules: [{path: /g, target: 3}]"), "--force"}));
  ASSERT_TRUE(swarm_->put("/g", "content"));
  EXPECT_EQ(stat("/g")["target"], 3);

  for (const char* bad : {"1e9", "nan", "inf", "-1"})
    EXPECT_NE(run({"target", "set", "/f", bad}).code, 0) << bad;
  for (const std::string& bad : {std::string("a=nan"), std::string("A=1"), std::string("reads_per_day=1"),
                                 std::string(100'000, 'a') + "=1"}) {
    CommandResult result = run({"vars", "set", "/f", "good=1", bad});
    EXPECT_EQ(result.code, 1) << bad.substr(0, 20);
  }
  EXPECT_EQ(stat("/f")["vars"], json::object());
}

TEST_F(PolicyTest, ReadsRaiseNOfWhatIsWanted) {
  start({"policy.interval=200ms"});
  for (const char* path : {"/hit", "/miss"}) ASSERT_TRUE(swarm_->put(path, "content"));
  ASSERT_TRUE(policy("rules: [{vars: {reads_per_day: {from: 5}}, target: 3}]"));
  for (int i = 0; i < 20; ++i) ASSERT_EQ(swarm_->get("/hit"), "content");
  EXPECT_TRUE(becomes("/hit", 3));
  EXPECT_GT(stat("/hit")["vars"]["reads_per_day"], 5);
  EXPECT_EQ(stat("/miss")["target"], 1);
  swarm_->terminate(swarm_->master());
  ASSERT_TRUE(swarm_->launch(swarm_->master()).ok());
  ASSERT_TRUE(swarm_->wait_nodes_up(3, 60s));
  EXPECT_GT(stat("/hit")["vars"]["reads_per_day"], 5);
}

}  // namespace
}  // namespace fsdfs::testing
