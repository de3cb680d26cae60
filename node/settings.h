// NodeSettings: what a node needs to be told. The daemon fills it from its settings and flags; plain values.
// In brackets: the name under which the daemon offers it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/clock.h"

namespace fsdfs::node {

struct NodeSettings {
  std::vector<uint64_t> quotas;                // bytes of content, of each data disk [--quota]
  uint64_t free_floor = 256ULL * 1024 * 1024;  // bytes of each filesystem that stay free [node.free_floor]
  std::vector<std::string> masters;            // "HOST:PORT" each, tried in turn [--join]
  std::string zone;                            // [--zone]
  std::string host;                            // machine identity; empty: this machine's own [node.host]
  Duration report_interval =
      std::chrono::seconds(5);  // until the master says otherwise [node.report_interval]
  Duration reconnect_min = std::chrono::milliseconds(100);  // between tries to reach a master
  Duration reconnect_max = std::chrono::seconds(1);
  Duration idle_timeout = std::chrono::seconds(30);  // of a stream on which nothing moves [node.idle_timeout]
  Duration sync_timeout =
      std::chrono::minutes(5);  // the same, while what was written is synced [node.sync_timeout]
  Duration records_interval = std::chrono::seconds(1);  // between two looks at the master's records
  bool tree = false;                                    // DATA/tree: files at their real paths [node.tree]
  int copy_slots = 24;                                  // streams that pull copies at once [node.copy_slots]
  int transfer_threads = 32;  // that read for the streams, and as many that write [node.transfer_threads]
  int streams_max = 1024;     // reads and writes open at once; one more is refused [node.streams_max]
  Duration scrub_period = std::chrono::hours(24 * 30);  // 0: only when asked to [scrub.period]
  uint64_t scrub_rate = 20ULL * 1024 * 1024;            // bytes per second; 0: no limit [scrub.rate]
  size_t open_replicas_max = 128;                       // kept open for the next read
};

}  // namespace fsdfs::node
