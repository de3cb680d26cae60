#include <CLI/CLI.hpp>
#include <memory>
#include <vector>

#include "client/cli/commands.h"
#include "client/cli/json_output.h"
#include "client/cli/swarm_path.h"
#include "client/cli/text_output.h"
#include "common/io/files.h"

namespace fsdfs::client {

namespace {

constexpr uint64_t kTextBytesMax = uint64_t{1} << 20;

struct PolicyOptions {
  std::string rules_file;
  std::string python_file;
  bool force = false;
  std::vector<std::string> paths;
};

Result<PolicyText> read_policy(const PolicyOptions& options) {
  PolicyText text{
      .rules = {}, .python = {}, .rules_name = options.rules_file, .python_name = options.python_file};
  FSDFS_ASSIGN(HostFile rules, read_host_file(options.rules_file, kTextBytesMax));
  text.rules = std::move(rules.bytes);
  if (options.python_file.empty()) return text;
  FSDFS_ASSIGN(HostFile python, read_host_file(options.python_file, kTextBytesMax));
  if (python.bytes.empty())
    return invalid_argument(options.python_file + " is empty: leave --python out for no hook");
  text.python = std::move(python.bytes);
  return text;
}

Status set_policy(Session& session, const PolicyOptions& options) {
  FSDFS_ASSIGN(PolicyText text, read_policy(options));
  FSDFS_ASSIGN(SwarmClient * client, session.client());
  FSDFS_ASSIGN(auto warnings, client->set_policy(text, options.force));
  for (const std::string& warning : warnings) session.warn(warning);
  return {};
}

Status clear_policy(Session& session) {
  FSDFS_ASSIGN(SwarmClient * client, session.client());
  return client->set_policy({}, true).status();
}

Status show_policy(Session& session) {
  FSDFS_ASSIGN(SwarmClient * client, session.client());
  FSDFS_ASSIGN(PolicyState policy, client->policy());
  session.streams().out << (session.json() ? json_text(policy_json(policy)) : policy_text(policy));
  return {};
}

Status check_policy(Session& session, const PolicyOptions& options) {
  FSDFS_ASSIGN(PolicyText text, read_policy(options));
  std::vector<std::string> paths;
  std::vector<Place> places;
  for (const std::string& typed : options.paths) {
    FSDFS_ASSIGN(std::string path, parse_swarm_path(typed));
    places.push_back(place_of_path(path));
    paths.push_back(std::move(path));
  }
  FSDFS_ASSIGN(SwarmClient * client, session.client());
  FSDFS_ASSIGN(auto files, client->check_policy(text, places));
  Json list = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (size_t i = 0; i < files.size() && i < paths.size(); ++i) {
    list.push_back(checked_json(paths[i], files[i]));
    if (!files[i].status.ok()) {
      session.fail(paths[i], files[i].status);
    } else {
      rows.push_back({number_text(files[i].target), shown(session, paths[i]), files[i].origin});
    }
  }
  session.streams().out << (session.json() ? json_text(list) : table(rows, {}));
  return {};
}

void add_files(CLI::App& command, PolicyOptions& options) {
  command.add_option("rules", options.rules_file, "YAML file with the rules")
      ->required()
      ->type_name("FILE.yaml");
  command.add_option("--python", options.python_file, "file with the hook, def replicas(file)")
      ->type_name("FILE.py");
}

}  // namespace

void add_policy(CommandLine& commands) {
  commands.add("policy", "Rules and a Python hook that compute how many copies files get", "", nullptr);

  auto to_set = std::make_shared<PolicyOptions>();
  CLI::App& set = commands.add(
      "policy set", "Replace the policy",
      "N of a file is decided by its own target, the hook, the first rule that matches, the nearest\n"
      "directory above that has a target, or target.default. Rules look like this:\n"
      "\n"
      "  rules:\n"
      "    - path: /music/**                   # * ? [a-z] within a name, ** across names\n"
      "      size: {from: 1M, below: 1G}\n"
      "      age: {below: 30d}                 # since it was modified\n"
      "      vars: {reads_per_day: {from: 100}}\n"
      "      target: 5\n"
      "\n"
      "The hook, def replicas(file), returns a number, or None for no opinion; file has path, size, age\n"
      "(seconds), vars (a dict), target (N without the hook) and copies. It runs on the master's machine.\n"
      "\n"
      "Example:\n  fsdfs policy set policy.yaml --python popularity.py",
      [to_set](Session& session) { return set_policy(session, *to_set); });
  add_files(set, *to_set);
  set.add_flag("--force", to_set->force, "also where a rule's path matches no file yet");

  commands.add("policy show", "Show the policy, and how far its effect has come",
               "Example:\n  fsdfs policy show", show_policy);

  auto to_check = std::make_shared<PolicyOptions>();
  CLI::App& check = commands.add("policy check", "Show what N files would get from a policy; changes nothing",
                                 "Example:\n  fsdfs policy check policy.yaml /music/hit.mp3",
                                 [to_check](Session& session) { return check_policy(session, *to_check); });
  add_files(check, *to_check);
  check.add_option("paths", to_check->paths, "paths of the swarm")->required()->type_name("PATH...");

  commands.add("policy clear", "Remove rules and hook", "Example:\n  fsdfs policy clear", clear_policy);
}

}  // namespace fsdfs::client
