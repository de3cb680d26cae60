// Operators at work on real processes: nodes are drained, set readonly, removed and come back; the swarm says
// why, what if, and what it did.
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/harness/process_swarm.h"
#include "tests/harness/wait.h"

namespace fsdfs::testing {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

// Spare copies are not waited for: a busy machine makes none.
std::vector<std::string> settings(int target) {
  return {"trash.retention=0s", "write_reserve=0%", "node.report_interval=200ms", "node.dead_after=1s",
          "target.default=" + std::to_string(target)};
}

class Nodes : public ::testing::Test {
 protected:
  void start(int nodes, int target) {
    swarm_.emplace(ProcessSwarmOptions{.nodes = nodes, .quota = "100M", .settings = settings(target)});
    ASSERT_TRUE(swarm_->start().ok());
  }
  std::string id(int index) {
    auto nodes = swarm_->client().nodes();
    if (!nodes.ok()) return "";
    for (const auto& node : *nodes) {
      if (node.node.address == swarm_->node(index).address) return to_string(node.node.node);
    }
    return "";
  }
  std::optional<client::NodeInfo> info(int index) {
    auto nodes = swarm_->client().nodes();
    if (!nodes.ok()) return std::nullopt;
    for (const auto& node : *nodes) {
      if (node.node.address == swarm_->node(index).address) return node;
    }
    return std::nullopt;
  }
  void put_files(int count, const std::string& content = "content") {
    for (int i = 0; i < count; ++i) {
      swarm_->local_file("files/" + std::to_string(i), content + std::to_string(i));
    }
    auto put = swarm_->fsdfs({"put", (swarm_->directory() / "local/files").string(), "/files"});
    ASSERT_EQ(put.code, 0) << put.err;
  }
  void expect_files(int count, const std::string& content = "content") {
    const std::filesystem::path copy = swarm_->directory() / "copy";
    auto get = swarm_->fsdfs({"get", "/files", copy.string()});
    EXPECT_EQ(get.code, 0) << get.err;
    for (int i = 0; i < count; ++i) {
      std::ostringstream text;
      text << std::ifstream(copy / std::to_string(i)).rdbuf();
      EXPECT_EQ(text.str(), content + std::to_string(i));
    }
  }
  bool healthy() {
    auto surplus = swarm_->min_surplus();
    return surplus && *surplus >= 0;
  }
  void stop_node(int index) {
    ASSERT_TRUE(swarm_->terminate(swarm_->node(index)).has_value());
    ASSERT_TRUE(eventually(60s, [&] {
      auto node = info(index);
      return !node || !node->attending;
    }));
  }
  Json json(std::vector<std::string> arguments) {
    arguments.push_back("--json");
    auto result = swarm_->fsdfs(arguments);
    EXPECT_EQ(result.code, 0) << result.err;
    Json parsed = Json::parse(result.out, nullptr, false);
    EXPECT_FALSE(parsed.is_discarded()) << result.out;
    return parsed;
  }

  std::optional<ProcessSwarm> swarm_;
};

TEST_F(Nodes, ADrainedNodeMayGoAndNothingWasEverMissing) {
  start(4, 2);
  put_files(60);
  ASSERT_TRUE(eventually(60s, [&] { return healthy(); }));
  const std::string drained = id(1);
  auto options = swarm_->fsdfs_options({"node", "drain", drained, "--wait", "--timeout", "2m", "--json"});
  options.output_file = (swarm_->directory() / "drain.out").string();
  options.error_file = (swarm_->directory() / "drain.err").string();
  auto draining = Process::start(options);
  ASSERT_TRUE(draining.ok());
  double least = 1000;
  std::optional<ExitState> ended;
  EXPECT_TRUE(eventually(2min, [&] {
    if (auto surplus = swarm_->min_surplus()) least = std::min(least, *surplus);
    ended = draining->wait(0ms);
    return ended.has_value();
  }));
  ASSERT_TRUE(ended && ended->exited);
  EXPECT_EQ(ended->code, 0) << std::ifstream(options.error_file).rdbuf();
  EXPECT_GE(least, 0) << "K stays at N or above all the time";
  std::ostringstream said;
  said << std::ifstream(options.output_file).rdbuf();
  EXPECT_EQ(Json::parse(said.str())["drained"], true);
  EXPECT_EQ(swarm_->fsdfs({"nodes"}).out.find("draining"), std::string::npos);
  EXPECT_NE(swarm_->fsdfs({"nodes"}).out.find("drained"), std::string::npos);
  EXPECT_NE(swarm_->fsdfs({"status"}).out.find("is drained"), std::string::npos);

  stop_node(1);
  EXPECT_TRUE(healthy()) << "each file has its copies on the others";
  auto removed = swarm_->fsdfs({"node", "remove", drained.substr(0, 13)});
  EXPECT_EQ(removed.code, 0) << removed.err;
  EXPECT_TRUE(healthy());
  EXPECT_EQ(swarm_->client().nodes()->size(), 3U);
  expect_files(60);
}

TEST_F(Nodes, AReadonlyNodeTakesNothingAndServesOn) {
  start(3, 3);
  put_files(5);
  ASSERT_TRUE(eventually(60s, [&] { return healthy(); }));
  const std::string address = swarm_->node(2).address;
  ASSERT_EQ(swarm_->fsdfs({"node", "readonly", address}).code, 0);
  EXPECT_EQ(info(2)->admin_state, client::AdminState::kReadonly);
  int before = swarm_->replica_files(swarm_->node(2));
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(swarm_->put("/later" + std::to_string(i), "later"));
  ASSERT_TRUE(eventually(60s, [&] {
    auto status = swarm_->client().status();
    return status.ok() && status->min_surplus == -1 && status->copies_in_flight + status->copies_queued == 0;
  }));
  EXPECT_EQ(swarm_->replica_files(swarm_->node(2)), before);
  EXPECT_EQ(swarm_->copies("/later0"), 2);
  EXPECT_NE(swarm_->fsdfs({"status"}).out.find("add a server"), std::string::npos)
      << "what is parked is told";
  auto why = json({"why", "/later0"});
  ASSERT_EQ(why["not_on"].size(), 1U);
  EXPECT_EQ(why["not_on"][0]["address"], address);
  EXPECT_EQ(why["not_on"][0]["why"], "readonly");
  // It goes on being read: nobody else is up.
  stop_node(1);
  stop_node(3);
  EXPECT_EQ(swarm_->get("/files/0"), "content0");
  for (int i : {1, 3}) ASSERT_TRUE(swarm_->launch(swarm_->node(i)).ok());
  ASSERT_TRUE(swarm_->wait_nodes_up(3, 60s));
  ASSERT_EQ(swarm_->fsdfs({"node", "activate", address}).code, 0);
  EXPECT_TRUE(eventually(60s, [&] { return swarm_->copies("/later0") == 3; })) << "active again";
}

TEST_F(Nodes, TheHolderOfAnOnlyCopyIsRemovedByForceAlone) {
  start(2, 2);
  ASSERT_TRUE(swarm_->put("/kept", "kept"));
  ASSERT_TRUE(eventually(60s, [&] { return swarm_->copies("/kept") == 2; }));
  stop_node(1);
  ASSERT_TRUE(eventually(60s, [&] {
    auto status = swarm_->client().status();
    return status.ok() && status->nodes_dead == 1;
  }));
  ASSERT_TRUE(swarm_->put("/only here", "only"));
  const std::string holder = id(2);
  auto attending = swarm_->fsdfs({"node", "remove", holder});
  EXPECT_EQ(attending.code, 1);
  EXPECT_NE(attending.err.find("stop its fsdfsd first"), std::string::npos) << attending.err;
  ASSERT_TRUE(swarm_->launch(swarm_->node(1)).ok());
  ASSERT_TRUE(swarm_->wait_nodes_up(2, 60s));
  ASSERT_EQ(swarm_->fsdfs({"node", "readonly", id(1)}).code, 0);
  // A copy may have been under way before that.
  ASSERT_TRUE(swarm_->put("/only there", "only"));
  stop_node(2);
  auto refused = swarm_->fsdfs({"node", "remove", holder});
  EXPECT_EQ(refused.code, 1);
  EXPECT_NE(refused.err.find("the only copy of"), std::string::npos) << refused.err;
  EXPECT_NE(refused.err.find("/only there"), std::string::npos) << refused.err;
  EXPECT_NE(refused.err.find("--force"), std::string::npos) << refused.err;
  EXPECT_EQ(swarm_->client().nodes()->size(), 2U) << "nothing has changed";

  auto forced = json({"node", "remove", holder, "--force"});
  EXPECT_EQ(forced["removed"], true);
  bool listed = false;
  for (const auto& copy : forced["only_copies"]) listed = listed || copy["path"] == "/only there";
  EXPECT_TRUE(listed) << forced;
  EXPECT_EQ(swarm_->copies("/only there"), 0);
  EXPECT_EQ(swarm_->get("/kept"), "kept");

  // It comes back, as a new node; what it holds counts again.
  ASSERT_TRUE(swarm_->launch(swarm_->node(2)).ok());
  EXPECT_TRUE(eventually(60s, [&] { return swarm_->copies("/only there") == 1; }));
  EXPECT_EQ(swarm_->get("/only there"), "only");
  EXPECT_EQ(id(2), holder);
}

TEST_F(Nodes, ARemovedNodeThatReturnsIsReconciled) {
  start(3, 3);
  put_files(20);
  ASSERT_TRUE(eventually(60s, [&] { return swarm_->replica_files(swarm_->node(3)) == 20; }));
  stop_node(3);
  ASSERT_EQ(swarm_->fsdfs({"node", "remove", swarm_->node(3).address}).code, 0);
  ASSERT_EQ(swarm_->fsdfs({"rm", "/files/0", "/files/1"}).code, 0);
  ASSERT_TRUE(swarm_->put("/files/2", "changed"));
  ASSERT_TRUE(swarm_->launch(swarm_->node(3)).ok());
  ASSERT_TRUE(swarm_->wait_nodes_up(3, 60s));
  EXPECT_TRUE(eventually(60s, [&] {
    return swarm_->copies("/files/19") == 3 && swarm_->replica_files(swarm_->node(3)) == 18;
  })) << "what is current counts again, what was deleted is deleted";
  EXPECT_EQ(swarm_->get("/files/2"), "changed");
  EXPECT_EQ(info(3)->unknown_replicas, 0U);
}

TEST_F(Nodes, WhyAndWhatIfAndEventsAreJson) {
  start(3, 3);
  put_files(3);
  ASSERT_TRUE(eventually(60s, [&] { return healthy(); }));
  auto why = json({"why", "/files/0"});
  EXPECT_EQ(why["path"], "/files/0");
  EXPECT_EQ(why["target"], 3);
  EXPECT_EQ(why["copies"], 3);
  EXPECT_EQ(why["surplus"], 0);
  EXPECT_EQ(why["places"].size(), 3U);
  EXPECT_FALSE(why["next"].get<std::string>().empty());
  auto text = swarm_->fsdfs({"why", "/files/0"});
  EXPECT_NE(text.out.find("N = 3"), std::string::npos) << text.out;
  EXPECT_EQ(swarm_->fsdfs({"why", "/none"}).code, 5);

  auto lost = json({"whatif", "--lose", swarm_->node(1).address});
  EXPECT_EQ(lost["node"], id(1));
  EXPECT_LE(lost["at_once"]["min_surplus"], lost["now"]["min_surplus"]);
  EXPECT_EQ(lost["files_lost"], 0);
  EXPECT_EQ(lost["fits"], true);
  auto more = json({"whatif", "--add", "500G"});
  EXPECT_GE(more["settled"]["min_surplus"], more["now"]["min_surplus"]);
  EXPECT_EQ(swarm_->fsdfs({"whatif", "--lose", swarm_->node(1).address}).code, 0);

  auto events = swarm_->fsdfs({"events", "-n", "1000", "--json"});
  ASSERT_EQ(events.code, 0) << events.err;
  std::istringstream lines(events.out);
  std::string line;
  std::map<std::string, int> kinds;
  uint64_t last = 0;
  bool named = false;
  while (std::getline(lines, line)) {
    Json event = Json::parse(line, nullptr, false);
    ASSERT_FALSE(event.is_discarded()) << line;
    EXPECT_GT(event["sequence"].get<uint64_t>(), last);
    last = event["sequence"];
    ++kinds[event["kind"]];
    named = named || event.value("path", "") == "/files/0";
    EXPECT_FALSE(event["text"].get<std::string>().empty());
  }
  EXPECT_EQ(kinds["master"], 1);
  EXPECT_EQ(kinds["node_joined"], 3);
  EXPECT_GE(kinds["copied"], 3);
  EXPECT_TRUE(named) << "events name files as they are called";
}

TEST_F(Nodes, EventsAreFollowedOverARestartOfTheMaster) {
  start(2, 2);
  auto options = swarm_->fsdfs_options({"events", "-f", "-n", "0", "--json"});
  options.output_file = (swarm_->directory() / "events.out").string();
  options.error_file = (swarm_->directory() / "events.err").string();
  auto following = Process::start(options);
  ASSERT_TRUE(following.ok());
  auto said = [&](const std::string& file, const std::string& what) {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str().find(what) != std::string::npos;
  };
  // Until the stream stands nothing of it is seen; whatever is set after that is.
  const std::string one = swarm_->node(1).address;
  bool readonly = false;
  ASSERT_TRUE(eventually(60s, [&] {
    readonly = !readonly;
    EXPECT_EQ(swarm_->fsdfs({"node", readonly ? "readonly" : "activate", one}).code, 0);
    return said(options.output_file, "\"node_admin\"");
  }));
  swarm_->master().process->kill();
  ASSERT_TRUE(swarm_->launch(swarm_->master()).ok());
  EXPECT_TRUE(eventually(60s, [&] { return said(options.output_file, "\"kind\":\"master\""); }));
  EXPECT_TRUE(eventually(60s, [&] { return said(options.error_file, "epoch 2"); }));
  following->signal(SIGINT);
  auto ended = following->wait(60s);
  ASSERT_TRUE(ended.has_value());
  EXPECT_TRUE(ended->exited);
  EXPECT_EQ(ended->code, 0);
}

TEST_F(Nodes, MistakesAreNamed) {
  start(2, 2);
  struct Case {
    std::vector<std::string> arguments;
    int code;
    std::string says;
  };
  const std::vector<Case> cases = {
      {{"node", "drain", "zz"}, 1, "no node is 'zz'"},
      {{"node", "remove", "127.0.0.1:1"}, 1, swarm_->node(1).address},
      {{"whatif", "--lose", "zz"}, 1, "no node is 'zz'"},
      {{"why", "/"}, 1, "directory"},
      {{"why", "/none"}, 5, "/none"},
      {{"node", "drain"}, 2, "nodes"},
      {{"node", "explode", "1"}, 2, "subcommand"},
      {{"whatif"}, 2, "--lose"},
      {{"whatif", "--add", "much"}, 2, "much"},
      {{"events", "-n", "x"}, 2, "x"},
  };
  for (const Case& c : cases) {
    auto result = swarm_->fsdfs(c.arguments);
    EXPECT_EQ(result.code, c.code) << result.err;
    EXPECT_NE(result.err.find(c.says), std::string::npos) << c.says << ": " << result.err;
  }
  for (const auto& node : json({"nodes"})) EXPECT_EQ(node["admin_state"], "active");
}

}  // namespace
}  // namespace fsdfs::testing
