#include <unistd.h>

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "client/cli/commands.h"
#include "client/cli/json_output.h"
#include "client/cli/swarm_path.h"
#include "client/cli/text_output.h"
#include "common/concurrency/thread_pool.h"
#include "common/path.h"
#include "common/units.h"

namespace fsdfs::client {

namespace {

constexpr size_t kRestoresAtOnce = 16;
constexpr size_t kRestoresQueued = 256;

// What people type for a deleted file: its path, or its ID as `trash ls` shows it.
Result<TrashChoice> parse_choice(const std::string& typed) {
  if (typed.starts_with('/')) {
    FSDFS_ASSIGN(std::string path, parse_swarm_path(typed));
    return TrashChoice{.inode = {}, .path = path};
  }
  Result<int64_t> id = parse_integer(typed);
  if (id.ok() && *id > 0) return TrashChoice{.inode = InodeId{static_cast<uint64_t>(*id)}, .path = {}};
  return invalid_argument("\"" + display(typed) + "\" is neither a path, such as /a.mp3, nor an ID");
}

// All pages of what was deleted at `path` or below it.
Status for_each_page(SwarmClient& client, const std::string& path,
                     const std::function<void(std::vector<TrashEntry>&)>& visit) {
  TrashEntry after;
  while (true) {
    FSDFS_ASSIGN(TrashPage page, client.list_trash(path, after, 0));
    bool last = page.end || page.entries.empty();
    if (!last) after = page.entries.back();
    if (!page.entries.empty()) visit(page.entries);
    if (last) return {};
  }
}

Status list(Session& session, const std::string& typed) {
  std::string path;
  if (!typed.empty()) {
    FSDFS_ASSIGN(path, parse_swarm_path(typed));
  }
  FSDFS_ASSIGN(SwarmClient * client, session.client());
  Json list = Json::array();
  FSDFS_TRY(for_each_page(*client, path, [&](std::vector<TrashEntry>& entries) {
    std::vector<std::string> paths;
    for (const TrashEntry& entry : entries) {
      if (session.json()) list.push_back(trash_json(entry));
      paths.push_back(shown(session, entry.path));
    }
    if (!session.json()) session.streams().out << trash_text(entries, paths);
  }));
  if (session.json()) session.streams().out << json_text(list);
  return {};
}

// --- restore ---

struct RestoreOptions {
  std::vector<std::string> operands;
  std::string to;
  bool recursive = false;
};

class Restorer {
 public:
  Restorer(Session& session, SwarmClient& client) : session_(session), client_(client) {}

  // Into a directory that is there, as mv and cp do it.
  Status set_destination(const RestoreOptions& options) {
    if (options.to.empty()) return {};
    FSDFS_ASSIGN(to_, parse_swarm_path(options.to));
    into_ = options.to.ends_with('/');
    Result<Attributes> there = client_.lookup(place_of_path(to_));
    if (there.ok() && there->is_directory()) into_ = true;
    if (!into_ && (options.operands.size() > 1 || options.recursive)) {
      return failed_precondition(display(to_) + ": not a directory (end it with '/' to have it made)",
                                 Reason::kNotDirectory);
    }
    return {};
  }

  Status restore(const TrashChoice& choice) {
    std::string to = into_ ? to_ + "/" : to_;
    Status status = restore(choice, to);
    if (status.code() != Code::kNotFound || choice.path.empty()) return status;
    Result<TrashPage> below = client_.list_trash(choice.path, {}, 1);
    if (!below.ok() || below->entries.empty()) return status;
    return Status(status.code(), "no file was deleted there, but some were below it: -r restores those",
                  status.reason());
  }

  // Of each path at or below the one chosen, what was deleted last.
  Status restore_below(const TrashChoice& choice) {
    if (choice.path.empty()) return restore(choice);
    std::map<std::string, TrashEntry> newest;
    FSDFS_TRY(for_each_page(client_, choice.path, [&](std::vector<TrashEntry>& entries) {
      for (TrashEntry& entry : entries) {
        TrashEntry& known = newest[entry.path];
        if (std::pair(known.deleted, known.inode) < std::pair(entry.deleted, entry.inode)) {
          known = std::move(entry);
        }
      }
    }));
    if (newest.empty()) return not_found("nothing was deleted there or below");
    size_t above = choice.path == "/" ? 0 : choice.path.rfind('/');
    ThreadPool workers("restore", kRestoresAtOnce, kRestoresQueued);
    for (const auto& [path, entry] : newest) {
      std::string to = to_.empty() ? "" : join_path(to_, path.substr(above + 1));
      Status submitted = workers.submit_until(
          [this, path, to, inode = entry.inode] {
            Status status = restore({.inode = inode, .path = {}}, to);
            if (!status.ok()) session_.fail(path, status);
          },
          MonotonicTime::max());
      if (!submitted.ok()) session_.fail(path, submitted);
    }
    workers.stop(ThreadPool::OnStop::kDrain);
    return {};
  }

  void finish() {
    if (session_.json()) session_.streams().out << json_text(list_);
  }

 private:
  Status restore(const TrashChoice& choice, const std::string& to) {
    NewDirectory directories{.mode = 0755, .uid = ::geteuid(), .gid = ::getegid(), .parents = true};
    FSDFS_ASSIGN(RestoredFile restored, client_.restore_trash(choice, to, directories));
    if (restored.attributes.copies == 0) {
      session_.warn(display(restored.path) + " is back, but no server that has a copy is up");
    }
    std::lock_guard lock(mutex_);
    if (session_.json()) {
      list_.push_back(entry_json(restored.path, base_name(restored.path), restored.attributes));
    } else {
      session_.streams().out << shown(session_, restored.path) << "\n";
    }
    return {};
  }

  Session& session_;
  SwarmClient& client_;
  std::string to_;             // "": where each was
  bool into_ = false;          // to_ is a directory
  std::mutex mutex_;           // of what is written out
  Json list_ = Json::array();  // guarded by mutex_
};

Status restore(Session& session, const RestoreOptions& options) {
  FSDFS_ASSIGN(SwarmClient * client, session.client());
  Restorer restorer(session, *client);
  FSDFS_TRY(restorer.set_destination(options));
  for (const std::string& typed : options.operands) {
    FSDFS_ASSIGN(TrashChoice choice, parse_choice(typed));
    Status status = options.recursive ? restorer.restore_below(choice) : restorer.restore(choice);
    if (!status.ok()) session.fail(typed, status);
  }
  restorer.finish();
  return {};
}

// --- purge ---

struct PurgeOptions {
  std::vector<std::string> operands;
  bool all = false;
};

Status purge(Session& session, const PurgeOptions& options) {
  FSDFS_ASSIGN(SwarmClient * client, session.client());
  PurgedFiles sum;
  auto add = [&](const std::string& typed, const std::optional<TrashChoice>& choice) {
    Result<PurgedFiles> purged = client->purge_trash(choice);
    if (!purged.ok()) return session.fail(typed, purged.status());
    sum.files += purged->files;
    sum.bytes += purged->bytes;
  };
  if (options.all) add("", std::nullopt);
  for (const std::string& typed : options.operands) {
    FSDFS_ASSIGN(TrashChoice choice, parse_choice(typed));
    add(typed, choice);
  }
  if (session.json()) {
    session.streams().out << json_text({{"files", sum.files}, {"bytes", sum.bytes}});
  } else {
    session.streams().out << "purged: " << sum.files << (sum.files == 1 ? " file, " : " files, ")
                          << format_size(sum.bytes) << "\n";
  }
  return {};
}

}  // namespace

void add_trash(CommandLine& commands) {
  commands.add("trash", "Show, restore or purge deleted files", "", nullptr);

  auto path = std::make_shared<std::string>();
  CLI::App& ls =
      commands.add("trash ls", "List deleted files",
                   "They stay for trash.retention, or until their space is needed: the oldest go first.\n"
                   "\n"
                   "Examples:\n  fsdfs trash ls\n  fsdfs trash ls /music",
                   [path](Session& session) { return list(session, *path); });
  ls.add_option("path", *path, "only what was there or below it")->type_name("PATH");

  auto restoring = std::make_shared<RestoreOptions>();
  CLI::App& restorer = commands.add(
      "trash restore", "Bring deleted files back",
      "By path it is the one deleted last. Nothing is overwritten; missing directories are made.\n"
      "\n"
      "Examples:\n"
      "  fsdfs trash restore /music/a.mp3\n"
      "  fsdfs trash restore 1099511627800 --to /music/old.mp3\n"
      "  fsdfs trash restore -r /photos",
      [restoring](Session& session) { return restore(session, *restoring); });
  restorer.add_option("files", restoring->operands, "paths as they were, or IDs of trash ls")
      ->required()
      ->type_name("ID-or-PATH...");
  restorer.add_option("--to", restoring->to, "to this path, or into this directory")->type_name("PATH");
  restorer.add_flag("-r,--recursive", restoring->recursive, "what was deleted below the paths, too");

  auto purging = std::make_shared<PurgeOptions>();
  CLI::App& purger = commands.add("trash purge", "Delete files in the trash for good",
                                  "By path it is all that were deleted there.\n"
                                  "\n"
                                  "Examples:\n  fsdfs trash purge /music/a.mp3\n  fsdfs trash purge --all",
                                  [purging](Session& session) { return purge(session, *purging); });
  purger.add_option("files", purging->operands, "paths as they were, or IDs of trash ls")
      ->type_name("ID-or-PATH...");
  purger.add_flag("--all", purging->all, "the whole trash");
  purger.callback([purging] {
    if (purging->all != purging->operands.empty()) {
      throw CLI::ValidationError("trash purge", "name files, or --all for the whole trash");
    }
  });
}

}  // namespace fsdfs::client
