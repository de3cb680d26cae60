#include <CLI/CLI.hpp>
#include <memory>
#include <vector>

#include "client/cli/commands.h"
#include "client/cli/json_output.h"
#include "client/cli/swarm_path.h"
#include "client/cli/swarm_walk.h"
#include "client/cli/text_output.h"
#include "common/concurrency/thread_pool.h"
#include "common/units.h"

namespace fsdfs::client {

namespace {

constexpr size_t kAtOnce = 16;
constexpr size_t kQueued = 256;

Status get_targets(Session& session, const std::vector<std::string>& paths) {
  FSDFS_ASSIGN(SwarmClient * client, session.client());
  Json list = Json::array();
  for (const std::string& typed : paths) {
    FSDFS_ASSIGN(std::string path, parse_swarm_path(typed));
    Result<Attributes> found = client->lookup(place_of_path(path));
    if (!found.ok()) {
      session.fail(path, found.status());
    } else if (session.json()) {
      list.push_back(entry_json(path, base_name(path), *found));
    } else if (paths.size() > 1) {
      session.streams().out << number_text(found->target) << "  " << shown(session, path) << "\n";
    } else {
      session.streams().out << number_text(found->target) << "\n";
    }
  }
  if (session.json()) session.streams().out << json_text(list);
  return {};
}

struct SetOptions {
  std::vector<std::string> paths;
  double target = 0;
  bool recursive = false;
};

// Sets the target of every file below a directory.
class TreeTarget final : public SwarmVisitor {
 public:
  TreeTarget(Session& session, SwarmClient& client, double target)
      : session_(session), client_(client), target_(target), workers_("target", kAtOnce, kQueued) {}
  ~TreeTarget() override { workers_.stop(ThreadPool::OnStop::kDrain); }

  bool enter(const std::string&, const DirectoryEntry&, InodeId) override { return true; }
  void leave(const std::string&, const DirectoryEntry&, InodeId) override {}
  void file(const std::string& path, const DirectoryEntry& entry, InodeId) override {
    if (!entry.attributes.is_regular()) return;
    auto set = [this, path, inode = entry.attributes.inode] {
      Status status = client_.set_target(place_of(inode), target_).status();
      if (!status.ok()) session_.fail(path, status);
    };
    Status submitted = workers_.submit_until(std::move(set), MonotonicTime::max());
    if (!submitted.ok()) session_.fail(path, submitted);
  }
  void failed(const std::string& path, const Status& status) override { session_.fail(path, status); }
  bool stop() override { return false; }

 private:
  Session& session_;
  SwarmClient& client_;
  const double target_;
  ThreadPool workers_;
};

Status set_one(Session& session, SwarmClient& client, const std::string& path, const SetOptions& options) {
  FSDFS_ASSIGN(Attributes found, client.lookup(place_of_path(path)));
  if (!found.is_directory()) return client.set_target(place_of(found.inode), options.target).status();
  if (!options.recursive) {
    return failed_precondition("it is a directory (-r sets the target of every file below it)",
                               Reason::kIsDirectory);
  }
  TreeTarget visitor(session, client, options.target);
  walk_swarm(client, found.inode, path, visitor);
  return {};
}

Status set_targets(Session& session, const SetOptions& options) {
  FSDFS_ASSIGN(SwarmClient * client, session.client());
  for (const std::string& typed : options.paths) {
    FSDFS_ASSIGN(std::string path, parse_swarm_path(typed));
    Status status = set_one(session, *client, path, options);
    if (!status.ok()) session.fail(path, status);
  }
  return {};
}

}  // namespace

void add_target(CommandLine& commands) {
  commands.add("target", "Show or set how many copies of a file are wanted (N)", "", nullptr);

  auto got = std::make_shared<std::vector<std::string>>();
  CLI::App& get =
      commands.add("target get", "Show the target of files", "Example:\n  fsdfs target get /music/a.mp3",
                   [got](Session& session) { return get_targets(session, *got); });
  get.add_option("paths", *got, "paths of the swarm")->required()->type_name("PATH...");

  auto options = std::make_shared<SetOptions>();
  auto operands = std::make_shared<std::vector<std::string>>();
  CLI::App& set =
      commands.add("target set", "Set the target of files",
                   "N may be a fraction: of two files with as many copies, the one with the higher N is\n"
                   "served first.\n"
                   "\n"
                   "Examples:\n  fsdfs target set /music/hit.mp3 5\n  fsdfs target set -r /archive 2",
                   [options](Session& session) { return set_targets(session, *options); });
  set.add_option("paths", *operands, "paths of the swarm, then the number of copies")
      ->required()
      ->expected(2, -1)
      ->type_name("PATH... N");
  set.add_flag("-r,--recursive", options->recursive, "every file below a directory");
  set.callback([options, operands] {
    options->paths.assign(operands->begin(), operands->end() - 1);
    Result<double> target = parse_real(operands->back());
    if (!target.ok() || *target < 0 || *target > 1e6) {
      throw CLI::ValidationError("N",
                                 "\"" + operands->back() + "\" is not a number of copies (0 to 1000000)");
    }
    options->target = *target;
  });
}

}  // namespace fsdfs::client
