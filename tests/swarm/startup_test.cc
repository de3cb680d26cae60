// What fsdfsd says to wrong settings and wrong company: it names the thing, the fault and the way out, and
// ends with the documented exit code.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/harness/process_swarm.h"
#include "tests/harness/wait.h"

namespace fsdfs::testing {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

CommandResult fsdfsd(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), program("fsdfsd"));
  ProcessOptions options;
  options.arguments = std::move(arguments);
  return run_command(options, 60s);
}

TEST(Startup, WrongSettingsAreNamed) {
  const fs::path directory = fs::temp_directory_path() / ("fsdfs-startup-" + std::to_string(::getpid()));
  fs::create_directories(directory);
  const std::string data = (directory / "data").string();
  const std::string password = (directory / "password").string();
  std::ofstream(password) << "long enough a password\n";
  std::ofstream(directory / "short") << "short\n";
  const std::string yaml = (directory / "bad.yaml").string();
  std::ofstream(yaml) << "node:\n  dead_after: soon\n";
  const std::vector<std::string> good = {
      "--data", data, "--quota", "1G", "--join", "127.0.0.1:9", "--swarm-password-file", password};
  struct Case {
    std::vector<std::string> arguments;
    int code;
    std::vector<std::string> says;
  };
  auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), good.begin(), good.end());
    return more;
  };
  const std::vector<Case> cases = {
      {{}, 2, {"--data"}},
      {{"--data", data}, 2, {"--quota", "--master"}},
      {{"--data", data, "--quota", "1G"}, 2, {"--join"}},
      {{"--data", data, "--quota", "1G", "--join", "127.0.0.1:9"}, 2, {"--swarm-password-file"}},
      {with({"--nonsense"}), 2, {"--nonsense"}},
      {with({"--set", "quota=lots"}), 2, {"lots", "500G"}},
      {with({"--quota", "1G"}), 2, {"1 data directories", "2 quotas", "same order"}},
      {with({"--data", data + "2"}), 2, {"2 data directories", "1 quotas"}},
      {with({"--data", data, "--quota", "1G"}), 2, {data, "twice"}},
      {with({"--data", data + "2", "--quota", "0"}), 2, {"quota of 0"}},
      {{"--master", "--data", data, "--data", data + "2", "--swarm-password-file", password}, 2, {"--quota"}},
      {with({"--listen", "nowhere"}), 2, {"--listen", "nowhere"}},
      {with({"--set", "node.dead_aftr=5s"}), 2, {"node.dead_aftr", "node.dead_after"}},
      {with({"--set", "node.dead_after=-5s"}), 2, {"node.dead_after", "-5s"}},
      {with({"--set", "sync_copies=0"}), 2, {"sync_copies"}},
      {with({"--config", "/no/such.yaml"}), 2, {"/no/such.yaml"}},
      {with({"--config", yaml}), 2, {"bad.yaml", "soon"}},
      {{"--master", "--data", data, "--listen", "127.0.0.1:0", "--swarm-password-file",
        (directory / "short").string()},
       2,
       {"12"}},
      {{"--master", "--data", data, "--swarm-password-file", (directory / "none").string()}, 2, {"none"}},
  };
  for (const Case& c : cases) {
    std::string line;
    for (const auto& argument : c.arguments) line += " " + argument;
    auto result = fsdfsd(c.arguments);
    EXPECT_EQ(result.code, c.code) << line << "\n" << result.err;
    for (const auto& part : c.says)
      EXPECT_NE(result.err.find(part), std::string::npos) << line << "\n" << result.err;
  }
  EXPECT_FALSE(fs::exists(data)) << "a refused start leaves nothing behind";
  fs::remove_all(directory);
}

TEST(Startup, AWrongPasswordIsNotAllowed) {
  ProcessSwarm swarm({.nodes = 1, .quota = "100M"});
  ASSERT_TRUE(swarm.start().ok());
  const std::string wrong = swarm.local_file("wrong", "another password altogether\n");
  ::chmod(wrong.c_str(), 0600);
  auto result = fsdfsd({"--data", (swarm.directory() / "stranger").string(), "--quota", "1G", "--listen",
                        "127.0.0.1:0", "--join", swarm.master().address, "--swarm-password-file", wrong});
  EXPECT_EQ(result.code, 4) << result.err;
  EXPECT_NE(result.err.find("not allowed"), std::string::npos) << result.err;
  auto status = swarm.client().status();
  ASSERT_TRUE(status.ok());
  EXPECT_EQ(status->nodes_up, 1U);
}

TEST(Startup, OneDataDirectoryOneProcess) {
  ProcessSwarm swarm({.nodes = 1, .quota = "100M"});
  ASSERT_TRUE(swarm.start().ok());
  auto second = fsdfsd({"--data", swarm.node(1).data, "--quota", "1G", "--listen", "127.0.0.1:0", "--join",
                        swarm.master().address, "--swarm-password-file", swarm.password_file()});
  EXPECT_EQ(second.code, 1) << second.err;
  EXPECT_NE(second.err.find(swarm.node(1).data), std::string::npos) << second.err;
  auto port = fsdfsd({"--data", (swarm.directory() / "other").string(), "--quota", "1G", "--listen",
                      swarm.node(1).address, "--join", swarm.master().address, "--swarm-password-file",
                      swarm.password_file()});
  EXPECT_EQ(port.code, 1) << port.err;
  EXPECT_NE(port.err.find("address already in use"), std::string::npos) << port.err;
}

// A copy of a node's data directory, as a cloned virtual machine would have it.
TEST(Startup, AClonedNodeIsRefused) {
  ProcessSwarm swarm({.nodes = 1, .quota = "100M"});
  ASSERT_TRUE(swarm.start().ok());
  ASSERT_TRUE(swarm.put("/f", "content"));
  const fs::path clone = swarm.directory() / "clone";
  fs::copy(swarm.node(1).data, clone, fs::copy_options::recursive);
  // The original goes on to its next incarnation; the clone is the older start.
  swarm.node(1).process->kill();
  ASSERT_TRUE(swarm.launch(swarm.node(1)).ok());
  ASSERT_TRUE(eventually(60s, [&] {
    auto nodes = swarm.client().nodes();
    return nodes.ok() && nodes->size() == 1 && nodes->front().incarnation == Incarnation{2};
  }));
  auto cloned = fsdfsd({"--data", clone.string(), "--quota", "100M", "--listen", "127.0.0.1:0", "--join",
                        swarm.master().address, "--swarm-password-file", swarm.password_file()});
  EXPECT_NE(cloned.code, 0) << cloned.err;
  EXPECT_NE(cloned.err.find("cop"), std::string::npos) << cloned.err;
  EXPECT_EQ(swarm.get("/f"), "content");
}

}  // namespace
}  // namespace fsdfs::testing
