#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <vector>

#include "client/cli/commands.h"
#include "client/cli/json_output.h"
#include "client/cli/text_output.h"
#include "common/rpc/call.h"
#include "common/units.h"

namespace fsdfs::client {

namespace {

constexpr Duration kScrubPoll = std::chrono::milliseconds(500);

struct ScrubOptions {
  std::vector<std::string> nodes;
  bool wait = false;
};

std::string scrubbed_name(const NodeAddress& node) {
  return "node " + node.address + " (" + to_string(node.node) + ")";
}

// What is known of the nodes that were told, as far as they are not done.
struct ScrubWatch {
  std::vector<NodeInfo> nodes;
  std::string rest;  // "" when all are done
};

Result<ScrubWatch> look(SwarmClient& client, const ScrubStarted& started) {
  FSDFS_ASSIGN(std::vector<NodeInfo> all, client.nodes());
  ScrubWatch watch;
  uint64_t done = 0, total = 0;
  size_t left = 0;
  for (const NodeAddress& told : started.nodes) {
    auto node = std::find_if(all.begin(), all.end(),
                             [&](const NodeInfo& info) { return info.node.node == told.node; });
    if (node == all.end()) return failed_precondition(scrubbed_name(told) + " has left the swarm");
    watch.nodes.push_back(*node);
    if (node->scrub.answered >= started.request) continue;
    if (node->state == NodeState::kDead) {
      return failed_precondition(scrubbed_name(told) +
                                 " died while it checked what it holds: start it again; "
                                 "it goes on by itself");
    }
    ++left;
    done += node->scrub.running ? node->scrub.bytes_done : 0;
    total += node->scrub.running ? node->scrub.bytes_total : node->used_bytes;
  }
  if (left != 0) {
    watch.rest =
        fmt::format("{} nodes at work: {} of {} checked", left, format_size(done), format_size(total));
  }
  return watch;
}

Result<std::vector<NodeInfo>> await(Session& session, const ScrubStarted& started) {
  FSDFS_ASSIGN(SwarmClient * client, session.client());
  SystemSleeper sleeper;
  while (true) {
    FSDFS_ASSIGN(ScrubWatch watch, look(*client, started));
    if (session.streams().err_is_terminal) session.show(watch.rest);
    if (watch.rest.empty()) return std::move(watch.nodes);
    sleeper.sleep(kScrubPoll);
  }
}

Json begun_json(const NodeAddress& node, bool begun) {
  return {{"id", to_string(node.node)}, {"address", node.address}, {"scrubbing", begun}};
}

void say_begun(Session& session, const ScrubStarted& started) {
  Json list = Json::array();
  for (const NodeAddress& node : started.nodes) {
    list.push_back(begun_json(node, true));
    if (!session.json()) {
      session.streams().out << scrubbed_name(node)
                            << " checks all that it holds; `fsdfs nodes` shows how far "
                            << "it is\n";
    }
  }
  for (const NodeAddress& node : started.absent) list.push_back(begun_json(node, false));
  if (session.json()) session.streams().out << json_text(list);
}

void say_found(Session& session, const ScrubStarted& started, const std::vector<NodeInfo>& nodes) {
  Json list = Json::array();
  for (const NodeInfo& node : nodes) {
    Json json = begun_json(node.node, false);
    json["checked"] = node.scrub.replicas;
    json["bytes"] = node.scrub.bytes_done;
    json["bad"] = node.scrub.bad;
    json["not_replaced"] = node.quarantined_replicas;
    list.push_back(std::move(json));
    if (!session.json()) {
      session.streams().out << fmt::format("{}: {} replicas right, {}; {} bad\n", scrubbed_name(node.node),
                                           node.scrub.replicas, format_size(node.scrub.bytes_done),
                                           node.scrub.bad);
    }
    if (node.quarantined_replicas != 0) {
      session.fail("",
                   Status(Code::kUnknown,
                          fmt::format("{} holds {} bad replicas that are not replaced yet; `fsdfs status` "
                                      "says whether they can be",
                                      scrubbed_name(node.node), node.quarantined_replicas)));
    }
  }
  for (const NodeAddress& node : started.absent) list.push_back(begun_json(node, false));
  if (session.json()) session.streams().out << json_text(list);
}

Status scrub(Session& session, const ScrubOptions& options) {
  FSDFS_ASSIGN(SwarmClient * client, session.client());
  FSDFS_ASSIGN(ScrubStarted started, client->scrub(options.nodes));
  for (const NodeAddress& node : started.absent) {
    session.warn(scrubbed_name(node) + " does not attend, so it checks nothing");
  }
  if (!options.wait) {
    say_begun(session, started);
    return {};
  }
  FSDFS_ASSIGN(std::vector<NodeInfo> nodes, await(session, started));
  say_found(session, started, nodes);
  return {};
}

}  // namespace

void add_scrub(CommandLine& commands) {
  auto options = std::make_shared<ScrubOptions>();
  CLI::App& command = commands.add(
      "scrub", "Have nodes read and check all that they hold, now",
      "Each replica is read from the disk and held against its sums; a bad one is set aside, replaced from a "
      "right\n"
      "copy and then deleted. It goes on whoever waits, at scrub.rate, behind what clients read. At its end\n"
      "DATA/SHA256SUMS of each disk lists what it holds: `cd DATA && sha256sum -c --ignore-missing "
      "SHA256SUMS`.\n"
      "With --wait the exit code is 1 while a bad replica is not replaced.\n"
      "\n"
      "Examples:\n"
      "  fsdfs scrub                          all nodes\n"
      "  fsdfs scrub 10.0.0.7:4242 --wait     one, until it is done",
      [options](Session& session) { return scrub(session, *options); });
  command.add_option("nodes", options->nodes, "ids, the first digits of an id, or addresses (all nodes)")
      ->type_name("NODE...");
  command.add_flag("--wait", options->wait, "until all is read, and say what was found");
}

}  // namespace fsdfs::client
