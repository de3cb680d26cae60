// LocalSwarm: a master and many nodes in the test's own process, with real gRPC on loopback and real disks,
// started in one line:
//
//   LocalSwarm swarm({.nodes = 100, .quota = 1 << 20});
//   ASSERT_TRUE(swarm.start().ok());
//
// For what needs many nodes; what needs kill -9 takes ProcessSwarm. Not thread-safe; clients of it are.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "client/swarm_client.h"
#include "common/config/swarm_settings.h"
#include "common/io/posix_disk.h"
#include "common/log.h"
#include "common/rpc/channel.h"
#include "common/rpc/server.h"
#include "common/security/authority.h"
#include "master/master.h"
#include "node/node.h"

namespace fsdfs::testing {

struct LocalSwarmOptions {
  int nodes = 4;
  uint64_t quota = 1ULL << 30;  // bytes, of every node
  SwarmSettings settings = {};
};

class LocalSwarm {
 public:
  explicit LocalSwarm(LocalSwarmOptions options);
  ~LocalSwarm();
  LocalSwarm(const LocalSwarm&) = delete;
  LocalSwarm& operator=(const LocalSwarm&) = delete;

  // Returns when all nodes are up.
  Status start();
  Status add_node(uint64_t quota);
  // Stops a node's server and the node, cleanly.
  void stop_node(size_t index);
  size_t nodes() const { return nodes_.size(); }
  node::Node& node(size_t index) { return *nodes_[index]->node; }  // from 0
  client::SwarmClient& client() { return *client_; }
  // Puts `content`, all of it in memory.
  Status put(const std::string& path, const std::string& content);
  int copies(const std::string& path);  // K; -1: no answer

 private:
  struct Member {
    std::unique_ptr<Dialer> dialer;
    std::unique_ptr<node::Node> node;
    std::unique_ptr<RpcServer> server;  // its service is the node's
    ~Member() { stop(); }
    void stop();
  };

  LocalSwarmOptions options_;
  std::filesystem::path directory_;
  SystemClock clock_;
  NullLogger logger_;
  PosixDisk disk_;
  std::optional<Authority> authority_;
  std::unique_ptr<master::Master> master_;
  std::unique_ptr<RpcServer> master_server_;
  std::vector<std::unique_ptr<Member>> nodes_;
  std::unique_ptr<client::SwarmClient> client_;
};

}  // namespace fsdfs::testing
