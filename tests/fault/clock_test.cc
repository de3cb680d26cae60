// The clock of one machine set a day forward and back while the swarm works, by libfaketime under one
// process.
//
// Expected: nobody who uses the swarm notices; a warning says what happened; the trash keeps for its whole
// retention what is in it; a node whose clock is a day wrong from its start on serves as well as any.
#include <gtest/gtest.h>

#include <fstream>

#include "tests/harness/process_swarm.h"
#include "tests/harness/wait.h"

namespace fsdfs::testing {
namespace {

using namespace std::chrono_literals;

std::string faketime_library() {
  for (const char* place : {"/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib"}) {
    std::string path = std::string(place) + "/faketime/libfaketimeMT.so.1";
    if (std::filesystem::exists(path)) return path;
  }
  return "";
}

class ClockTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (faketime_library().empty()) GTEST_SKIP() << "libfaketime is not installed (Debian: faketime)";
    swarm_.emplace(ProcessSwarmOptions{
        .nodes = 3, .quota = "1G", .settings = {"node.report_interval=200ms", "trash.retention=1h"}});
    ASSERT_TRUE(swarm_->start().ok());
  }
  std::string offset_file(const Server& server) const { return server.data + ".faketime"; }
  void set_clock(const Server& server, const std::string& offset) {
    std::ofstream(offset_file(server) + ".new") << offset << "\n";
    std::filesystem::rename(offset_file(server) + ".new", offset_file(server));
  }
  // Starts it anew with a clock that set_clock sets.
  void restart_with_clock(Server& server, const std::string& offset) {
    ASSERT_TRUE(swarm_->terminate(server));
    set_clock(server, offset);
    server.environment = {{"LD_PRELOAD", faketime_library()},
                          {"FAKETIME_TIMESTAMP_FILE", offset_file(server)},
                          {"FAKETIME_NO_CACHE", "1"},
                          {"FAKETIME_DONT_FAKE_MONOTONIC", "1"},
                          {"DONT_FAKE_MONOTONIC", "1"}};
    ASSERT_TRUE(swarm_->launch(server).ok());
    ASSERT_TRUE(swarm_->wait_nodes_up(3, 60s));
  }
  // A put, reads from every holder there is, a removal, and K-N back at 0.
  void expect_all_works(const std::string& name) {
    SCOPED_TRACE(name);
    std::string content = "content of " + name;
    ASSERT_TRUE(swarm_->put("/" + name, content));
    EXPECT_EQ(swarm_->get("/" + name), content);
    EXPECT_TRUE(swarm_->wait_min_surplus(0, 60s));
    EXPECT_EQ(swarm_->copies("/" + name), 3);
    EXPECT_EQ(swarm_->get("/" + name), content);
    ASSERT_TRUE(swarm_->put("/" + name, content + ", replaced"));
    EXPECT_EQ(swarm_->get("/" + name), content + ", replaced");
    EXPECT_EQ(swarm_->get("/kept"), "kept");
  }
  bool in_trash(const std::string& path) {
    return swarm_->fsdfs({"trash", "ls"}).out.find(path) != std::string::npos;
  }

  std::optional<ProcessSwarm> swarm_;
};

TEST_F(ClockTest, ADayForthAndBackOnANode) {
  ASSERT_TRUE(swarm_->put("/kept", "kept"));
  restart_with_clock(swarm_->node(1), "+0");
  set_clock(swarm_->node(1), "+1d");
  expect_all_works("forth");
  set_clock(swarm_->node(1), "-1d");
  expect_all_works("back");
  EXPECT_NE(swarm_->log_tail(swarm_->node(1)).find("the clock of this machine was set"), std::string::npos)
      << swarm_->log_tail(swarm_->node(1));
}

TEST_F(ClockTest, ANodeThatStartsWithAWrongClock) {
  ASSERT_TRUE(swarm_->put("/kept", "kept"));
  for (const char* offset : {"+1d", "-1d"}) {
    restart_with_clock(swarm_->node(2), offset);
    expect_all_works(std::string("with") + offset);
  }
}

TEST_F(ClockTest, ADayForthAndBackOnTheMaster) {
  ASSERT_TRUE(swarm_->put("/kept", "kept"));
  restart_with_clock(swarm_->master(), "+0");
  ASSERT_TRUE(swarm_->put("/deleted", "deleted"));
  ASSERT_EQ(swarm_->fsdfs({"rm", "/deleted"}).code, 0);
  set_clock(swarm_->master(), "+1d");
  expect_all_works("forth");
  EXPECT_TRUE(in_trash("/deleted")) << "its hour is not over";
  set_clock(swarm_->master(), "-1d");
  expect_all_works("back");
  EXPECT_TRUE(in_trash("/deleted"));
  // A master that starts with its clock a day back goes by that; its nodes follow.
  restart_with_clock(swarm_->master(), "-1d");
  expect_all_works("restarted");
  EXPECT_TRUE(in_trash("/deleted"));
  EXPECT_EQ(swarm_->fsdfs({"trash", "restore", "/deleted"}).code, 0);
  EXPECT_EQ(swarm_->get("/deleted"), "deleted");
}

}  // namespace
}  // namespace fsdfs::testing
