#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <vector>

#include "client/cli/commands.h"
#include "client/cli/json_output.h"
#include "client/cli/text_output.h"
#include "common/rpc/call.h"
#include "common/units.h"

namespace fsdfs::client {

namespace {

constexpr Duration kPollInterval = std::chrono::milliseconds(200);
constexpr Duration kFirstContactMin = std::chrono::seconds(2);

Status show_status(Session& session) {
  FSDFS_ASSIGN(SwarmClient * client, session.client());
  FSDFS_ASSIGN(SwarmStatus status, client->status());
  session.streams().out << (session.json() ? json_text(status_json(status)) : status_text(status));
  return {};
}

Status show_nodes(Session& session) {
  FSDFS_ASSIGN(SwarmClient * client, session.client());
  FSDFS_ASSIGN(std::vector<NodeInfo> nodes, client->nodes());
  session.streams().out << (session.json() ? json_text(nodes_json(nodes)) : nodes_text(nodes));
  return {};
}

struct WaitOptions {
  std::optional<double> min_surplus;
  std::optional<uint32_t> nodes;
  bool uncapped = false;
  bool settled = false;
  Duration timeout{};  // 0: none
};

// What is still missing, or "". Without files the surplus is as high as anyone likes.
std::string missing(const WaitOptions& options, const SwarmStatus& status) {
  std::string text;
  auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  std::optional<double> surplus = options.uncapped ? status.min_surplus_uncapped : status.min_surplus;
  if (options.min_surplus && surplus && *surplus < *options.min_surplus) {
    add("min(K-N) is " + number_text(*surplus) + ", wanted " + number_text(*options.min_surplus));
  }
  if (options.nodes && status.nodes_up < *options.nodes) {
    add(std::to_string(status.nodes_up) + " nodes are up, wanted " + std::to_string(*options.nodes));
  }
  if (options.settled && status.copies_in_flight + status.copies_queued > 0) {
    add(std::to_string(status.copies_in_flight) + " copies are in flight and " +
        std::to_string(status.copies_queued) + " queued");
  }
  return text;
}

Status wait(Session& session, const WaitOptions& options) {
  bool endless = options.timeout == Duration::zero();
  MonotonicTime end = endless ? MonotonicTime::max() : session.clock().now() + options.timeout;
  // A swarm that is only being started is waited for as well.
  if (!endless) session.set_first_contact(std::max(options.timeout, kFirstContactMin));
  FSDFS_ASSIGN(SwarmClient * client, session.client());
  SystemSleeper sleeper;
  while (true) {
    FSDFS_ASSIGN(SwarmStatus status, client->status());
    std::string rest = missing(options, status);
    if (rest.empty()) return {};
    Duration left = end - session.clock().now();
    if (left <= Duration::zero()) {
      return Status(Code::kUnknown, "timed out after " + format_duration(options.timeout) + ": " + rest);
    }
    sleeper.sleep(std::min(left, kPollInterval));
  }
}

}  // namespace

void add_state(CommandLine& commands) {
  commands.add(
      "status", "Show how the swarm is",
      "Health is min(K-N), the copies that the worst off file has beyond those wanted. Below 0 something is\n"
      "missing; below 1 it is time to think of another server.",
      show_status);
  commands.add("nodes", "Show the servers", "", show_nodes);

  auto options = std::make_shared<WaitOptions>();
  CLI::App& waiting =
      commands.add("wait", "Wait until the swarm is as it should be",
                   "All that is named has to hold at once. Exit code 1 when the time is up, saying what is\n"
                   "missing.\n"
                   "\n"
                   "Examples:\n"
                   "  fsdfs wait --min-surplus 0 --timeout 10m    every file has its copies\n"
                   "  fsdfs wait --nodes 4 --timeout 30s          four servers are up",
                   [options](Session& session) { return wait(session, *options); });
  waiting
      .add_option("--min-surplus", options->min_surplus,
                  "until min(K-N) is at least X; so it is without files")
      ->type_name("X");
  waiting.add_flag("--uncapped", options->uncapped,
                   "do not wait for files that want more copies than there are servers");
  waiting.add_option("--nodes", options->nodes, "until N nodes are up")->type_name("N");
  waiting.add_flag("--settled", options->settled, "until no copy is in flight or queued");
  waiting
      .add_option_function<std::string>(
          "--timeout",
          [options](const std::string& text) {
            Result<Duration> time = parse_duration(text);
            if (!time.ok()) throw CLI::ValidationError("--timeout", time.status().message());
            options->timeout = *time;
          },
          "give up after this time, as 30s or 10m (never)")
      ->type_name("T");
  waiting.callback([options] {
    if (options->min_surplus || options->nodes || options->settled) return;
    throw CLI::ValidationError("wait", "nothing to wait for: name --min-surplus X, --nodes N or --settled");
  });
}

}  // namespace fsdfs::client
