// ProcessSwarm: a swarm of real fsdfsd processes on loopback, started in one line:
//
//   ProcessSwarm swarm({.nodes = 4, .quota = "1G", .settings = {"trash.retention=0s"}});
//   ASSERT_TRUE(swarm.start().ok());
//   swarm.node(2).process->kill();
//
// Process 0 is the master, without a quota; nodes are 1..n. Each keeps its port and data directory over
// restarts. Everything lies in one temporary directory, which goes with the swarm unless the test failed;
// then its place, with the logs, is printed. Not thread-safe, but clients of it may be used from any thread.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/swarm_client.h"
#include "tests/harness/ports.h"
#include "tests/harness/process.h"

namespace fsdfs::testing {

struct ProcessSwarmOptions {
  int nodes = 4;
  std::string quota = "1G";                // of every node
  std::vector<std::string> quotas = {};    // of single nodes, instead; by index - 1
  std::vector<std::string> zones = {};     // likewise
  std::vector<std::string> settings = {};  // "key=value", for every process
  std::string password = "a swarm password for tests";
  bool hosts_apart = true;  // each node says that it is a machine of its own
};

struct Server {
  std::string name = {};     // "master", "node1"
  std::string data = {};     // its --data directory
  std::string address = {};  // HOST:PORT
  std::string log = {};      // its stderr
  std::vector<std::string> arguments = {};
  std::vector<std::pair<std::string, std::string>> environment =
      {};  // added to the test's own at its next launch
  std::optional<Process> process;
};

class ProcessSwarm {
 public:
  explicit ProcessSwarm(ProcessSwarmOptions options);
  ~ProcessSwarm();
  ProcessSwarm(const ProcessSwarm&) = delete;
  ProcessSwarm& operator=(const ProcessSwarm&) = delete;

  // Returns when all nodes are up.
  Status start();
  Server& master() { return servers_[0]; }
  Server& node(int index) { return servers_[static_cast<size_t>(index)]; }  // from 1
  int nodes() const { return static_cast<int>(servers_.size()) - 1; }

  // Starts a server that is not running; returns at once.
  Status launch(Server& server);
  // Adds a node with its own quota and starts it; its index.
  Result<int> add_node(const std::string& quota);
  // SIGTERM, and its exit.
  std::optional<ExitState> terminate(Server& server);
  bool wait_nodes_up(int count, std::chrono::milliseconds timeout);

  // min(K-N) of the swarm, or nullopt: no files, or no answer.
  std::optional<double> min_surplus();
  // True when min(K-N) is `surplus` before the time is up.
  bool wait_min_surplus(double surplus, std::chrono::milliseconds timeout);
  // How many nodes have the path's current version whole, by the master's records; -1: no answer.
  int copies(const std::string& path);
  // How many replica files (without their sidecars) lie in a node's directory.
  int replica_files(const Server& server) const;

  // Runs `fsdfs` with these arguments against the swarm.
  CommandResult fsdfs(std::vector<std::string> arguments,
                      std::chrono::milliseconds timeout = std::chrono::minutes(2));
  ProcessOptions fsdfs_options(std::vector<std::string> arguments) const;
  // Makes a local file, and its path.
  std::string local_file(const std::string& name, std::string_view content);
  // A put or get through the command, as a test wants it: true when it exited with 0.
  bool put(const std::string& path, std::string_view content, std::vector<std::string> flags = {});
  std::optional<std::string> get(const std::string& path);

  client::SwarmClient& client() { return *client_; }
  // A client with its own connections.
  Result<std::unique_ptr<client::SwarmClient>> make_client(Duration deadline) const;
  const std::filesystem::path& directory() const { return directory_; }
  const std::string& password_file() const { return password_file_; }
  std::string log_tail(const Server& server) const;

 private:
  Server describe(const std::string& name, uint16_t port, const std::string& quota,
                  const std::string& zone) const;

  ProcessSwarmOptions options_;
  std::filesystem::path directory_;
  std::string password_file_;
  std::optional<PortBlock> ports_;
  std::vector<Server> servers_;
  SystemClock clock_;
  mutable NullLogger logger_;
  std::optional<Credentials> credentials_;
  std::unique_ptr<client::SwarmClient> client_;
};

// Where the programs under test are.
std::string program(const std::string& name);

}  // namespace fsdfs::testing
