#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/unit/client/cli/run_fsdfs.h"
#include "tests/unit/client/fake_admin.h"
#include "tests/unit/client/test_credentials.h"

namespace fsdfs::client {
namespace {

using ::testing::HasSubstr;

// A swarm of the nodes 7, which attends, and 8, which does not. A pass of 7 takes `looks_` looks.
class ScrubCommandTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "scrub_command_XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
    std::ofstream(directory_ / "config.yaml") << "client.first_contact: 5s\n";
    FakeAdmin::Script script;
    script.scrub = [this](const v1::ScrubRequest& request, v1::ScrubReply& reply) -> Status {
      named_.assign(request.nodes().begin(), request.nodes().end());
      reply.set_request(42);
      set_node(7, reply.add_nodes());
      if (named_.empty()) set_node(8, reply.add_absent());
      return {};
    };
    script.nodes = [this](v1::ListNodesReply& reply) {
      auto* info = reply.add_nodes();
      set_node(7, info->mutable_node());
      info->set_state(state_);
      info->set_quarantined_replicas(quarantined_);
      auto* scrub = info->mutable_scrub();
      scrub->set_answered(looks_ > 0 ? 41 : 42);
      scrub->set_running(looks_ > 0);
      scrub->set_bytes_done(1000);
      scrub->set_bytes_total(2000);
      scrub->set_replicas(5);
      scrub->set_bad(bad_);
      if (looks_ > 0) --looks_;
    };
    fake_.set(script);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  static void set_node(uint8_t number, v1::NodeAddress* node) {
    node->set_node(std::string(15, '\0') + static_cast<char>(number));
    node->set_address("10.0.0." + std::to_string(number) + ":4242");
  }
  Outcome run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "scrub");
    return run_fsdfs({{"FSDFS_JOIN", fake_.address()}, {"FSDFS_SWARM_PASSWORD", kTestPassword}},
                     directory_ / "config.yaml", std::move(arguments));
  }

  std::filesystem::path directory_;
  FakeAdmin fake_{test_credentials()};
  std::vector<std::string> named_;
  v1::NodeState state_ = v1::NODE_STATE_UP;
  uint64_t looks_ = 0;
  uint64_t bad_ = 0;
  uint64_t quarantined_ = 0;
};

TEST_F(ScrubCommandTest, ItBeginsAndDoesNotWait) {
  looks_ = 1'000'000;
  Outcome outcome = run({"07"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(named_, std::vector<std::string>{"07"});
  EXPECT_THAT(outcome.out, HasSubstr("node 10.0.0.7:4242"));
  EXPECT_EQ(outcome.err, "");
}

TEST_F(ScrubCommandTest, WhoDoesNotAttendIsNamed) {
  Outcome outcome = run({});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_TRUE(named_.empty());
  EXPECT_THAT(outcome.err, HasSubstr("node 10.0.0.8:4242"));
}

TEST_F(ScrubCommandTest, WaitingEndsWithWhatWasFound) {
  looks_ = 2;
  bad_ = 1;
  Outcome outcome = run({"07", "--wait"});
  EXPECT_EQ(outcome.code, 0) << "it was replaced: " << outcome.err;
  EXPECT_EQ(looks_, 0U);
  EXPECT_THAT(outcome.out, HasSubstr("5 replicas right"));
  EXPECT_THAT(outcome.out, HasSubstr("1 bad"));
  EXPECT_EQ(outcome.err, "") << "no progress in a pipe";
}

TEST_F(ScrubCommandTest, ABadOneThatIsNotReplacedIsExitCodeOne) {
  bad_ = quarantined_ = 2;
  Outcome outcome = run({"07", "--wait", "--json"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("2 bad replicas that are not replaced yet"));
  auto json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json[0]["bad"], 2);
  EXPECT_EQ(json[0]["not_replaced"], 2);
  EXPECT_EQ(json[0]["checked"], 5);
}

TEST_F(ScrubCommandTest, ANodeThatDiesIsNotWaitedFor) {
  looks_ = 1'000'000;
  state_ = v1::NODE_STATE_DEAD;
  Outcome outcome = run({"07", "--wait"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("died"));
}

}  // namespace
}  // namespace fsdfs::client
