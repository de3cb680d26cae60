#include <CLI/CLI.hpp>
#include <memory>
#include <vector>

#include "client/cli/commands.h"
#include "client/cli/insight_output.h"
#include "client/cli/swarm_path.h"
#include "common/units.h"

namespace fsdfs::client {

namespace {

// One path gives an object, several give a list.
Status why(Session& session, const std::vector<std::string>& paths) {
  FSDFS_ASSIGN(SwarmClient * client, session.client());
  Json list = Json::array();
  bool first = true;
  for (const std::string& typed : paths) {
    FSDFS_ASSIGN(std::string path, parse_swarm_path(typed));
    Result<Explanation> answer = client->explain(place_of_path(path));
    if (!answer.ok()) {
      session.fail(path, answer.status());
    } else if (session.json()) {
      list.push_back(explanation_json(path, *answer));
    } else {
      session.streams().out << (first ? "" : "\n") << explanation_text(shown(session, path), *answer);
      first = false;
    }
  }
  if (session.json() && paths.size() > 1) session.streams().out << json_text(list);
  if (session.json() && paths.size() == 1 && !list.empty()) session.streams().out << json_text(list.front());
  return {};
}

struct WhatIfOptions {
  std::string lose;
  uint64_t add = 0;
};

Status what_if(Session& session, const WhatIfOptions& options) {
  FSDFS_ASSIGN(SwarmClient * client, session.client());
  bool loses = !options.lose.empty();
  auto asked = loses ? client->what_if_lost(options.lose) : client->what_if_added(options.add);
  if (!asked.ok()) return asked.status();
  if (session.json()) {
    session.streams().out << json_text(what_if_json(*asked));
    return {};
  }
  std::string what = loses ? "node " + asked->node.address + " were lost with all it holds"
                           : "an empty node of " + size_text(options.add) + " joined";
  session.streams().out << what_if_text(what, *asked);
  return {};
}

}  // namespace

void add_why(CommandLine& commands) {
  auto paths = std::make_shared<std::vector<std::string>>();
  CLI::App& why_command = commands.add(
      "why", "Show why a file has the copies that it has, and what comes next",
      "Example:\n  fsdfs why /music/a.mp3", [paths](Session& session) { return why(session, *paths); });
  why_command.add_option("paths", *paths, "paths of the swarm")->required()->type_name("PATH...");

  auto options = std::make_shared<WhatIfOptions>();
  CLI::App& what_if_command = commands.add(
      "whatif", "Show what would become of min(K-N) if a node were lost or added",
      "Nothing is changed. What copying comes to in the end is reckoned with all room as one, and said to "
      "be\n"
      "an estimate where that may be too good.\n"
      "\n"
      "Examples:\n"
      "  fsdfs whatif --lose 10.0.0.7:4242    a node, by its address or the first digits of its id\n"
      "  fsdfs whatif --add 500G              another node of this quota",
      [options](Session& session) { return what_if(session, *options); });
  auto* lose = what_if_command.add_option("--lose", options->lose, "this node is lost")->type_name("NODE");
  auto* add = what_if_command
                  .add_option_function<std::string>(
                      "--add",
                      [options](const std::string& text) {
                        Result<uint64_t> size = parse_size(text);
                        if (!size.ok()) throw CLI::ValidationError("--add", size.status().message());
                        if (*size == 0) throw CLI::ValidationError("--add", "a quota of 0 adds nothing");
                        options->add = *size;
                      },
                      "an empty node of this quota joins, as 500G")
                  ->type_name("QUOTA");
  add->excludes(lose);
  what_if_command.callback([options] {
    if (options->lose.empty() && options->add == 0) {
      throw CLI::ValidationError("whatif", "nothing to ask: name --lose NODE or --add QUOTA");
    }
  });
}

}  // namespace fsdfs::client
