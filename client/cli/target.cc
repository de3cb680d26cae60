#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
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
  std::vector<std::vector<std::string>> rows;
  for (const std::string& typed : paths) {
    FSDFS_ASSIGN(std::string path, parse_swarm_path(typed));
    Result<FileStat> found = client->stat(place_of_path(path));
    if (!found.ok()) {
      session.fail(path, found.status());
      continue;
    }
    const Attributes& attributes = found->attributes;
    double target = attributes.is_directory() ? found->directory_target : attributes.target;
    list.push_back(target_json(path, *found));
    rows.push_back({number_text(target), found->target_origin});
    if (paths.size() > 1) rows.back().insert(rows.back().begin() + 1, shown(session, path));
  }
  session.streams().out << (session.json() ? json_text(list) : table(rows, {}));
  return {};
}

struct SetTargetOptions {
  std::vector<std::string> paths;
  std::optional<double> target;  // none: taken back
  bool recursive = false;
};

Status set_target(SwarmClient& client, InodeId inode, const std::optional<double>& target) {
  if (!target) return client.unset_target(place_of(inode)).status();
  return client.set_target(place_of(inode), *target).status();
}

// Sets the target of every file below a directory, or takes it back.
class TreeTarget final : public SwarmVisitor {
 public:
  TreeTarget(Session& session, SwarmClient& client, std::optional<double> target)
      : session_(session), client_(client), target_(target), workers_("target", kAtOnce, kQueued) {}
  ~TreeTarget() override { workers_.stop(ThreadPool::OnStop::kDrain); }

  bool enter(const std::string& path, const DirectoryEntry& directory, InodeId) override {
    if (!target_ && directory.attributes.own_target) submit(path, directory.attributes.inode);
    return true;
  }
  void leave(const std::string&, const DirectoryEntry&, InodeId) override {}
  void file(const std::string& path, const DirectoryEntry& entry, InodeId) override {
    if (!entry.attributes.is_regular() || (!target_ && !entry.attributes.own_target)) return;
    submit(path, entry.attributes.inode);
  }
  void failed(const std::string& path, const Status& status) override { session_.fail(path, status); }
  bool stop() override { return false; }

 private:
  void submit(const std::string& path, InodeId inode) {
    auto set = [this, path, inode] {
      Status status = set_target(client_, inode, target_);
      if (!status.ok()) session_.fail(path, status);
    };
    Status submitted = workers_.submit_until(std::move(set), MonotonicTime::max());
    if (!submitted.ok()) session_.fail(path, submitted);
  }

  Session& session_;
  SwarmClient& client_;
  const std::optional<double> target_;
  ThreadPool workers_;
};

Status set_one(Session& session, SwarmClient& client, const std::string& path,
               const SetTargetOptions& options) {
  FSDFS_ASSIGN(Attributes found, client.lookup(place_of_path(path)));
  if (!found.is_directory() || !options.recursive) return set_target(client, found.inode, options.target);
  // Taking back everything below includes what directories were given.
  TreeTarget visitor(session, client, options.target);
  walk_swarm(client, found.inode, path, visitor);
  return options.target ? Status() : set_target(client, found.inode, options.target);
}

Status set_targets(Session& session, const SetTargetOptions& options) {
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
  commands.add("target", "Show or set how many copies of files are wanted (N)", "", nullptr);

  auto got = std::make_shared<std::vector<std::string>>();
  CLI::App& get = commands.add("target get", "Show N of files and directories, and who decided it",
                               "Example:\n  fsdfs target get /music/a.mp3",
                               [got](Session& session) { return get_targets(session, *got); });
  get.add_option("paths", *got, "paths of the swarm")->required()->type_name("PATH...");

  auto options = std::make_shared<SetTargetOptions>();
  auto operands = std::make_shared<std::vector<std::string>>();
  CLI::App& set = commands.add(
      "target set", "Set the target of files and directories",
      "A directory's N is for the files below it that have no target of their own and no rule of\n"
      "the policy, those to come as well; the nearest directory above a file counts. N may be a\n"
      "fraction: of two files with as many copies, the one with the higher N is served first.\n"
      "\n"
      "Examples:\n  fsdfs target set /music/hit.mp3 5\n  fsdfs target set /archive 2",
      [options](Session& session) { return set_targets(session, *options); });
  set.add_option("paths", *operands, "paths of the swarm, then the number of copies")
      ->required()
      ->expected(2, -1)
      ->type_name("PATH... N");
  set.add_flag("-r,--recursive", options->recursive, "every file below a directory, one by one");
  set.callback([options, operands] {
    options->paths.assign(operands->begin(), operands->end() - 1);
    Result<double> target = parse_real(operands->back());
    if (!target.ok() || *target < 0 || *target > 1e6) {
      throw CLI::ValidationError("N",
                                 "\"" + operands->back() + "\" is not a number of copies (0 to 1000000)");
    }
    options->target = *target;
  });

  auto unset_options = std::make_shared<SetTargetOptions>();
  CLI::App& unset =
      commands.add("target unset", "Take the target of files and directories back",
                   "N is then what the policy, a directory above or target.default says.\n"
                   "\n"
                   "Example:\n  fsdfs target unset -r /archive",
                   [unset_options](Session& session) { return set_targets(session, *unset_options); });
  unset.add_option("paths", unset_options->paths, "paths of the swarm")->required()->type_name("PATH...");
  unset.add_flag("-r,--recursive", unset_options->recursive, "everything below a directory as well");
}

}  // namespace fsdfs::client
