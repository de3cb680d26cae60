// What the measuring programs share: ids of their nodes, time, memory, and what they do about an error.
// Functions without state.
#pragma once

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "common/ids.h"
#include "common/status.h"

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

inline uint64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  uint64_t total = 0, resident = 0;
  statm >> total >> resident;
  return resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

// Ends the program unless `status` is ok.
inline void need(const Status& status, const char* what) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s: %s\n", what, status.to_string().c_str());
  std::exit(1);
}

}  // namespace fsdfs::bench
