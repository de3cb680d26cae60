#include <CLI/CLI.hpp>
#include <memory>
#include <vector>

#include "client/cli/commands.h"
#include "client/cli/json_output.h"
#include "client/cli/swarm_path.h"
#include "client/cli/text_output.h"
#include "common/path.h"
#include "common/units.h"

namespace fsdfs::client {

namespace {

constexpr size_t kShownBytes = 60;
constexpr size_t kNumberBytesMax = 400;  // no finite number needs more

Status get_vars(Session& session, const std::vector<std::string>& paths) {
  FSDFS_ASSIGN(SwarmClient * client, session.client());
  Json list = Json::array();
  for (const std::string& typed : paths) {
    FSDFS_ASSIGN(std::string path, parse_swarm_path(typed));
    Result<FileStat> found = client->stat(place_of_path(path));
    if (!found.ok()) {
      session.fail(path, found.status());
      continue;
    }
    list.push_back(vars_json(path, found->vars));
    if (session.json()) continue;
    for (const auto& [name, value] : found->vars) {
      if (paths.size() > 1) session.streams().out << shown(session, path) << "  ";
      session.streams().out << name << "=" << number_text(value) << "\n";
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

std::string shortened(std::string_view text) {
  return display(text.substr(0, kShownBytes)) + (text.size() > kShownBytes ? "..." : "");
}

// "popularity=5000"; "popularity=" removes it.
Status add_assignment(const std::string& text, VarsChange& change) {
  size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    return invalid_argument("'" + shortened(text) + "': write NAME=NUMBER, or NAME= to remove the var");
  }
  std::string name = text.substr(0, equals);
  std::string_view value = std::string_view(text).substr(equals + 1);
  if (value.empty()) {
    change.remove.push_back(std::move(name));
    return {};
  }
  Result<double> number =
      value.size() > kNumberBytesMax ? Result<double>(invalid_argument("too long")) : parse_real(value);
  if (!number.ok()) {
    return invalid_argument("'" + shortened(text) + "': the value of a var is a finite number, such as 5000");
  }
  change.set[name] = *number;
  return {};
}

Status set_vars(Session& session, const std::string& typed, const std::vector<std::string>& assignments) {
  VarsChange change;
  for (const std::string& assignment : assignments) FSDFS_TRY(add_assignment(assignment, change));
  FSDFS_ASSIGN(std::string path, parse_swarm_path(typed));
  FSDFS_ASSIGN(SwarmClient * client, session.client());
  auto vars = client->set_vars(place_of_path(path), change);
  if (!vars.ok()) {
    session.fail(path, vars.status());
  } else if (session.json()) {
    session.streams().out << json_text(vars_json(path, *vars));
  }
  return {};
}

}  // namespace

void add_vars(CommandLine& commands) {
  commands.add("vars", "Show or set the named numbers of a file that the policy reads", "", nullptr);

  auto got = std::make_shared<std::vector<std::string>>();
  CLI::App& get = commands.add("vars get", "Show the vars of files",
                               "reads_per_day is counted by the swarm.\n"
                               "\n"
                               "Example:\n  fsdfs vars get /music/hit.mp3",
                               [got](Session& session) { return get_vars(session, *got); });
  get.add_option("paths", *got, "paths of the swarm")->required()->type_name("PATH...");

  auto path = std::make_shared<std::string>();
  auto assignments = std::make_shared<std::vector<std::string>>();
  CLI::App& set =
      commands.add("vars set", "Set vars of a file",
                   "Names are made of a-z, 0-9 and _; a file has 32 vars at most. NAME= removes one.\n"
                   "\n"
                   "Example:\n  fsdfs vars set /music/hit.mp3 popularity=5000",
                   [path, assignments](Session& session) { return set_vars(session, *path, *assignments); });
  set.add_option("path", *path, "path of the swarm")->required()->type_name("PATH");
  set.add_option("vars", *assignments, "what to set")->required()->type_name("NAME=NUMBER...");
}

}  // namespace fsdfs::client
