// The settings that scripts and tests use by name (DESIGN 4), shared by daemon, mount and tools.
#pragma once

#include <string>
#include <vector>

#include "common/clock.h"
#include "common/config/settings.h"

namespace fsdfs {

struct SwarmSettings {
  Duration report_interval = std::chrono::seconds(5);  // node.report_interval
  int missed_reports = 3;                              // node.missed_reports: then the node is silent
  Duration dead_after = std::chrono::seconds(60);      // node.dead_after: without a report for so long
  int sync_copies = 2;                                 // sync_copies: W of invariant 6
  int sync_copies_min = 1;                             // sync_copies_min
  int min_copies = 2;                                  // min_copies: of invariant 2
  double write_reserve = 0.05;                         // write_reserve: a share of each quota
  bool spare_copies = true;                            // copies.spare: fill idle quota beyond N
  int copies_in_per_node = 32;                         // copies.in_per_node: arriving at once
  int copies_out_per_node = 32;                        // copies.out_per_node: leaving at once
  uint64_t copies_node_rate = 0;                       // copies.node_rate: bytes/s into a node; 0: no limit
  uint64_t copies_swarm_rate = 0;                      // copies.swarm_rate: bytes/s of all; 0: no limit
  Duration trash_retention = std::chrono::hours(24);   // trash.retention
  int sync_shadows = 0;                                // sync_shadows
  Duration deadline = std::chrono::seconds(30);        // deadline: of a whole operation, retries included
  std::string transport = "tls";                       // transport: tls or plain
  std::vector<std::string> http_public;  // http.public: path prefixes served without a credential
  std::string shortcircuit = "verify";   // shortcircuit: verify, trust or off
  double default_target = 3;             // target.default: N of a file that no rule speaks of
};

// Binds all fields above.
void declare(SettingsRegistry& registry, SwarmSettings& settings);

// What no single setting's bounds can say: kInvalidArgument names the two settings that contradict each
// other.
Status check(const SwarmSettings& settings);

}  // namespace fsdfs
