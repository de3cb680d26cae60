#include "fuse/mount_session.h"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <fstream>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "common/units.h"
#include "fuse/adapter.h"
#include "fuse/libfuse.h"
#include "fuse/mount_point.h"

namespace fsdfs::fuse {

namespace {

struct SessionDeleter {
  void operator()(fuse_session* session) const { fuse_session_destroy(session); }
};
struct LoopConfigDeleter {
  void operator()(fuse_loop_config* config) const { fuse_loop_cfg_destroy(config); }
};

// In a list of mount options a comma ends one and a backslash takes its meaning from what follows.
std::string escaped(const std::string& text) {
  std::string result;
  for (char c : text) {
    if (c == ',' || c == '\\') result.push_back('\\');
    result.push_back(c);
  }
  return result;
}

std::string mount_options(const SessionOptions& options) {
  std::string text = "ro,default_permissions,subtype=fsdfs,max_read=" + std::to_string(kReadBytesMax) +
                     ",fsname=fsdfs:" + escaped(options.swarm_name);
  if (options.allow_other) text += ",allow_other";
  return text;
}

// The kernel reads ahead at most what the mount's backing device says, 128 KiB unless told otherwise, and
// only root may. Without it reads are right and slower.
void set_read_ahead(dev_t device, uint64_t bytes) {
  std::string path = "/sys/class/bdi/" + std::to_string(major(device)) + ":" + std::to_string(minor(device)) +
                     "/read_ahead_kb";
  std::ofstream(path) << bytes / kKiB << '\n';
}

}  // namespace

class MountSession::Impl {
 public:
  Impl(const SessionOptions& options, FileSystem& files)
      : options_(options), context_{files, options.settings.kernel_timeout(), [this] { set(connected_); }} {}

  ~Impl() {
    if (mounted_) fuse_session_unmount(session_.get());
    if (helper_.joinable()) helper_.join();
  }

  Status mount() {
    std::vector<std::string> texts = {"fsdfs", "-o", mount_options(options_)};
    std::vector<char*> pointers;
    pointers.reserve(texts.size());
    for (auto& text : texts) pointers.push_back(text.data());
    fuse_args arguments = FUSE_ARGS_INIT(static_cast<int>(pointers.size()), pointers.data());
    fuse_lowlevel_ops operations = adapter_operations();
    session_.reset(fuse_session_new(&arguments, &operations, sizeof operations, &context_));
    fuse_opt_free_args(&arguments);
    if (session_ == nullptr)
      return internal_error("libfuse refused the mount options: " + mount_options(options_));
    if (fuse_session_mount(session_.get(), options_.mount_point.c_str()) != 0) {
      return failed_precondition(
          "cannot mount at " + options_.mount_point +
          ": see the message above; mounting takes root, or fusermount3 (package fuse3)" +
          (options_.allow_other ? " and user_allow_other in /etc/fuse.conf" : ""));
    }
    mounted_ = true;
    return {};
  }

  Status run(const std::function<void()>& ready) {
    std::unique_ptr<fuse_loop_config, LoopConfigDeleter> config(fuse_loop_cfg_create());
    if (config == nullptr) return internal_error("out of memory");
    const auto& settings = options_.settings;
    fuse_loop_cfg_set_clone_fd(config.get(), 1);
    fuse_loop_cfg_set_max_threads(config.get(), static_cast<unsigned>(settings.threads));
    fuse_loop_cfg_set_idle_threads(config.get(),
                                   static_cast<unsigned>(std::min(settings.idle_threads, settings.threads)));
    helper_ = std::thread([this, &ready] { help(ready); });
    int result = fuse_session_loop_mt(session_.get(), config.get());
    set(ended_);
    // Ends what the helper may still wait for in the mount.
    fuse_session_unmount(session_.get());
    mounted_ = false;
    helper_.join();
    if (result >= 0) return {};
    return status_from_errno(-result, "the connection to the kernel of the mount at " + options_.mount_point);
  }

  void stop() { set(stop_); }

 private:
  // Runs beside the loop, and asks the mount what only the loop can answer: first to see that it does, in the
  // end to wake a thread of the loop, which notices that the session is over only between two requests.
  void help(const std::function<void()>& ready) {
    if (!wait_for(connected_)) return;
    struct stat found {};
    if (::stat(options_.mount_point.c_str(), &found) == 0) {
      set_read_ahead(found.st_dev, options_.settings.read_ahead);
    }
    if (ready) ready();
    if (!wait_for(stop_)) return;
    fuse_session_exit(session_.get());
    struct statvfs ignored {};
    [[maybe_unused]] int result = ::statvfs(options_.mount_point.c_str(), &ignored);
  }

  void set(bool& flag) {
    std::lock_guard lock(mutex_);
    flag = true;
    changed_.notify_all();
  }
  // False when the loop ended first.
  bool wait_for(const bool& flag) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return flag || ended_; });
    return flag && !ended_;
  }

  const SessionOptions options_;
  AdapterContext context_;
  std::unique_ptr<fuse_session, SessionDeleter> session_;
  bool mounted_ = false;
  std::thread helper_;

  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_:
  bool connected_ = false;  // the kernel has agreed to speak
  bool stop_ = false;
  bool ended_ = false;  // the loop has
};

MountSession::MountSession(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
MountSession::~MountSession() = default;

Result<std::unique_ptr<MountSession>> MountSession::mount(const SessionOptions& options, FileSystem& files) {
  FSDFS_TRY(check_fuse_device());
  auto impl = std::make_unique<Impl>(options, files);
  FSDFS_TRY(impl->mount());
  return std::unique_ptr<MountSession>(new MountSession(std::move(impl)));
}

Status MountSession::run(const std::function<void()>& ready) {
  return impl_->run(ready);
}

void MountSession::stop() {
  impl_->stop();
}

}  // namespace fsdfs::fuse
