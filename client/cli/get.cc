#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "client/cli/commands.h"
#include "client/cli/copy_plan.h"
#include "client/cli/swarm_path.h"
#include "client/cli/swarm_walk.h"
#include "client/cli/transfer_job.h"
#include "client/download.h"
#include "client/local_file.h"
#include "common/io/files.h"
#include "common/path.h"

namespace fsdfs::client {

namespace {

constexpr char kGetExamples[] =
    "A directory is fetched with all that is below it. Files get the mode and the time of modification that "
    "they have in\n"
    "the swarm. What was interrupted is taken up where it stopped when the same get is given again.\n"
    "\n"
    "Examples:\n"
    "  fsdfs get /reports/report.pdf .       into the current directory\n"
    "  fsdfs get /home/anna/photos photos    the directory, under that name\n"
    "  fsdfs get /backup/etc.tar - | tar t   to standard output";

struct GetOptions {
  std::vector<std::string> operands;  // SRC... DEST
  int jobs = 16;
  bool parents = false;
  bool recursive = false;  // taken for granted
};

class Get {
 public:
  Get(Session& session, const GetOptions& options)
      : session_(session), options_(options), job_(session, options.jobs) {
    download_.on_progress = [this](int64_t bytes) { job_.progress().bytes(bytes); };
    download_.cancelled = [this] { return job_.interrupted(); };
  }

  Status run() {
    FSDFS_ASSIGN(client_, session_.client());
    std::vector<std::string> sources(options_.operands.begin(), options_.operands.end() - 1);
    const std::string& destination = options_.operands.back();
    if (destination == "-") return get_to_output(sources);
    FSDFS_ASSIGN(OperandKind kind, kind_of(destination));
    CopyRequest request{.sources = {}, .destination = {destination, kind}, .make_parents = options_.parents};
    for (const std::string& source : sources) add_source(source, request);
    if (request.sources.empty()) return job_.finish("fetched", false);
    FSDFS_ASSIGN(CopyPlan plan, plan_copy(request));
    if (plan.make_directory) FSDFS_TRY(make_directories_to(*plan.make_directory + "/"));
    std::thread counter = count(plan.items);
    Status status = get_items(plan.items);
    if (counter.joinable()) counter.join();
    FSDFS_TRY(status);
    FSDFS_TRY(job_.finish("fetched", plan.items.size() > 1 || plan.items.front().directory));
    set_directory_modes();
    return {};
  }

 private:
  static Result<OperandKind> kind_of(const std::string& path) {
    struct stat info {};
    if (::stat(path.c_str(), &info) == 0)
      return S_ISDIR(info.st_mode) ? OperandKind::kDirectory : OperandKind::kFile;
    if (errno == ENOENT) return OperandKind::kAbsent;
    return local_fault(errno, display(path));
  }

  void add_source(const std::string& typed, CopyRequest& request) {
    Result<std::string> path = parse_swarm_path(typed);
    if (!path.ok()) return session_.fail("", path.status());
    Result<Attributes> found = client_->lookup(place_of_path(*path));
    if (!found.ok()) return session_.fail(*path, found.status());
    if (found->is_directory()) {
      request.sources.push_back({*path, OperandKind::kDirectory});
    } else if (found->is_regular()) {
      request.sources.push_back({*path, OperandKind::kFile});
    } else {
      session_.warn("left out " + display(*path) + ": it is not a regular file");
    }
  }

  Status get_items(const std::vector<CopyItem>& items) {
    for (const CopyItem& item : items) {
      if (job_.interrupted()) return {};
      if (options_.parents) FSDFS_TRY(make_directories_to(item.target));
      if (item.directory) {
        get_tree(item);
      } else {
        get_file(item.source, place_of_path(item.source), item.target);
      }
    }
    return {};
  }

  // The directories above `path`, as mkdir -p.
  Status make_directories_to(const std::string& path) {
    for (size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
      std::string above = path.substr(0, slash);
      if (::mkdir(above.c_str(), 0777) != 0 && errno != EEXIST)
        return local_fault(errno, "make " + display(above));
    }
    return {};
  }

  void get_file(const std::string& source, Place place, std::string target) {
    job_.submit(source, [this, place = std::move(place), target = std::move(target)]() -> Status {
      struct stat info {};
      bool special = ::stat(target.c_str(), &info) == 0 && !S_ISREG(info.st_mode);
      FSDFS_TRY(
          (special ? get_to_special(place, target) : download_to_path(*client_, place, target, download_))
              .status());
      job_.progress().file_done();
      return {};
    });
  }

  // A device or a pipe is written to, never replaced.
  Result<DownloadResult> get_to_special(const Place& place, const std::string& target) {
    UniqueFd file(::open(target.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
    if (!file.valid()) return local_fault(errno, "open " + display(target));
    return download_to_descriptor(*client_, place, file.get(), download_);
  }

  Status get_to_output(const std::vector<std::string>& sources) {
    for (const std::string& typed : sources) {
      FSDFS_ASSIGN(std::string path, parse_swarm_path(typed));
      FSDFS_TRY(
          download_to_descriptor(*client_, place_of_path(path), session_.streams().out_descriptor, download_)
              .status()
              .with_context(display(path)));
    }
    return {};
  }

  std::thread count(const std::vector<CopyItem>& items);
  void get_tree(const CopyItem& item);
  bool enter_directory(const std::string& source, const std::string& target, uint32_t mode);

  // Directories were made writable for what goes into them; now they get the modes that they have in the
  // swarm, the deepest first.
  void set_directory_modes() {
    for (auto directory = directories_.rbegin(); directory != directories_.rend(); ++directory) {
      if (::chmod(directory->first.c_str(), directory->second) != 0) {
        session_.fail(directory->first, local_fault(errno, "chmod"));
      }
    }
  }

  class Counter;
  class TreeGet;

  Session& session_;
  const GetOptions& options_;
  TransferJob job_;
  DownloadOptions download_;
  SwarmClient* client_ = nullptr;
  std::vector<std::pair<std::string, mode_t>> directories_;  // made here, with the modes that they shall have
};

// Counts what TreeGet will fetch.
class Get::Counter final : public SwarmVisitor {
 public:
  explicit Counter(TransferJob& job) : job_(job) {}
  bool enter(const std::string&, const DirectoryEntry&, InodeId) override { return true; }
  void leave(const std::string&, const DirectoryEntry&, InodeId) override {}
  void file(const std::string&, const DirectoryEntry& entry, InodeId) override {
    if (entry.attributes.is_regular()) job_.progress().file_found(entry.attributes.size);
  }
  void failed(const std::string&, const Status&) override {}
  bool stop() override { return job_.interrupted(); }

 private:
  TransferJob& job_;
};

// Makes the local directories as it goes down, and hands the files to the workers.
class Get::TreeGet final : public SwarmVisitor {
 public:
  TreeGet(Get& get, const CopyItem& item) : get_(get), item_(item) {}

  bool enter(const std::string& path, const DirectoryEntry& directory, InodeId) override {
    return get_.enter_directory(path, local(path), directory.attributes.mode);
  }
  void leave(const std::string&, const DirectoryEntry&, InodeId) override {}
  void file(const std::string& path, const DirectoryEntry& entry, InodeId) override {
    if (!entry.attributes.is_regular()) {
      get_.session_.warn("left out " + display(path) + ": it is not a regular file");
      return;
    }
    get_.get_file(path, place_of(entry.attributes.inode), local(path));
  }
  void failed(const std::string& path, const Status& status) override { get_.session_.fail(path, status); }
  bool stop() override { return get_.job_.interrupted(); }

 private:
  // Where the swarm's `path`, which is below the item's source, goes.
  std::string local(const std::string& path) const {
    size_t skip = item_.source == "/" ? 1 : item_.source.size() + 1;
    return join_path(item_.target, path.substr(skip));
  }

  Get& get_;
  const CopyItem& item_;
};

bool Get::enter_directory(const std::string& source, const std::string& target, uint32_t mode) {
  if (::mkdir(target.c_str(), (mode & 0777) | 0700) == 0) {
    if ((mode & 0700) != 0700) directories_.emplace_back(target, mode & 0777);
    return true;
  }
  int error = errno;
  struct stat info {};
  if (error == EEXIST && ::stat(target.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return true;
  session_.fail(source, local_fault(error, "make " + display(target)));
  return false;
}

void Get::get_tree(const CopyItem& item) {
  Result<Attributes> top = client_->lookup(place_of_path(item.source));
  if (!top.ok()) return session_.fail(item.source, top.status());
  if (!enter_directory(item.source, item.target, top->mode)) return;
  TreeGet visitor(*this, item);
  walk_swarm(*client_, top->inode, item.source, visitor);
}

std::thread Get::count(const std::vector<CopyItem>& items) {
  if (!session_.streams().err_is_terminal) return {};
  return std::thread([this, items] {
    Counter counter(job_);
    for (const CopyItem& item : items) {
      Result<Attributes> found = client_->lookup(place_of_path(item.source));
      if (!found.ok()) continue;
      if (item.directory) {
        walk_swarm(*client_, found->inode, item.source, counter);
      } else {
        job_.progress().file_found(found->size);
      }
    }
    job_.progress().all_found();
  });
}

Status cat(Session& session, const std::vector<std::string>& paths) {
  FSDFS_ASSIGN(SwarmClient * client, session.client());
  session.streams().out.flush();
  for (const std::string& typed : paths) {
    FSDFS_ASSIGN(std::string path, parse_swarm_path(typed));
    Status status =
        download_to_descriptor(*client, place_of_path(path), session.streams().out_descriptor, {}).status();
    if (!status.ok()) session.fail(path, status);
  }
  return {};
}

}  // namespace

void add_get(CommandLine& commands) {
  auto options = std::make_shared<GetOptions>();
  CLI::App& get = commands.add("get", "Fetch files and directories out of the swarm", kGetExamples,
                               [options](Session& session) { return Get(session, *options).run(); });
  get.add_option("paths", options->operands, "paths of the swarm, then a local path (- is standard output)")
      ->required()
      ->expected(2, -1)
      ->type_name("SRC... DEST");
  get.add_option("-j,--jobs", options->jobs, "files at once (16)")->check(CLI::Range(1, 256))->type_name("N");
  get.add_flag("-p,--parents", options->parents, "make the local directories above DEST that are missing");
  get.add_flag("-r,--recursive", options->recursive, "fetch directories (they always are)");

  auto paths = std::make_shared<std::vector<std::string>>();
  CLI::App& cat_command = commands.add("cat", "Print files", "Example:\n  fsdfs cat /etc/motd /etc/issue",
                                       [paths](Session& session) { return cat(session, *paths); });
  cat_command.add_option("paths", *paths, "paths of the swarm")->required()->type_name("PATH...");
}

}  // namespace fsdfs::client
