#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <vector>

#include "client/cli/commands.h"
#include "client/cli/insight_output.h"
#include "client/cli/text_output.h"
#include "common/path.h"
#include "common/rpc/call.h"
#include "common/units.h"

namespace fsdfs::client {

namespace {

constexpr Duration kPollInterval = std::chrono::milliseconds(500);
constexpr size_t kListedMax = 20;  // lost files, for people

struct NodeOptions {
  std::vector<std::string> nodes;
  bool wait = false;
  bool force = false;
  Duration timeout{};  // 0: none
};

std::string name_of(const NodeAddress& node) {
  return "node " + node.address + " (" + to_string(node.node) + ")";
}

// --- drain, readonly, activate ---

// What `changes` still lack, or "". A node that will never be done fails.
Result<std::string> missing(SwarmClient& client, const std::vector<AdminStateChange>& changes) {
  FSDFS_ASSIGN(std::vector<NodeInfo> nodes, client.nodes());
  std::string text;
  for (const AdminStateChange& change : changes) {
    auto node = std::find_if(nodes.begin(), nodes.end(),
                             [&](const NodeInfo& info) { return info.node.node == change.node.node; });
    if (node == nodes.end()) return failed_precondition(name_of(change.node) + " has left the swarm");
    // The view of the nodes may be older than the change; a moment later it is not.
    if (node->drained) continue;
    if (node->state == NodeState::kDead) {
      return failed_precondition(name_of(change.node) +
                                 " is dead, so nothing can be copied from it: start it again, or see with "
                                 "`fsdfs node remove` what only it holds");
    }
    text += fmt::format("{}{} files left on {}{}", text.empty() ? "" : ", ", node->drain_left,
                        change.node.address, node->state == NodeState::kSilent ? ", which is silent" : "");
  }
  return text;
}

Status wait_drained(Session& session, const std::vector<AdminStateChange>& changes, Duration timeout) {
  FSDFS_ASSIGN(SwarmClient * client, session.client());
  MonotonicTime end = timeout == Duration::zero() ? MonotonicTime::max() : session.clock().now() + timeout;
  SystemSleeper sleeper;
  while (true) {
    FSDFS_ASSIGN(std::string rest, missing(*client, changes));
    if (session.streams().err_is_terminal) session.show(rest);
    if (rest.empty()) return {};
    Duration left = end - session.clock().now();
    if (left <= Duration::zero()) {
      return Status(Code::kUnknown,
                    "timed out after " + format_duration(timeout) + ": " + rest + "; the draining goes on");
    }
    sleeper.sleep(std::min(left, kPollInterval));
  }
}

Status set_states(Session& session, const NodeOptions& options, AdminState state) {
  FSDFS_ASSIGN(SwarmClient * client, session.client());
  std::vector<AdminStateChange> changes;
  for (const std::string& node : options.nodes) {
    auto change = client->set_admin_state(node, state);
    if (!change.ok()) {
      session.fail("", change.status());
    } else {
      changes.push_back(*change);
    }
  }
  if (options.wait && !changes.empty()) FSDFS_TRY(wait_drained(session, changes, options.timeout));
  Json list = Json::array();
  for (const AdminStateChange& change : changes) {
    Json json = admin_state_json(change);
    if (options.wait) json["drained"] = true;
    list.push_back(std::move(json));
    if (session.json()) continue;
    std::string_view now = options.wait ? "drained" : state_name(change.state);
    session.streams().out << name_of(change.node) << " is " << now
                          << (change.before == change.state && !options.wait ? " already" : "") << "\n";
  }
  if (session.json())
    session.streams().out << json_text(options.nodes.size() == 1 && !list.empty() ? list.front() : list);
  return {};
}

// --- remove ---

// Prints the files that go with a node as they are told of, however many: JSON is written piece by piece.
class RemovalPrinter {
 public:
  RemovalPrinter(Session& session, bool force) : session_(session), force_(force) {}

  void take(const RemovalProgress& progress) {
    node_ = progress.node;
    for (const SoleCopy& copy : progress.sole_copies) add(copy);
    bool removing = progress.phase == RemovalPhase::kRemoving;
    if (session_.streams().err_is_terminal) {
      session_.show(fmt::format("{}: {} records {}", node_.address, progress.records,
                                removing ? "removed" : "checked"));
    }
  }
  void end(const Status& status) {
    session_.show("");
    std::ostream& out = session_.streams().out;
    if (session_.json() && force_) {
      if (!begun_ && !status.ok()) return;
      begin();
      out << fmt::format("\n  ],\n  \"count\": {},\n  \"removed\": {}\n}}\n", count_, status.ok());
    } else if (session_.json() && status.ok()) {
      out << json_text(Json{{"id", to_string(node_.node)}, {"address", node_.address}, {"removed", true}});
    } else if (status.ok()) {
      if (count_ > kListedMax) out << fmt::format("  and {} more (--json lists all)\n", count_ - kListedMax);
      out << name_of(node_) << " is removed\n";
    }
  }

 private:
  void begin() {
    if (begun_) return;
    begun_ = true;
    session_.streams().out << fmt::format(
        "{{\n  \"id\": \"{}\",\n  \"address\": \"{}\",\n  \"only_copies\": [", to_string(node_.node),
        node_.address);
  }
  void add(const SoleCopy& copy) {
    ++count_;
    if (!force_) return;
    std::ostream& out = session_.streams().out;
    if (session_.json()) {
      begin();
      out << (count_ == 1 ? "\n    " : ",\n    ")
          << sole_copy_json(copy).dump(-1, ' ', false, Json::error_handler_t::replace);
    } else if (count_ <= kListedMax) {
      if (count_ == 1) out << "files of which " << name_of(node_) << " held the only copy:\n";
      out << "  " << (copy.path.empty() ? "inode " + to_string(copy.inode) : shown(session_, copy.path))
          << "  (" << format_size(copy.size) << ")\n";
    }
  }

  Session& session_;
  const bool force_;
  NodeAddress node_;
  uint64_t count_ = 0;
  bool begun_ = false;
};

Status remove_nodes(Session& session, const NodeOptions& options) {
  FSDFS_ASSIGN(SwarmClient * client, session.client());
  for (const std::string& node : options.nodes) {
    RemovalPrinter printer(session, options.force);
    Status removed = client->remove_node(
        node, options.force, [&printer](const RemovalProgress& progress) { printer.take(progress); });
    printer.end(removed);
    if (!removed.ok()) session.fail("", removed);
  }
  return {};
}

// --- the command line ---

CLI::App& add_state_command(CommandLine& commands, const std::string& name, const std::string& help,
                            const std::string& more, AdminState state, std::shared_ptr<NodeOptions> options) {
  CLI::App& command = commands.add("node " + name, help, more, [options, state](Session& session) {
    return set_states(session, *options, state);
  });
  command.add_option("nodes", options->nodes, "ids, the first digits of an id, or addresses")
      ->required()
      ->type_name("NODE...");
  return command;
}

void add_drain(CommandLine& commands) {
  auto options = std::make_shared<NodeOptions>();
  CLI::App& drain = add_state_command(
      commands, "drain", "Move all copies away from a node, so that it may go",
      "It takes nothing new and serves what it has; its own copies are the source of last resort. "
      "Afterwards\n"
      "stop its fsdfsd and `fsdfs node remove` it, or take it back with `fsdfs node activate`.\n"
      "\n"
      "Example:\n  fsdfs node drain 10.0.0.7:4242 --wait --timeout 2h",
      AdminState::kDraining, options);
  auto* wait = drain.add_flag("--wait", options->wait, "until no file depends on it");
  drain
      .add_option_function<std::string>(
          "--timeout",
          [options](const std::string& text) {
            Result<Duration> time = parse_duration(text);
            if (!time.ok()) throw CLI::ValidationError("--timeout", time.status().message());
            options->timeout = *time;
          },
          "give up waiting after this time, as 30s or 10m (never)")
      ->type_name("T")
      ->needs(wait);
}

void add_remove(CommandLine& commands) {
  auto options = std::make_shared<NodeOptions>();
  CLI::App& remove = commands.add("node remove", "Forget a node that has gone for good",
                                  "Its fsdfsd must not run. Refused while the node holds the only copy of "
                                  "any file. If it comes back it joins\n"
                                  "as a new one, and what it still holds of current files counts again.\n"
                                  "\n"
                                  "Example:\n  fsdfs node remove 6f1c",
                                  [options](Session& session) { return remove_nodes(session, *options); });
  remove.add_option("nodes", options->nodes, "ids, the first digits of an id, or addresses")
      ->required()
      ->type_name("NODE...");
  remove.add_flag("--force", options->force, "also when files are lost with it; they are listed");
}

}  // namespace

void add_node_admin(CommandLine& commands) {
  commands.add("node", "Say what is wanted of a server: drain, readonly, activate, remove", "", nullptr);
  add_drain(commands);
  add_state_command(commands, "readonly", "Let a node keep and serve what it has, and take nothing new",
                    "Example:\n  fsdfs node readonly 10.0.0.7:4242", AdminState::kReadonly,
                    std::make_shared<NodeOptions>());
  add_state_command(commands, "activate", "Let a node take copies again, after drain or readonly",
                    "Example:\n  fsdfs node activate 10.0.0.7:4242", AdminState::kActive,
                    std::make_shared<NodeOptions>());
  add_remove(commands);
}

}  // namespace fsdfs::client
