#include <CLI/CLI.hpp>
#include <memory>
#include <vector>

#include "client/cli/commands.h"
#include "client/cli/json_output.h"
#include "client/cli/swarm_path.h"
#include "client/cli/text_output.h"
#include "common/path.h"

namespace fsdfs::client {

namespace {

// One path gives an object, several give a list.
Status stat(Session& session, const std::vector<std::string>& paths) {
  FSDFS_ASSIGN(SwarmClient * client, session.client());
  Json list = Json::array();
  bool first = true;
  for (const std::string& typed : paths) {
    FSDFS_ASSIGN(std::string path, parse_swarm_path(typed));
    Result<FileStat> found = client->stat(place_of_path(path));
    if (!found.ok()) {
      session.fail(path, found.status());
    } else if (session.json()) {
      list.push_back(stat_json(path, *found));
    } else {
      session.streams().out << (first ? "" : "\n") << stat_text(shown(session, path), *found);
      first = false;
    }
  }
  if (!session.json()) return {};
  if (paths.size() > 1) {
    session.streams().out << json_text(list);
  } else if (!list.empty()) {
    session.streams().out << json_text(list.front());
  }
  return {};
}

void print_holders(Session& session, const std::string& path, const Location& location, bool with_path) {
  std::vector<std::vector<std::string>> rows;
  for (const Holder& holder : location.holders) {
    std::vector<std::string> row = {holder.node.address, std::string(state_name(holder.state)),
                                    holder.node.zone.empty() ? "-" : holder.node.zone,
                                    to_string(holder.node.node)};
    if (with_path) row.insert(row.begin(), shown(session, path));
    rows.push_back(std::move(row));
  }
  session.streams().out << table(rows, {});
}

Status locate(Session& session, const std::vector<std::string>& typed) {
  FSDFS_ASSIGN(SwarmClient * client, session.client());
  std::vector<std::string> paths;
  std::vector<Place> places;
  for (const std::string& text : typed) {
    FSDFS_ASSIGN(std::string path, parse_swarm_path(text));
    places.push_back(place_of_path(path));
    paths.push_back(std::move(path));
  }
  FSDFS_ASSIGN(auto locations, client->locate(places));
  if (session.json()) session.streams().out << json_text(locate_json(paths, locations));
  for (size_t i = 0; i < paths.size(); ++i) {
    if (!locations[i].status.ok()) {
      session.fail(paths[i], locations[i].status);
    } else if (!session.json()) {
      if (locations[i].holders.empty()) session.warn(display(paths[i]) + ": no copy is up");
      print_holders(session, paths[i], locations[i], paths.size() > 1);
    }
  }
  return {};
}

}  // namespace

void add_inspect(CommandLine& commands) {
  auto stated = std::make_shared<std::vector<std::string>>();
  CLI::App& stat_command = commands.add("stat", "Show all that is known of files, with their copies",
                                        "Example:\n  fsdfs stat /music/a.mp3",
                                        [stated](Session& session) { return stat(session, *stated); });
  stat_command.add_option("paths", *stated, "paths of the swarm")->required()->type_name("PATH...");

  auto located = std::make_shared<std::vector<std::string>>();
  CLI::App& locate_command =
      commands.add("locate", "Show the servers that hold files, best first",
                   "One line a server: address, state, zone, id; with several files the path comes first.\n"
                   "\n"
                   "Example:\n  fsdfs locate /music/a.mp3",
                   [located](Session& session) { return locate(session, *located); });
  locate_command.add_option("paths", *located, "paths of the swarm")->required()->type_name("PATH...");
}

}  // namespace fsdfs::client
