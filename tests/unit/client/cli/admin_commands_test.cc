#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "client/convert.h"
#include "tests/unit/client/cli/run_fsdfs.h"
#include "tests/unit/client/fake_admin.h"
#include "tests/unit/client/test_credentials.h"

namespace fsdfs::client {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using Arguments = std::vector<std::string>;

class AdminCommandsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "admin_commands_XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
    std::ofstream(directory_ / "config.yaml") << "client.first_contact: 5s\n";
  }
  void TearDown() override { fs::remove_all(directory_); }

  Outcome run(Arguments arguments) {
    return run_fsdfs({{"FSDFS_JOIN", fake_.address()}, {"FSDFS_SWARM_PASSWORD", kTestPassword}},
                     directory_ / "config.yaml", std::move(arguments));
  }

  static void set_node(uint8_t number, v1::NodeAddress* node) {
    node->set_node(std::string(15, '\0') + static_cast<char>(number));
    node->set_address("10.0.0." + std::to_string(number) + ":4242");
  }
  // A swarm of one node, 7, whose states can be set.
  FakeAdmin::Script one_node() {
    FakeAdmin::Script script;
    script.set_state = [this](const v1::SetAdminStateRequest& request,
                              v1::SetAdminStateReply& reply) -> Status {
      if (request.node() != "07")
        return failed_precondition("no node is '" + request.node() + "': there are 07");
      set_node(7, reply.mutable_node());
      reply.set_before(state_);
      reply.set_state(request.state());
      state_ = request.state();
      return {};
    };
    script.nodes = [this](v1::ListNodesReply& reply) {
      auto* info = reply.add_nodes();
      set_node(7, info->mutable_node());
      info->set_state(node_state_);
      info->set_admin_state(state_);
      info->set_drain_left(left_);
      info->set_drained(left_ == 0);
      if (left_ > 0) --left_;
    };
    return script;
  }

  fs::path directory_;
  FakeAdmin fake_{test_credentials()};
  v1::AdminState state_ = v1::ADMIN_STATE_ACTIVE;
  v1::NodeState node_state_ = v1::NODE_STATE_UP;
  uint64_t left_ = 0;
};

TEST_F(AdminCommandsTest, WrongUsageIsTwo) {
  for (const Arguments& arguments :
       {Arguments{"node"}, Arguments{"node", "drain"}, Arguments{"node", "nonsense", "07"},
        Arguments{"node", "drain", "07", "--timeout", "5s"},
        Arguments{"node", "drain", "07", "--wait", "--timeout", "soon"},
        Arguments{"node", "activate", "07", "--wait"}, Arguments{"node", "remove"}, Arguments{"why"},
        Arguments{"why", "relative"}, Arguments{"whatif"}, Arguments{"whatif", "--add", "lots"},
        Arguments{"whatif", "--add", "0"}, Arguments{"whatif", "--add", "1G", "--lose", "07"},
        Arguments{"events", "-n", "many"}, Arguments{"events", "-n", "-1"}}) {
    Outcome outcome = run(arguments);
    bool is_path = arguments.back() == "relative";
    EXPECT_EQ(outcome.code, is_path ? 1 : 2) << ::testing::PrintToString(arguments) << outcome.err;
    EXPECT_THAT(outcome.err, ::testing::StartsWith("fsdfs: "));
  }
}

TEST_F(AdminCommandsTest, StatesAreSetAndSaid) {
  fake_.set(one_node());
  EXPECT_EQ(run({"node", "readonly", "07"}).out,
            "node 10.0.0.7:4242 (00000000-0000-0000-0000-000000000007) is readonly\n");
  EXPECT_EQ(state_, v1::ADMIN_STATE_READONLY);
  EXPECT_THAT(run({"node", "readonly", "07"}).out, HasSubstr("is readonly already"));
  EXPECT_EQ(run({"node", "activate", "07"}).code, 0);
  EXPECT_EQ(state_, v1::ADMIN_STATE_ACTIVE);
  auto json = nlohmann::json::parse(run({"node", "drain", "07", "--json"}).out);
  EXPECT_EQ(json["id"], "00000000-0000-0000-0000-000000000007");
  EXPECT_EQ(json["admin_state"], "draining");
  EXPECT_EQ(json["before"], "active");
}

TEST_F(AdminCommandsTest, AnUnknownNodeIsOneAndTheOthersAreDone) {
  fake_.set(one_node());
  Outcome outcome = run({"node", "drain", "08", "07"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("no node is '08'"), HasSubstr("there are 07")));
  EXPECT_EQ(state_, v1::ADMIN_STATE_DRAINING);
}

TEST_F(AdminCommandsTest, DrainWaitsUntilNothingDependsOnTheNode) {
  fake_.set(one_node());
  left_ = 2;
  Outcome outcome = run({"node", "drain", "07", "--wait"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("is drained"));
  EXPECT_EQ(left_, 0U);
}

TEST_F(AdminCommandsTest, DrainGivesUpWithWhatIsLeft) {
  fake_.set(one_node());
  left_ = 1'000'000;
  Outcome outcome = run({"node", "drain", "07", "--wait", "--timeout", "1ms"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("timed out"), HasSubstr("files left on 10.0.0.7:4242")));
  EXPECT_EQ(state_, v1::ADMIN_STATE_DRAINING) << "it goes on";
  node_state_ = v1::NODE_STATE_DEAD;
  outcome = run({"node", "drain", "07", "--wait"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("is dead"));
}

TEST_F(AdminCommandsTest, RemoveListsWhatIsLost) {
  FakeAdmin::Script script;
  script.remove = [](const v1::RemoveNodeRequest& request,
                     std::vector<v1::RemoveNodeProgress>& progress) -> Status {
    progress.resize(2);
    for (auto& message : progress) set_node(7, message.mutable_node());
    progress[0].set_phase(v1::REMOVAL_PHASE_CHECKING);
    for (int i = 0; i < 30; ++i) {
      auto* copy = progress[0].add_sole_copies();
      copy->set_path("/f" + std::to_string(i));
      copy->set_inode(static_cast<uint64_t>(i + 1));
      copy->set_size(10);
    }
    if (!request.force()) {
      progress.pop_back();
      return failed_precondition("node 07 holds the only copy of 30 files: /f0 and 29 more; --force");
    }
    progress[1].set_phase(v1::REMOVAL_PHASE_DONE);
    return {};
  };
  fake_.set(script);
  Outcome refused = run({"node", "remove", "07"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_EQ(refused.out, "");
  EXPECT_THAT(refused.err, HasSubstr("the only copy of 30 files"));
  Outcome forced = run({"node", "remove", "07", "--force"});
  EXPECT_EQ(forced.code, 0) << forced.err;
  EXPECT_THAT(forced.out, AllOf(HasSubstr("  /f0  (10 B)\n"), HasSubstr("/f19"), HasSubstr("and 10 more"),
                                HasSubstr("is removed")));
  EXPECT_THAT(forced.out, ::testing::Not(HasSubstr("/f20")));
  auto json = nlohmann::json::parse(run({"node", "remove", "07", "--force", "--json"}).out);
  EXPECT_EQ(json["only_copies"].size(), 30U) << "all of them";
  EXPECT_EQ(json["only_copies"][29]["path"], "/f29");
  EXPECT_EQ(json["count"], 30);
  EXPECT_EQ(json["removed"], true);
}

TEST_F(AdminCommandsTest, RemoveWithoutLosses) {
  FakeAdmin::Script script;
  script.remove = [](const v1::RemoveNodeRequest&, std::vector<v1::RemoveNodeProgress>& progress) -> Status {
    progress.resize(1);
    set_node(7, progress[0].mutable_node());
    progress[0].set_phase(v1::REMOVAL_PHASE_DONE);
    return {};
  };
  fake_.set(script);
  EXPECT_EQ(run({"node", "remove", "07"}).out,
            "node 10.0.0.7:4242 (00000000-0000-0000-0000-000000000007) is removed\n");
  EXPECT_EQ(nlohmann::json::parse(run({"node", "remove", "07", "--json"}).out)["removed"], true);
  auto forced = nlohmann::json::parse(run({"node", "remove", "07", "--force", "--json"}).out);
  EXPECT_EQ(forced["only_copies"].size(), 0U);
  script.remove = [](const v1::RemoveNodeRequest&, std::vector<v1::RemoveNodeProgress>&) {
    return failed_precondition("no node is that");
  };
  fake_.set(script);
  Outcome unknown = run({"node", "remove", "07", "--force", "--json"});
  EXPECT_EQ(unknown.code, 1);
  EXPECT_EQ(unknown.out, "");
}

TEST_F(AdminCommandsTest, WhyIsPrinted) {
  FakeAdmin::Script script;
  script.explain = [](const v1::ExplainRequest& request, v1::ExplainReply& reply) -> Status {
    if (request.place().path() != "a/b") return not_found("no such file or directory: /x");
    reply.set_target(3);
    reply.set_copies(2);
    reply.set_surplus(-1);
    reply.set_next("waits for room");
    set_node(7, reply.add_places()->mutable_node());
    reply.mutable_places(0)->set_state(v1::PLACE_STATE_CURRENT);
    return {};
  };
  fake_.set(script);
  EXPECT_THAT(run({"why", "/a/b"}).out, AllOf(HasSubstr("K-N = -1"), HasSubstr("waits for room"),
                                              HasSubstr("10.0.0.7:4242"), HasSubstr("holds it")));
  EXPECT_EQ(run({"why", "/x"}).code, 5);
  auto json = nlohmann::json::parse(run({"why", "/a/b", "--json"}).out);
  EXPECT_EQ(json["copies"], 2);
  EXPECT_EQ(json["places"][0]["state"], "current");
  EXPECT_TRUE(nlohmann::json::parse(run({"why", "/a/b", "/a/b", "--json"}).out).is_array());
}

TEST_F(AdminCommandsTest, WhatIfIsPrinted) {
  FakeAdmin::Script script;
  script.what_if = [](const v1::WhatIfRequest& request, v1::WhatIfReply& reply) -> Status {
    reply.mutable_now()->set_all(1);
    reply.set_bytes(request.add_quota());
    if (!request.lose().empty()) set_node(7, reply.mutable_node());
    return {};
  };
  fake_.set(script);
  EXPECT_THAT(run({"whatif", "--lose", "07"}).out, HasSubstr("if node 10.0.0.7:4242 were lost"));
  EXPECT_THAT(run({"whatif", "--add", "500G"}).out, HasSubstr("if an empty node of 500G joined"));
  auto json = nlohmann::json::parse(run({"whatif", "--add", "1K", "--json"}).out);
  EXPECT_EQ(json["bytes"], 1024);
  EXPECT_TRUE(json["node"].is_null());
  EXPECT_EQ(json["now"]["min_surplus"], 1);
}

TEST_F(AdminCommandsTest, EventsArePrintedOneALine) {
  FakeAdmin::Script script;
  script.events = [](const v1::EventsRequest& request, std::vector<v1::EventsReply>& replies) -> Status {
    replies.resize(1);
    replies[0].set_epoch(1);
    replies[0].set_missed(request.last() == 7 ? 3 : 0);
    for (uint64_t i = 1; i <= 2; ++i) {
      auto* event = replies[0].add_events();
      event->set_sequence(i);
      event->set_kind("copy");
      event->set_text("copy number " + std::to_string(i));
    }
    return {};
  };
  fake_.set(script);
  EXPECT_THAT(run({"events"}).out, ::testing::MatchesRegex(".*  copy number 1\n.*  copy number 2\n"));
  Outcome missed = run({"events", "-n", "7"});
  EXPECT_EQ(missed.code, 0);
  EXPECT_THAT(missed.err, HasSubstr("3 events"));
  std::istringstream lines(run({"events", "--json"}).out);
  std::string line;
  int count = 0;
  while (std::getline(lines, line)) EXPECT_EQ(nlohmann::json::parse(line)["sequence"], ++count);
  EXPECT_EQ(count, 2);
}

}  // namespace
}  // namespace fsdfs::client
