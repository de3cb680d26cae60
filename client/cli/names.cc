#include <unistd.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <utility>
#include <vector>

#include "client/cli/commands.h"
#include "client/cli/swarm_path.h"
#include "client/cli/swarm_walk.h"
#include "common/concurrency/thread_pool.h"
#include "common/path.h"

namespace fsdfs::client {

namespace {

constexpr size_t kRemovalsAtOnce = 16;
constexpr size_t kRemovalsQueued = 256;

struct MakeOptions {
  std::vector<std::string> paths;
  bool parents = false;
};

Status make_directories(Session& session, const MakeOptions& options) {
  FSDFS_ASSIGN(SwarmClient * client, session.client());
  for (const std::string& typed : options.paths) {
    FSDFS_ASSIGN(std::string path, parse_swarm_path(typed));
    NewDirectory directory{.mode = 0755, .uid = ::geteuid(), .gid = ::getegid(), .parents = options.parents};
    Result<Attributes> made = client->make_directory(place_of_path(path), directory);
    if (!made.ok()) session.fail(path, made.status());
  }
  return {};
}

struct RemoveOptions {
  std::vector<std::string> paths;
  bool recursive = false;
  bool force = false;
  bool directory = false;
};

// Removes a tree: files on several threads as they are found, then the directories, the deepest first.
class TreeRemoval final : public SwarmVisitor {
 public:
  TreeRemoval(Session& session, SwarmClient& client)
      : session_(session), client_(client), workers_("remove", kRemovalsAtOnce, kRemovalsQueued) {}

  Status run(const std::string& path, const Attributes& top) {
    walk_swarm(client_, top.inode, path, *this);
    workers_.stop(ThreadPool::OnStop::kDrain);
    for (const Directory& directory : directories_)
      remove(directory.path, directory.place, RemoveKind::kDirectory);
    return client_.remove(place_of_path(path), RemoveKind::kDirectory).status();
  }

  bool enter(const std::string&, const DirectoryEntry&, InodeId) override { return true; }
  void leave(const std::string& path, const DirectoryEntry& directory, InodeId parent) override {
    directories_.push_back({path, place_in(parent, directory.name)});
  }
  void file(const std::string& path, const DirectoryEntry& entry, InodeId parent) override {
    Status submitted = workers_.submit_until(
        [this, path, place = place_in(parent, entry.name)] { remove(path, place, RemoveKind::kFile); },
        MonotonicTime::max());
    if (!submitted.ok()) session_.fail(path, submitted);
  }
  void failed(const std::string& path, const Status& status) override { session_.fail(path, status); }
  bool stop() override { return false; }

 private:
  struct Directory {
    std::string path;
    Place place;
  };

  // What somebody else has removed meanwhile is as it should be.
  void remove(const std::string& path, const Place& place, RemoveKind kind) {
    Status status = client_.remove(place, kind).status();
    if (!status.ok() && status.code() != Code::kNotFound) session_.fail(path, status);
  }

  Session& session_;
  SwarmClient& client_;
  ThreadPool workers_;
  std::vector<Directory> directories_;  // the deepest before those above
};

Status remove_one(Session& session, SwarmClient& client, const std::string& path,
                  const RemoveOptions& options) {
  if (path == "/") return invalid_argument("the root of the swarm cannot be removed");
  Place place = place_of_path(path);
  if (!options.recursive) {
    RemoveKind kind = options.directory ? RemoveKind::kAny : RemoveKind::kFile;
    Status status = client.remove(place, kind).status();
    if (status.reason() != Reason::kIsDirectory) return status;
    return failed_precondition("it is a directory (-r removes it with all below it, -d removes an empty one)",
                               Reason::kIsDirectory);
  }
  FSDFS_ASSIGN(Attributes attributes, client.lookup(place));
  if (attributes.is_directory()) return TreeRemoval(session, client).run(path, attributes);
  return client.remove(place, RemoveKind::kFile).status();
}

Status remove(Session& session, const RemoveOptions& options) {
  FSDFS_ASSIGN(SwarmClient * client, session.client());
  for (const std::string& typed : options.paths) {
    FSDFS_ASSIGN(std::string path, parse_swarm_path(typed));
    Status status = remove_one(session, *client, path, options);
    if (options.force && status.code() == Code::kNotFound) continue;
    if (!status.ok()) session.fail(path, status);
  }
  return {};
}

struct MoveOptions {
  std::vector<std::string> operands;  // SRC... DEST
  bool no_clobber = false;
};

Status move(Session& session, const MoveOptions& options) {
  FSDFS_ASSIGN(SwarmClient * client, session.client());
  const std::string& typed = options.operands.back();
  FSDFS_ASSIGN(std::string destination, parse_swarm_path(typed));
  Result<Attributes> there = client->lookup(place_of_path(destination));
  if (!there.ok() && there.status().code() != Code::kNotFound)
    return there.status().with_context(display(destination));
  bool into = there.ok() && there->is_directory();
  if (!into && options.operands.size() > 2) {
    return failed_precondition(display(destination) + ": not a directory", Reason::kNotDirectory);
  }
  for (size_t i = 0; i + 1 < options.operands.size(); ++i) {
    FSDFS_ASSIGN(std::string source, parse_swarm_path(options.operands[i]));
    if (source == "/") return invalid_argument("the root of the swarm cannot be moved");
    std::string target = into ? join_path(destination, base_name(source)) : destination;
    Status status =
        client->rename(place_of_path(source), place_of_path(target), {.no_replace = options.no_clobber})
            .status();
    if (!status.ok()) session.fail(source, status);
  }
  return {};
}

}  // namespace

void add_names(CommandLine& commands) {
  auto make = std::make_shared<MakeOptions>();
  CLI::App& mkdir = commands.add("mkdir", "Make directories", "Example:\n  fsdfs mkdir -p /music/new/2024",
                                 [make](Session& session) { return make_directories(session, *make); });
  mkdir.add_option("paths", make->paths, "paths of the swarm")->required()->type_name("PATH...");
  mkdir.add_flag("-p,--parents", make->parents, "make what is missing above; content with what is there");

  auto removal = std::make_shared<RemoveOptions>();
  CLI::App& rm =
      commands.add("rm", "Remove files and directories",
                   "Deleted files stay in the trash for a while: 'fsdfs trash restore' brings them back.\n"
                   "\n"
                   "Examples:\n  fsdfs rm /music/old.mp3\n  fsdfs rm -r /tmp/import",
                   [removal](Session& session) { return remove(session, *removal); });
  rm.add_option("paths", removal->paths, "paths of the swarm")->required()->type_name("PATH...");
  rm.add_flag("-r,-R,--recursive", removal->recursive, "directories with all that is below them");
  rm.add_flag("-f,--force", removal->force, "content with what is not there");
  rm.add_flag("-d,--dir", removal->directory, "also empty directories");

  auto moving = std::make_shared<MoveOptions>();
  CLI::App& mv = commands.add(
      "mv", "Move or rename files and directories",
      "Examples:\n  fsdfs mv /a.txt /b.txt      rename\n  fsdfs mv /a /b /archive/    move both into it",
      [moving](Session& session) { return move(session, *moving); });
  mv.add_option("paths", moving->operands, "paths of the swarm")
      ->required()
      ->expected(2, -1)
      ->type_name("SRC... DEST");
  mv.add_flag("-n,--no-clobber", moving->no_clobber, "fail rather than replace a file");
}

}  // namespace fsdfs::client
