#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <cerrno>
#include <map>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "client/cli/commands.h"
#include "client/cli/copy_plan.h"
#include "client/cli/local_walk.h"
#include "client/cli/swarm_path.h"
#include "client/cli/transfer_job.h"
#include "client/content_source.h"
#include "client/local_file.h"
#include "client/upload.h"
#include "common/io/files.h"
#include "common/path.h"

namespace fsdfs::client {

namespace {

constexpr char kPutExamples[] =
    "A directory is put with all that is below it. Files keep mode and time of modification; they belong to "
    "who puts\n"
    "them.\n"
    "\n"
    "Examples:\n"
    "  fsdfs put report.pdf /reports/            into the directory /reports\n"
    "  fsdfs put -p photos /home/anna/photos     the directory photos, under that name\n"
    "  fsdfs put --target 5 *.mp3 /music/        with five copies of each\n"
    "  tar c /etc | fsdfs put - /backup/etc.tar  what comes through a pipe";

struct PutOptions {
  std::vector<std::string> operands;  // SRC... DEST
  int jobs = 32;
  std::optional<double> target;
  bool parents = false;
  bool follow = false;
  bool no_clobber = false;
  bool recursive = false;  // taken for granted
};

std::string kind_text(mode_t mode) {
  if (S_ISLNK(mode))
    return "a symbolic link (--follow puts what it leads to; links themselves cannot be kept yet)";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

// Gives up at once when the user does.
class InterruptibleSource final : public ContentSource {
 public:
  InterruptibleSource(ContentSource& source, const TransferJob& job) : source_(source), job_(job) {}

  Result<size_t> read(std::span<std::byte> out) override {
    if (job_.interrupted()) return Status(Code::kCancelled, "interrupted");
    return source_.read(out);
  }
  bool rewind() override { return source_.rewind(); }
  std::optional<uint64_t> size() const override { return source_.size(); }

 private:
  ContentSource& source_;
  const TransferJob& job_;
};

class Put {
 public:
  Put(Session& session, const PutOptions& options)
      : session_(session), options_(options), job_(session, options.jobs) {}

  Status run() {
    FSDFS_ASSIGN(client_, session_.client());
    std::vector<std::string> sources(options_.operands.begin(), options_.operands.end() - 1);
    const std::string& typed = options_.operands.back();
    FSDFS_ASSIGN(std::string destination, parse_swarm_path(typed));
    FSDFS_ASSIGN(OperandKind kind, kind_of(destination));
    if (sources == std::vector<std::string>{"-"}) return put_stream(typed, destination, kind);

    if (typed.back() == '/' && destination != "/") destination += '/';
    CopyRequest request{.sources = {}, .destination = {destination, kind}, .make_parents = options_.parents};
    for (const std::string& source : sources) add_source(source, request);
    if (request.sources.empty()) return finish(false);
    FSDFS_ASSIGN(CopyPlan plan, plan_copy(request));
    if (plan.make_directory) FSDFS_TRY(make_directory_at(*plan.make_directory).status());
    std::thread counter = count(plan.items);
    Status status = put_items(plan.items);
    if (counter.joinable()) counter.join();
    FSDFS_TRY(status);
    return finish(plan.items.size() > 1 || plan.items.front().directory);
  }

 private:
  Result<OperandKind> kind_of(const std::string& path) {
    Result<Attributes> found = client_->lookup(place_of_path(path));
    if (found.ok()) return found->is_directory() ? OperandKind::kDirectory : OperandKind::kFile;
    if (found.status().code() == Code::kNotFound) return OperandKind::kAbsent;
    return found.status();
  }

  void add_source(const std::string& source, CopyRequest& request) {
    struct stat info {};
    if (::stat(source.c_str(), &info) != 0) return session_.fail(source, local_fault(errno, "stat"));
    if (S_ISDIR(info.st_mode)) {
      request.sources.push_back({source, OperandKind::kDirectory});
    } else if (S_ISREG(info.st_mode)) {
      request.sources.push_back({source, OperandKind::kFile});
    } else {
      skip(source, info.st_mode);
    }
  }

  void skip(const std::string& path, mode_t mode) {
    session_.warn("left out " + display(path) + ": it is " + kind_text(mode));
  }

  Status put_items(const std::vector<CopyItem>& items) {
    for (const CopyItem& item : items) {
      if (job_.interrupted()) return {};
      Result<InodeId> parent = parent_of(item.target);
      if (!parent.ok()) return parent.status();
      if (item.directory) {
        put_tree(item, *parent);
      } else {
        put_file(item.source, place_in(*parent, base_name(item.target)));
      }
    }
    return {};
  }

  // The inode of the directory that `path` is in; made with -p.
  Result<InodeId> parent_of(const std::string& path) {
    std::string parent = parent_path(path);
    if (parent == known_parent_) return known_parent_inode_;
    Result<Attributes> found = client_->lookup(place_of_path(parent));
    if (!found.ok() && found.status().code() == Code::kNotFound) {
      if (!options_.parents) return not_found("no such directory: " + display(parent) + " (-p makes it)");
      found = make_directory_at(parent);
    }
    if (!found.ok()) return found.status();
    if (!found->is_directory()) {
      return failed_precondition(display(parent) + ": not a directory", Reason::kNotDirectory);
    }
    known_parent_ = parent;
    known_parent_inode_ = found->inode;
    return found->inode;
  }

  Result<Attributes> make_directory_at(const std::string& path) {
    return client_->make_directory(place_of_path(path),
                                   {.mode = 0755, .uid = ::geteuid(), .gid = ::getegid(), .parents = true});
  }

  void put_file(const std::string& source, Place place) {
    job_.submit(source, [this, source, place = std::move(place)] { return put_file_now(source, place); });
  }

  Status put_file_now(const std::string& source, const Place& place) {
    UniqueFd file(::open(source.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!file.valid()) return local_fault(errno, "open");
    struct stat info {};
    if (::fstat(file.get(), &info) != 0) return local_fault(errno, "stat");
    if (!S_ISREG(info.st_mode)) return Status(Code::kUnknown, "it is no longer a regular file");
    FileSource content(file.get(), display(source), static_cast<uint64_t>(info.st_size));
    return put_content(content, place, info.st_mode & 07777, modified_time(info));
  }

  Status put_content(ContentSource& content, const Place& place, uint32_t mode,
                     std::optional<FileTime> modified) {
    InterruptibleSource source(content, job_);
    UploadOptions options{.mode = mode,
                          .uid = ::geteuid(),
                          .gid = ::getegid(),
                          .target = options_.target,
                          .no_replace = options_.no_clobber,
                          .modified = modified,
                          .on_progress = [this](int64_t bytes) { job_.progress().bytes(bytes); }};
    Result<UploadResult> result = upload(*client_, place, source, options);
    if (!result.ok()) {
      if (options_.no_clobber && result.status().code() == Code::kAlreadyExists) return {};
      return result.status();
    }
    if (result->synced_copies < result->wanted_copies) thin_.fetch_add(1);
    job_.progress().file_done();
    return {};
  }

  Status put_stream(const std::string& typed, const std::string& destination, OperandKind kind) {
    if (kind == OperandKind::kDirectory || (typed.back() == '/' && kind == OperandKind::kAbsent)) {
      return invalid_argument("what comes through a pipe needs a name: " + display(typed) +
                              " is a directory");
    }
    FSDFS_ASSIGN(InodeId parent, parent_of(destination));
    StreamSource content(session_.streams().in_descriptor, "standard input");
    FSDFS_TRY(content.open());
    FSDFS_TRY(put_content(content, place_in(parent, base_name(destination)), 0644, std::nullopt)
                  .with_context(display(destination)));
    return finish(false);
  }

  // Says how much there is, while the transfers run already; only where somebody looks at it.
  std::thread count(const std::vector<CopyItem>& items);
  void put_tree(const CopyItem& item, InodeId parent);

  Status finish(bool always) {
    Status status = job_.finish("imported", always);
    if (uint64_t thin = thin_.load(); thin > 0) {
      session_.warn(
          std::to_string(thin) + (thin == 1 ? " file is" : " files are") +
          " synced on fewer nodes than sync_copies asks for: too few nodes could take them (fsdfs status)");
    }
    return status;
  }

  class Counter;
  class TreePut;

  Session& session_;
  const PutOptions& options_;
  TransferJob job_;
  SwarmClient* client_ = nullptr;
  std::atomic<uint64_t> thin_{0};  // files with fewer synced copies than wanted
  std::string known_parent_;       // the last one asked for
  InodeId known_parent_inode_;
};

// Counts what TreePut will put.
class Put::Counter final : public LocalVisitor {
 public:
  explicit Counter(TransferJob& job) : job_(job) {}
  bool enter(const std::string&, const std::string&, const struct stat&) override { return true; }
  void leave() override {}
  void file(const std::string&, const std::string&, const struct stat& info) override {
    if (S_ISREG(info.st_mode)) job_.progress().file_found(static_cast<uint64_t>(info.st_size));
  }
  void failed(const std::string&, const Status&) override {}
  bool stop() override { return job_.interrupted(); }

 private:
  TransferJob& job_;
};

// Makes the directories as it goes down, and hands the files to the workers.
class Put::TreePut final : public LocalVisitor {
 public:
  TreePut(Put& put, InodeId top) : put_(put), above_{top} {}

  bool enter(const std::string& path, const std::string& name, const struct stat& info) override {
    NewDirectory directory{
        .mode = info.st_mode & 07777U, .uid = ::geteuid(), .gid = ::getegid(), .parents = true};
    Result<Attributes> made = put_.client_->make_directory(place_in(above_.back(), name), directory);
    if (!made.ok()) {
      put_.session_.fail(path, made.status());
      return false;
    }
    above_.push_back(made->inode);
    return true;
  }
  void leave() override { above_.pop_back(); }
  void file(const std::string& path, const std::string& name, const struct stat& info) override {
    if (!S_ISREG(info.st_mode)) return put_.skip(path, info.st_mode);
    put_.put_file(path, place_in(above_.back(), name));
  }
  void failed(const std::string& path, const Status& status) override { put_.session_.fail(path, status); }
  bool stop() override { return put_.job_.interrupted(); }

 private:
  Put& put_;
  std::vector<InodeId> above_;  // the swarm's directories down to the present one
};

void Put::put_tree(const CopyItem& item, InodeId parent) {
  InodeId top = parent;
  if (std::string name = base_name(item.target); !name.empty()) {
    struct stat info {};
    if (::stat(item.source.c_str(), &info) != 0)
      return session_.fail(item.source, local_fault(errno, "stat"));
    NewDirectory directory{
        .mode = info.st_mode & 07777U, .uid = ::geteuid(), .gid = ::getegid(), .parents = true};
    Result<Attributes> made = client_->make_directory(place_in(parent, name), directory);
    if (!made.ok()) return session_.fail(item.source, made.status());
    top = made->inode;
  }
  TreePut visitor(*this, top);
  walk_local(item.source, options_.follow, visitor);
}

std::thread Put::count(const std::vector<CopyItem>& items) {
  if (!session_.streams().err_is_terminal) return {};
  return std::thread([this, items] {
    Counter counter(job_);
    for (const CopyItem& item : items) {
      struct stat info {};
      if (item.directory) {
        walk_local(item.source, options_.follow, counter);
      } else if (::stat(item.source.c_str(), &info) == 0) {
        counter.file(item.source, "", info);
      }
    }
    job_.progress().all_found();
  });
}

}  // namespace

void add_put(CommandLine& commands) {
  auto options = std::make_shared<PutOptions>();
  CLI::App& put = commands.add("put", "Put files and directories into the swarm", kPutExamples,
                               [options](Session& session) { return Put(session, *options).run(); });
  put.add_option("paths", options->operands,
                 "local files and directories (- is standard input), then the swarm's path")
      ->required()
      ->expected(2, -1)
      ->type_name("SRC... DEST");
  put.add_option("-j,--jobs", options->jobs, "files at once (32)")->check(CLI::Range(1, 256))->type_name("N");
  put.add_option("--target", options->target, "copies wanted of each file; may be a fraction")
      ->check(CLI::Range(0.0, 1e6))
      ->type_name("N");
  put.add_flag("-p,--parents", options->parents, "make the directories above DEST that are missing");
  put.add_flag("--follow", options->follow, "put what symbolic links below a directory lead to");
  put.add_flag("-n,--no-clobber", options->no_clobber, "leave files that are there as they are");
  put.add_flag("-r,--recursive", options->recursive, "put directories (they always are)");
}

}  // namespace fsdfs::client
