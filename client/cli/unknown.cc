#include <unistd.h>

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "client/cli/commands.h"
#include "client/cli/json_output.h"
#include "client/cli/swarm_path.h"
#include "client/cli/text_output.h"
#include "client/node_calls.h"
#include "common/path.h"
#include "common/units.h"

namespace fsdfs::client {

namespace {

constexpr Duration kDescribeTime = std::chrono::seconds(5);

// As `unknown ls`, logs and messages write it: "1099511627777@3.1042".
Result<ReplicaId> parse_replica_id(const std::string& typed) {
  size_t at = typed.find('@');
  size_t dot = typed.find('.', at == std::string::npos ? 0 : at);
  if (at != std::string::npos && dot != std::string::npos) {
    auto inode = parse_integer(typed.substr(0, at));
    auto epoch = parse_integer(typed.substr(at + 1, dot - at - 1));
    auto counter = parse_integer(typed.substr(dot + 1));
    if (inode.ok() && epoch.ok() && counter.ok() && *inode > 0 && *epoch >= 0 && *counter > 0) {
      return ReplicaId{InodeId{static_cast<uint64_t>(*inode)},
                       {Epoch{static_cast<uint64_t>(*epoch)}, static_cast<uint64_t>(*counter)}};
    }
  }
  return invalid_argument("\"" + display(typed) +
                          "\" is no ID of a replica, such as 1099511627777@3.1042 (fsdfs unknown ls)");
}

// One of them, with what it says of itself where a holder could tell.
struct Found {
  UnknownReplica replica;
  Result<ReplicaOrigin> origin = Status(Code::kUnavailable, "no node that holds it answers");

  uint64_t size() const { return replica.holders.empty() ? 0 : replica.holders.front().size; }
  bool any_whole() const {
    for (const UnknownHolder& holder : replica.holders) {
      if (holder.state == ReplicaState::kWhole) return true;
    }
    return false;
  }
};

// Asks the n-th holder of each that has none yet; true while there is a further one to ask.
bool describe_by(SwarmClient& client, std::vector<Found>& found, size_t nth) {
  std::map<std::string, std::vector<Found*>> by_address;
  bool more = false;
  for (Found& one : found) {
    if (one.origin.ok() || nth >= one.replica.holders.size()) continue;
    by_address[one.replica.holders[nth].node.address].push_back(&one);
    more = more || nth + 1 < one.replica.holders.size();
  }
  for (const auto& [address, asked] : by_address) {
    std::vector<DescribeItem> items;
    for (const Found* one : asked) items.push_back({one->replica.replica, one->replica.ticket});
    auto described = describe_replicas(client.node_channels(), address, items, kDescribeTime);
    for (size_t i = 0; i < asked.size(); ++i) {
      asked[i]->origin = described.ok() ? std::move((*described)[i]) : described.status();
    }
  }
  return more;
}

// Page by page, in order.
Status for_each_unknown(Session& session, SwarmClient& client,
                        const std::function<void(std::vector<Found>&)>& visit) {
  ReplicaId after;
  while (true) {
    FSDFS_ASSIGN(UnknownPage page, client.list_unknown(after, kDescribedMax));
    std::vector<Found> found;
    for (UnknownReplica& replica : page.replicas) found.push_back({.replica = std::move(replica)});
    for (size_t nth = 0; describe_by(client, found, nth);) ++nth;
    if (!found.empty()) {
      after = found.back().replica.replica;
      visit(found);
    }
    if (!page.end && !found.empty()) continue;
    if (page.untracked > 0) {
      session.warn(std::to_string(page.untracked) +
                   " more are not listed: settle these, and restart the nodes that hold the others");
    }
    return {};
  }
}

Result<std::optional<Found>> find_unknown(SwarmClient& client, const ReplicaId& id) {
  ReplicaId before = id;
  --before.version.counter;
  FSDFS_ASSIGN(UnknownPage page, client.list_unknown(before, 1));
  if (page.replicas.empty() || page.replicas.front().replica != id) return std::optional<Found>();
  std::vector<Found> found;
  found.push_back({.replica = std::move(page.replicas.front())});
  for (size_t nth = 0; describe_by(client, found, nth);) ++nth;
  return std::optional(std::move(found.front()));
}

// --- ls ---

Json found_json(const Found& found) {
  const ReplicaId& id = found.replica.replica;
  Json json = {{"id", id.to_string()},
               {"inode", id.inode.value},
               {"version", id.version.to_string()},
               {"size", found.size()},
               {"nodes", Json::array()}};
  for (const UnknownHolder& holder : found.replica.holders) {
    json["nodes"].push_back({{"id", to_string(holder.node.node)},
                             {"address", holder.node.address},
                             {"size", holder.size},
                             {"state", state_name(holder.state)}});
  }
  if (!found.origin.ok()) {
    json["name"] = nullptr;
    json["error"] = found.origin.status().message();
    return json;
  }
  json["name"] = found.origin->name;
  if (!is_utf8(found.origin->name)) json["name_base64"] = base64_encode(found.origin->name);
  json["mode"] = found.origin->mode;
  json["uid"] = found.origin->uid;
  json["gid"] = found.origin->gid;
  json["modified"] = iso_time(found.origin->modified);
  return json;
}

std::vector<std::string> found_row(const Session& session, const Found& found) {
  std::string nodes;
  for (const UnknownHolder& holder : found.replica.holders) {
    nodes += (nodes.empty() ? "" : ",") + holder.node.address;
    if (holder.state != ReplicaState::kWhole) nodes += " (bad)";
  }
  std::string name = "?";
  if (found.origin.ok() && !found.origin->name.empty()) name = shown(session, found.origin->name);
  return {found.replica.replica.to_string(), format_size(found.size()), nodes, name};
}

Status list_unknown(Session& session) {
  FSDFS_ASSIGN(SwarmClient * client, session.client());
  Json list = Json::array();
  std::vector<std::vector<std::string>> rows = {{"ID", "SIZE", "NODES", "NAME"}};
  FSDFS_TRY(for_each_unknown(session, *client, [&](std::vector<Found>& page) {
    for (const Found& found : page) {
      if (session.json()) {
        list.push_back(found_json(found));
      } else {
        rows.push_back(found_row(session, found));
      }
    }
  }));
  if (session.json()) {
    session.streams().out << json_text(list);
  } else if (rows.size() > 1) {
    session.streams().out << table(rows, {1});
  }
  return {};
}

// --- adopt, purge ---

struct SettleOptions {
  std::vector<std::string> ids;
  bool all = false;
  std::string to;
};

// What was chosen, each with what it says of itself; what is not there has failed.
Result<std::vector<Found>> choose(Session& session, SwarmClient& client, const SettleOptions& options) {
  std::vector<Found> chosen;
  if (options.all) {
    FSDFS_TRY(for_each_unknown(session, client, [&](std::vector<Found>& page) {
      for (Found& found : page) chosen.push_back(std::move(found));
    }));
  }
  for (const std::string& typed : options.ids) {
    FSDFS_ASSIGN(ReplicaId id, parse_replica_id(typed));
    FSDFS_ASSIGN(auto found, find_unknown(client, id));
    if (found) {
      chosen.push_back(std::move(*found));
    } else {
      session.fail(typed, not_found("no node holds it as unknown"));
    }
  }
  return chosen;
}

// Of several versions of a file the newest that is whole; the older ones are then known as such.
std::vector<Found> newest_of_each(std::vector<Found> found) {
  std::map<InodeId, Found> newest;
  for (Found& one : found) {
    auto [at, is_new] = newest.try_emplace(one.replica.replica.inode, one);
    bool better = one.any_whole() || !at->second.any_whole();
    if (!is_new && better) at->second = std::move(one);
  }
  std::vector<Found> chosen;
  for (auto& [inode, one] : newest) chosen.push_back(std::move(one));
  return chosen;
}

Status adopt_chosen(Session& session, const SettleOptions& options) {
  std::string directory;
  if (!options.to.empty()) {
    FSDFS_ASSIGN(directory, parse_swarm_path(options.to));
  }
  FSDFS_ASSIGN(SwarmClient * client, session.client());
  FSDFS_ASSIGN(auto chosen, choose(session, *client, options));
  if (options.all) chosen = newest_of_each(std::move(chosen));
  const NewDirectory made{.mode = 0755, .uid = ::geteuid(), .gid = ::getegid(), .parents = true};
  Json list = Json::array();
  for (const Found& found : chosen) {
    const ReplicaId& id = found.replica.replica;
    // Without a holder that tells, it gets a name by its number, and belongs to root.
    ReplicaOrigin origin = found.origin.ok() ? *found.origin : ReplicaOrigin{};
    auto adopted = client->adopt_unknown(id, origin, directory, made);
    if (!adopted.ok()) {
      session.fail(id.to_string(), adopted.status());
      continue;
    }
    if (!found.origin.ok()) {
      session.warn(id.to_string() + " could not say its name: " + found.origin.status().message());
    }
    if (session.json()) {
      Json json = {{"id", id.to_string()}, {"path", adopted->path}, {"copies", adopted->holders}};
      if (!is_utf8(adopted->path)) json["path_base64"] = base64_encode(adopted->path);
      list.push_back(std::move(json));
    } else {
      session.streams().out << id.to_string() << " is " << shown(session, adopted->path) << " ("
                            << adopted->holders << (adopted->holders == 1 ? " copy)\n" : " copies)\n");
    }
  }
  if (session.json()) session.streams().out << json_text(list);
  return {};
}

Status purge_chosen(Session& session, const SettleOptions& options) {
  FSDFS_ASSIGN(SwarmClient * client, session.client());
  FSDFS_ASSIGN(auto chosen, choose(session, *client, options));
  uint64_t replicas = 0, bytes = 0;
  for (const Found& found : chosen) {
    const ReplicaId& id = found.replica.replica;
    auto purged = client->purge_unknown(id);
    if (!purged.ok()) {
      session.fail(id.to_string(), purged.status());
      continue;
    }
    replicas += purged->holders;
    bytes += purged->bytes;
  }
  if (session.json()) {
    session.streams().out << json_text({{"replicas", replicas}, {"bytes", bytes}});
  } else {
    session.streams().out << "ordered the deletion of " << replicas
                          << (replicas == 1 ? " replica, " : " replicas, ") << format_size(bytes) << "\n";
  }
  return {};
}

void add_choice(CLI::App& command, const std::shared_ptr<SettleOptions>& options, const std::string& name) {
  command.add_option("ids", options->ids, "IDs of unknown ls")->type_name("ID...");
  command.add_flag("--all", options->all, "all that there are");
  command.callback([options, name] {
    if (options->all != options->ids.empty()) {
      throw CLI::ValidationError(name, "name replicas, or --all for all of them");
    }
  });
}

}  // namespace

void add_unknown(CommandLine& commands) {
  commands.add("unknown", "Show, adopt or purge replicas that the master does not know", "", nullptr);
  commands.add(
      "unknown ls", "List them, with the name that they say themselves",
      "Nodes keep what the master has no record of, as after its database was set back. Nothing deletes "
      "it\nbut `fsdfs unknown purge`.",
      list_unknown);

  auto adopting = std::make_shared<SettleOptions>();
  CLI::App& adopt =
      commands.add("unknown adopt", "Make files of them",
                   "A name that is taken gets a number. With --all, of several versions of a file "
                   "it is the newest.\n"
                   "\n"
                   "Examples:\n"
                   "  fsdfs unknown adopt --all\n"
                   "  fsdfs unknown adopt 1099511627777@3.1042 --to /found",
                   [adopting](Session& session) { return adopt_chosen(session, *adopting); });
  add_choice(adopt, adopting, "unknown adopt");
  adopt.add_option("--to", adopting->to, "into this directory (/lost+found)")->type_name("DIR");

  auto purging = std::make_shared<SettleOptions>();
  CLI::App& purge = commands.add("unknown purge", "Delete them for good",
                                 "Examples:\n"
                                 "  fsdfs unknown purge 1099511627777@3.1042\n"
                                 "  fsdfs unknown purge --all",
                                 [purging](Session& session) { return purge_chosen(session, *purging); });
  add_choice(purge, purging, "unknown purge");
}

}  // namespace fsdfs::client
