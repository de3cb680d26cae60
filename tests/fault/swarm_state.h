// What a test of disks asks of a swarm: of its nodes and their disks, as the master knows them. Functions
// without state; those that wait do so with a deadline.
#pragma once

#include <algorithm>
#include <fstream>
#include <optional>
#include <string>

#include "tests/harness/process_swarm.h"
#include "tests/harness/wait.h"

namespace fsdfs::testing {

// Every node has said what it holds, and every file has its copies, or more.
inline bool wait_copies(ProcessSwarm& swarm) {
  return eventually(std::chrono::seconds(90), [&] {
    auto status = swarm.client().status();
    if (!status.ok() || !status->min_surplus || *status->min_surplus < 0) return false;
    bool heard = std::none_of(status->warnings.begin(), status->warnings.end(), [](const auto& each) {
      return each.find("has not reported") != std::string::npos;
    });
    return heard && status->copies_in_flight + status->copies_queued == 0;
  });
}

// Of the node with this index; nothing where the master does not know it.
inline std::optional<client::NodeInfo> node_info(ProcessSwarm& swarm, int index) {
  auto nodes = swarm.client().nodes();
  if (!nodes.ok()) return std::nullopt;
  for (const client::NodeInfo& node : *nodes) {
    if (node.node.address == swarm.node(index).address) return node;
  }
  return std::nullopt;
}

// After a start: the master counts a node as up for a while after it has left.
inline bool wait_attending(ProcessSwarm& swarm, int index) {
  return eventually(std::chrono::seconds(60), [&] {
    auto node = node_info(swarm, index);
    return node && node->attending;
  });
}

// Its disk with this path; nothing before it has reported.
inline std::optional<client::DiskInfo> disk_info(ProcessSwarm& swarm, int index, const std::string& path) {
  auto node = node_info(swarm, index);
  if (!node) return std::nullopt;
  auto disk = std::find_if(node->disks.begin(), node->disks.end(),
                           [&](const client::DiskInfo& each) { return each.path == path; });
  return disk == node->disks.end() ? std::nullopt : std::optional(*disk);
}

inline std::string log_of(const Server& server) {
  std::ifstream in(server.log, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// `why`: a part of the reason.
inline bool wait_failed(ProcessSwarm& swarm, int index, const std::string& path, const std::string& why) {
  return eventually(std::chrono::seconds(60), [&] {
    auto disk = disk_info(swarm, index, path);
    return disk && !disk->failed.empty() && disk->failed.find(why) != std::string::npos;
  });
}

inline bool warns(ProcessSwarm& swarm, const std::string& of) {
  return eventually(std::chrono::seconds(30), [&] {
    auto status = swarm.client().status();
    return status.ok() && std::any_of(status->warnings.begin(), status->warnings.end(),
                                      [&](const auto& each) { return each.find(of) != std::string::npos; });
  });
}

}  // namespace fsdfs::testing
