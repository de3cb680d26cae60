#include "common/config/swarm_settings.h"

#include <fmt/format.h>

namespace fsdfs {

void declare(SettingsRegistry& registry, SwarmSettings& settings) {
  using std::chrono::days;
  using std::chrono::hours;
  using std::chrono::milliseconds;
  registry.duration("node.report_interval", settings.report_interval, {milliseconds(10), hours(1)},
                    "how often a node reports to the master");
  registry.integer("node.missed_reports", settings.missed_reports, {1, 1000},
                   "a node that missed so many reports is silent");
  registry.duration("node.dead_after", settings.dead_after, {milliseconds(100), days(30)},
                    "a node without a report for so long is dead, and its copies no longer count");
  registry.integer(
      "sync_copies", settings.sync_copies, {1, 16},
      "nodes that hold what was written before a write is acknowledged, where there are so many");
  registry.integer("sync_copies_min", settings.sync_copies_min, {1, 16},
                   "with fewer nodes than this a write is refused");
  registry.integer("min_copies", settings.min_copies, {1, 1000},
                   "eviction leaves a file with a target of 2 or more at least so many copies");
  registry.percent("write_reserve", settings.write_reserve, {0, 0.5},
                   "the share of each quota that copies leave free for writes");
  registry.boolean("copies.spare", settings.spare_copies,
                   "idle quota is filled with copies beyond the target; they go when room is needed");
  registry.integer("copies.in_per_node", settings.copies_in_per_node, {1, 10'000},
                   "copies that may arrive at one node at once");
  registry.integer("copies.out_per_node", settings.copies_out_per_node, {1, 10'000},
                   "copies that may be read from one node at once");
  registry.size("copies.node_rate", settings.copies_node_rate, {0, uint64_t{1} << 50},
                "bytes of copies a second into one node; 0: no limit");
  registry.size("copies.swarm_rate", settings.copies_swarm_rate, {0, uint64_t{1} << 50},
                "bytes of copies a second in the whole swarm; 0: no limit");
  registry.duration("trash.retention", settings.trash_retention, {Duration(0), days(3650)},
                    "how long a deleted file can be restored, while its space is not needed");
  registry.integer("sync_shadows", settings.sync_shadows, {0, 64},
                   "shadows that have a change of the namespace on disk before it is acknowledged");
  registry.duration("deadline", settings.deadline, {milliseconds(100), hours(1)},
                    "how long one operation may take, retries included, before it fails");
  registry.text("transport", settings.transport, "how processes talk: tls, or plain on trusted wires",
                {"tls", "plain"});
  registry.list("http.public", settings.http_public, "path prefixes that HTTP serves without a credential");
  registry.text("shortcircuit", settings.shortcircuit,
                "reads of a replica on the same host: with its checksums verified, trusted, or off",
                {"verify", "trust", "off"});
  registry.real("target.default", settings.default_target, {1, 1000},
                "copies wanted of a file that no rule speaks of; a fraction ranks files of equal copies");
}

Status check(const SwarmSettings& settings) {
  if (settings.sync_copies_min > settings.sync_copies) {
    return invalid_argument(fmt::format(
        "sync_copies_min = {} is more than sync_copies = {}, so every write would be refused: lower "
        "the first or raise the second",
        settings.sync_copies_min, settings.sync_copies));
  }
  return Status();
}

}  // namespace fsdfs
