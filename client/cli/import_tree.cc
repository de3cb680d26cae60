#include "client/cli/import_tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "client/cli/local_walk.h"
#include "client/cli/swarm_path.h"
#include "client/cli/transfer_job.h"
#include "client/lease_keeper.h"
#include "client/local_file.h"
#include "common/io/files.h"
#include "common/path.h"

namespace fsdfs::client {

namespace {

constexpr size_t kReadBytes = 1 << 20;
constexpr Duration kAbortPatience = std::chrono::seconds(2);

std::string kind_of_mode(mode_t mode) {
  if (S_ISLNK(mode)) return "a symbolic link, which cannot be kept yet";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

bool same_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_size == b.st_size &&
         modified_time(a) == modified_time(b) && S_ISREG(b.st_mode);
}

NewDirectory directory_like(const struct stat& info) {
  return {.mode = info.st_mode & 07777U, .uid = info.st_uid, .gid = info.st_gid, .parents = true};
}

Result<std::string> real_path(const std::string& path) {
  std::error_code error;
  std::string real = std::filesystem::canonical(path, error).string();
  if (error) return local_fault(error.value(), "find " + display(path));
  return real;
}

class Import {
 public:
  Import(Session& session, const ImportOptions& options)
      : session_(session), options_(options), job_(session, options.jobs) {}

  Status run() {
    FSDFS_ASSIGN(root_, real_path(options_.directory));
    struct stat info {};
    if (::stat(root_.c_str(), &info) != 0) return local_fault(errno, "stat " + display(root_));
    if (!S_ISDIR(info.st_mode)) {
      return invalid_argument(display(options_.directory) +
                              " is no directory: `fsdfs put` takes single files");
    }
    for (const std::string& directory : options_.node.directories) {
      auto real = real_path(directory);
      own_.push_back(real.ok() ? *real : directory);
    }
    if (is_own(root_)) return invalid_argument(display(root_) + " is where the node keeps its replicas");
    FSDFS_ASSIGN(std::string destination, parse_swarm_path(options_.destination));
    FSDFS_ASSIGN(client_, session_.client());
    leases_.emplace(*client_);
    FSDFS_ASSIGN(auto top, top_directory(destination, info));
    std::thread counter = count();
    walk(top);
    if (counter.joinable()) counter.join();
    return finish();
  }

 private:
  class TreeWalk;
  class Counter;

  // A file on its way.
  struct Task {
    std::string path;
    InodeId parent;  // 0 where a dry run finds no directory
    std::string name;
  };

  bool is_own(const std::string& path) const {
    for (const std::string& own : own_) {
      if (is_within(path, own)) return true;
    }
    return false;
  }

  // None: a dry run, and it is not there.
  Result<std::optional<InodeId>> directory_at(const Place& place, const NewDirectory& like) {
    if (!options_.dry_run) {
      FSDFS_ASSIGN(Attributes made, client_->make_directory(place, like));
      return std::optional(made.inode);
    }
    auto found = client_->lookup(place);
    if (found.status().code() == Code::kNotFound) return std::optional<InodeId>();
    if (!found.ok()) return found.status();
    if (!found->is_directory()) return failed_precondition("not a directory", Reason::kNotDirectory);
    return std::optional(found->inode);
  }

  Result<std::optional<InodeId>> top_directory(const std::string& destination, const struct stat& info) {
    if (destination == "/") return std::optional(kRootInode);
    auto top = directory_at(place_of_path(destination), directory_like(info));
    if (!top.ok()) return top.status().with_context(display(destination));
    return top;
  }

  void walk(std::optional<InodeId> top);
  std::thread count();

  void take(const std::string& path, const std::string& name, const struct stat& info,
            std::optional<InodeId> parent) {
    if (!S_ISREG(info.st_mode)) {
      skipped_.fetch_add(1);
      return session_.warn("left out " + display(path) + ": it is " + kind_of_mode(info.st_mode));
    }
    Task task{path, parent.value_or(InodeId{}), name};
    job_.submit(path, [this, task = std::move(task)] { return import_file(task); });
  }

  Status import_file(const Task& task) {
    struct stat info {};
    if (::lstat(task.path.c_str(), &info) != 0) return local_fault(errno, "stat");
    if (!S_ISREG(info.st_mode)) return Status(Code::kUnknown, "it is no longer a regular file");
    std::optional<Attributes> there;
    if (task.parent != InodeId{}) {
      FSDFS_ASSIGN(there, look(task));
    }
    if (there) {
      FSDFS_ASSIGN(bool same, is_known(task, info, *there));
      // Of content that all nodes have lost, this is the copy that brings it back.
      if (same && there->copies > 0) return already_there(task, info);
      if (!same && !options_.replace) {
        return already_exists("already there, with another content (--replace takes this one)");
      }
    }
    if (options_.dry_run) return count_done(info);
    FSDFS_TRY(adopt(task, info, there.has_value()));
    if (options_.move) remove_original(task, info);
    return {};
  }

  Result<std::optional<Attributes>> look(const Task& task) {
    auto found = client_->lookup(place_in(task.parent, task.name));
    if (found.status().code() == Code::kNotFound) return std::optional<Attributes>();
    if (!found.ok()) return found.status();
    if (!found->is_regular()) return failed_precondition("in the swarm this is no regular file");
    return std::optional(std::move(*found));
  }

  // Whether the swarm has exactly this content there. Reads the file only if its size is equal.
  Result<bool> is_known(const Task& task, const struct stat& info, const Attributes& there) {
    if (there.size != static_cast<uint64_t>(info.st_size)) return false;
    UniqueFd file(::open(task.path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
    if (!file.valid()) return local_fault(errno, "open");
    BlockSummer summer;
    std::string buffer(kReadBytes, '\0');
    while (true) {
      if (job_.interrupted()) return Status(Code::kCancelled, "interrupted");
      ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return local_fault(errno, "read");
      if (count == 0) break;
      summer.update(std::string_view(buffer).substr(0, static_cast<size_t>(count)));
    }
    struct stat now {};
    if (::fstat(file.get(), &now) != 0) return local_fault(errno, "stat");
    if (!same_file(info, now)) return aborted("it changes while it is read: import it again");
    uint64_t size = summer.size();
    return size == there.size && content_digest(summer.finish(), size) == there.digest;
  }

  Status already_there(const Task& task, const struct stat& info) {
    known_.fetch_add(1);
    if (options_.move && !options_.dry_run) remove_original(task, info);
    return {};
  }

  Status adopt(const Task& task, const struct stat& info, bool replaces) {
    NewContent content{.place = place_in(task.parent, task.name),
                       .size = static_cast<uint64_t>(info.st_size),
                       .mode = info.st_mode & 07777U,
                       .uid = info.st_uid,
                       .gid = info.st_gid,
                       .target = std::nullopt,
                       .no_replace = !replaces,
                       .avoid = {},
                       .only = options_.node.node};
    auto opened = client_->open_session(content, client_->clock().now() + client_->options().deadline);
    if (!opened.ok()) return opened.status();
    // Whatever address others are told: this is the way that stays on the machine.
    if (opened->chain.empty()) return unavailable("the master names no node to adopt the file");
    opened->chain.front().address = options_.node_address;
    Status status = adopt(task, info, *opened);
    if (status.ok()) return count_done(info);
    Status ended = client_->abort_session(opened->session, client_->clock().now() + kAbortPatience);
    if (!ended.ok()) session_.logger().debug("session {}: {}", opened->session.value, ended.message());
    return status;
  }

  Status adopt(const Task& task, const struct stat& info, const OpenedSession& opened) {
    FileToAdopt file{.path = task.path,
                     .device = info.st_dev,
                     .inode = info.st_ino,
                     .size = static_cast<uint64_t>(info.st_size),
                     .moving = options_.move,
                     .origin = opened.origin};
    file.origin.modified = modified_time(info);
    LeaseKeeper::Hold hold(*leases_, opened, file.size);
    int64_t told = 0;
    auto adopted = adopt_file(client_->node_channels(), opened, file, [&](uint64_t bytes) {
      job_.progress().bytes(static_cast<int64_t>(bytes) - std::exchange(told, static_cast<int64_t>(bytes)));
      return !job_.interrupted();
    });
    job_.progress().bytes(-told);  // counted with the file, once it is in
    if (!adopted.ok()) return adopted.status();
    SessionResult result{.size = file.size,
                         .digest = adopted->digest,
                         .receipts = {std::move(adopted->receipt)},
                         .modified = file.origin.modified};
    auto committed =
        client_->commit_session(opened.session, result, client_->clock().now() + client_->options().deadline);
    if (!committed.ok()) return committed.status();
    count_way(adopted->by);
    return {};
  }

  Status count_done(const struct stat& info) {
    job_.progress().bytes(info.st_size);
    job_.progress().file_done();
    return {};
  }

  void count_way(AdoptedBy by) {
    if (by == AdoptedBy::kLink) linked_.fetch_add(1);
    if (by == AdoptedBy::kReflink) reflinked_.fetch_add(1);
    if (by == AdoptedBy::kCopy) copied_.fetch_add(1);
  }

  // Its content is the swarm's now. A failure is no failure of the import.
  void remove_original(const Task& task, const struct stat& info) {
    struct stat now {};
    if (::lstat(task.path.c_str(), &now) != 0 || !same_file(info, now)) {
      return session_.warn(display(task.path) + " has changed since it was taken in, and stays");
    }
    if (::unlink(task.path.c_str()) != 0) {
      session_.warn(display(task.path) +
                    " is taken in, but stays here: " + local_fault(errno, "remove").message());
    }
  }

  Status finish() {
    return job_.finish(options_.dry_run ? "would import" : "imported", true, [this] {
      return std::vector<TransferJob::Count>{{options_.move ? "moved" : "linked", linked_},
                                             {"reflinked", reflinked_},
                                             {"copied", copied_},
                                             {"known", known_},
                                             {"skipped", skipped_}};
    });
  }

  Session& session_;
  const ImportOptions& options_;
  TransferJob job_;
  SwarmClient* client_ = nullptr;
  std::optional<LeaseKeeper> leases_;
  std::string root_;
  std::vector<std::string> own_;  // the node's directories
  std::atomic<uint64_t> linked_{0}, reflinked_{0}, copied_{0}, known_{0}, skipped_{0};
};

// Makes the directories as it goes down, and hands the files to the workers.
class Import::TreeWalk final : public LocalVisitor {
 public:
  TreeWalk(Import& owner, std::optional<InodeId> top) : import_(owner), above_{top} {}

  bool enter(const std::string& path, const std::string& name, const struct stat& info) override {
    if (import_.is_own(path)) {
      import_.session_.warn("left out " + display(path) + ": the node keeps its replicas there");
      return false;
    }
    Result<std::optional<InodeId>> made = std::optional<InodeId>();
    if (above_.back()) {
      made = import_.directory_at(place_in(*above_.back(), name), directory_like(info));
    }
    if (!made.ok()) {
      import_.session_.fail(path, made.status());
      return false;
    }
    above_.push_back(*made);
    return true;
  }
  void leave() override { above_.pop_back(); }
  void file(const std::string& path, const std::string& name, const struct stat& info) override {
    import_.take(path, name, info, above_.back());
  }
  void failed(const std::string& path, const Status& status) override { import_.session_.fail(path, status); }
  bool stop() override { return import_.job_.interrupted(); }

 private:
  Import& import_;
  std::vector<std::optional<InodeId>> above_;  // the swarm's directories down to the present one
};

void Import::walk(std::optional<InodeId> top) {
  TreeWalk visitor(*this, top);
  walk_local(root_, false, visitor);
}

// Says how much there is, while the import runs already; only where somebody looks at it.
class Import::Counter final : public LocalVisitor {
 public:
  explicit Counter(Import& owner) : import_(owner) {}
  bool enter(const std::string& path, const std::string&, const struct stat&) override {
    return !import_.is_own(path);
  }
  void leave() override {}
  void file(const std::string&, const std::string&, const struct stat& info) override {
    if (S_ISREG(info.st_mode)) import_.job_.progress().file_found(static_cast<uint64_t>(info.st_size));
  }
  void failed(const std::string&, const Status&) override {}
  bool stop() override { return import_.job_.interrupted(); }

 private:
  Import& import_;
};

std::thread Import::count() {
  if (!session_.streams().err_is_terminal) return {};
  return std::thread([this] {
    Counter counter(*this);
    walk_local(root_, false, counter);
    job_.progress().all_found();
  });
}

}  // namespace

Status import_tree(Session& session, const ImportOptions& options) {
  return Import(session, options).run();
}

}  // namespace fsdfs::client
