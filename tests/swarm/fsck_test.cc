// `fsdfs fsck` on a swarm of real processes: what is wrong is found, said, and repaired where that is safe.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "common/sqlite/database.h"
#include "tests/harness/process_swarm.h"
#include "tests/harness/wait.h"

namespace fsdfs::testing {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using ::testing::HasSubstr;

class FsckTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Status started = swarm_.start();
    ASSERT_TRUE(started.ok()) << started.to_string();
    for (int i = 0; i < 5; ++i) {
      std::string number = std::to_string(i);
      ASSERT_TRUE(swarm_.put("/f" + number, "content " + number));
    }
    ASSERT_TRUE(swarm_.wait_min_surplus(0, 60s));
  }
  static void execute(const std::string& path, const std::string& sql) {
    auto database = sqlite::Database::open(path);
    ASSERT_TRUE(database.ok()) << database.status().to_string();
    Status done = (*database)->execute(sql);
    ASSERT_TRUE(done.ok()) << done.to_string();
  }
  json fsck(bool repair, int code) {
    std::vector<std::string> arguments = {"fsck", "--json"};
    if (repair) arguments.emplace_back("--repair");
    CommandResult result = swarm_.fsdfs(arguments);
    EXPECT_EQ(result.code, code) << result.out << result.err;
    return json::parse(result.out, nullptr, false);
  }
  uint64_t inode_of(const std::string& path) {
    return json::parse(swarm_.fsdfs({"stat", path, "--json"}).out)["inode"];
  }

  ProcessSwarm swarm_{
      {.nodes = 3, .quota = "1G", .settings = {"node.report_interval=200ms", "copies.spare=false"}}};
};

TEST_F(FsckTest, AHealthySwarmIsWellAndAnswersMeanwhile) {
  json found = fsck(false, 0);
  EXPECT_TRUE(found["findings"].empty()) << found;
  EXPECT_EQ(found["complete"], true);
  EXPECT_GE(found["records"], 5 + 3 * 5);
  EXPECT_THAT(swarm_.fsdfs({"fsck"}).out, HasSubstr("all is well"));
}

TEST_F(FsckTest, AMissingReplicaIsFoundAndMadeAnew) {
  uint64_t inode = inode_of("/f1");
  execute(swarm_.node(2).data + "/index.db", "DELETE FROM replica WHERE inode = " + std::to_string(inode));
  json found = fsck(false, 1);
  ASSERT_EQ(found["findings"].size(), 1U) << found;
  EXPECT_EQ(found["findings"][0]["kind"], "missing");
  EXPECT_EQ(found["findings"][0]["path"], "/f1");
  EXPECT_EQ(found["findings"][0]["address"], swarm_.node(2).address);
  EXPECT_EQ(found["findings"][0]["repaired"], false);
  EXPECT_EQ(fsck(true, 0)["repaired"], 1);
  EXPECT_TRUE(swarm_.wait_min_surplus(0, 60s));
  EXPECT_TRUE(eventually(30s, [&] { return swarm_.copies("/f1") == 3; }));
  EXPECT_TRUE(fsck(false, 0)["findings"].empty());
  EXPECT_EQ(swarm_.get("/f1"), "content 1");
}

TEST_F(FsckTest, TheDatabaseIsSetRight) {
  ASSERT_TRUE(swarm_.terminate(swarm_.master()));
  execute(swarm_.master().data + "/master/master.db",
          "UPDATE counters SET value = value + 3 WHERE name = 'files'; "
          "UPDATE inodes SET links = 9 WHERE type = 1 AND id = (SELECT max(id) FROM inodes)");
  ASSERT_TRUE(swarm_.launch(swarm_.master()).ok());
  ASSERT_TRUE(swarm_.wait_nodes_up(3, 60s));
  json found = fsck(true, 0);
  ASSERT_EQ(found["findings"].size(), 2U) << found;
  EXPECT_EQ(found["findings"][0]["kind"], "link_count");
  EXPECT_EQ(found["findings"][1]["kind"], "totals");
  EXPECT_TRUE(fsck(false, 0)["findings"].empty());
  EXPECT_EQ(swarm_.client().status()->files, 5U);
}

TEST_F(FsckTest, WhoDoesNotAttendIsNamed) {
  ASSERT_TRUE(swarm_.terminate(swarm_.node(3)));
  ASSERT_TRUE(swarm_.wait_nodes_up(2, 60s));
  CommandResult result = swarm_.fsdfs({"fsck"});
  EXPECT_EQ(result.code, 0) << result.out;
  EXPECT_THAT(result.err, HasSubstr(swarm_.node(3).address));
}

}  // namespace
}  // namespace fsdfs::testing
