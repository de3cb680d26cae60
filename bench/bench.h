// What the measuring programs share: ids of their nodes, and time.
#pragma once

#include <chrono>

#include "common/ids.h"

namespace fsdfs::bench {

inline double seconds_since(std::chrono::steady_clock::time_point began) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

inline NodeId node_id(int node) {
  NodeId id;
  id.bytes[0] = static_cast<uint8_t>(node >> 8);
  id.bytes[1] = static_cast<uint8_t>(node & 0xFF);
  id.bytes[15] = 1;
  return id;
}

}  // namespace fsdfs::bench
