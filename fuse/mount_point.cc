#include "fuse/mount_point.h"

#include <dirent.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>

#include "common/io/files.h"

namespace fsdfs::fuse {

namespace {

constexpr int kStackedMountsMax = 16;  // dead mounts taken away at one path

// "\040" and its like stand for what would break a line of mountinfo.
std::string unescape(std::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    auto octal = [&](size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '7'; };
    if (text[i] == '\\' && octal(i + 1) && octal(i + 2) && octal(i + 3)) {
      int value = (text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0');
      result.push_back(static_cast<char>(value));
      i += 3;
    } else {
      result.push_back(text[i]);
    }
  }
  return result;
}

std::optional<std::string> real_path(const std::string& path) {
  std::unique_ptr<char, decltype(&std::free)> resolved(::realpath(path.c_str(), nullptr), &std::free);
  if (resolved == nullptr) return std::nullopt;
  return std::string(resolved.get());
}

// As realpath(3), which cannot look into a dead mount: then all but the last name is resolved.
Result<std::string> resolve(std::string path) {
  if (auto resolved = real_path(path)) return *resolved;
  if (errno != ENOTCONN) return status_from_errno(errno, "mount point " + path);
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  auto parent = real_path(parent_directory(path));
  if (!parent) return status_from_errno(errno, "mount point " + path);
  std::string name = path.substr(path.find_last_of('/') + 1);
  return (*parent == "/" ? "" : *parent) + "/" + name;
}

struct DirectoryCloser {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

bool is_empty_directory(const std::string& path) {
  std::unique_ptr<DIR, DirectoryCloser> directory(::opendir(path.c_str()));
  if (directory == nullptr) return true;
  while (const dirent* entry = ::readdir(directory.get())) {
    std::string_view name = entry->d_name;
    if (name != "." && name != "..") return false;
  }
  return true;
}

Status run_fusermount(const std::string& path) {
  std::string program = "fusermount3", unmount = "-u", lazily = "-z", separator = "--", target = path;
  std::array<char*, 6> arguments = {program.data(),   unmount.data(), lazily.data(),
                                    separator.data(), target.data(),  nullptr};
  pid_t child = 0;
  if (int error = ::posix_spawnp(&child, program.c_str(), nullptr, nullptr, arguments.data(), environ);
      error != 0) {
    return status_from_errno(error, "cannot run fusermount3 (package fuse3) to unmount " + path);
  }
  int state = 0;
  while (::waitpid(child, &state, 0) < 0) {
    if (errno != EINTR) return status_from_errno(errno, "waiting for fusermount3");
  }
  if (WIFEXITED(state) && WEXITSTATUS(state) == 0) return {};
  return failed_precondition("fusermount3 could not unmount " + path + "; try it as root: umount -l " + path);
}

Status mounted_already(const MountInfo& mount) {
  return already_exists(mount.source + " is mounted at " + mount.path +
                        " already: use it, or unmount it first with umount " + mount.path);
}

// Takes dead mounts of ours away from `path`; a living one is an error. statfs tells them apart, for unlike
// stat the kernel never answers it from what it remembers of the mount.
Status clear_dead_mounts(const std::string& path, std::vector<std::string>& warnings) {
  for (int i = 0; i < kStackedMountsMax; ++i) {
    auto mount = mount_at(current_mounts(), path);
    if (!mount || mount->type != kMountType) return {};
    struct statvfs ignored {};
    if (::statvfs(path.c_str(), &ignored) == 0 || errno != ENOTCONN) return mounted_already(*mount);
    FSDFS_TRY(detach_mount(path));
    warnings.push_back("took away the dead mount of " + mount->source + " at " + mount->path);
  }
  return failed_precondition("mount point " + path +
                             " is buried under dead mounts: unmount them with umount -l " + path);
}

}  // namespace

std::vector<MountInfo> parse_mount_info(std::string_view text) {
  std::vector<MountInfo> mounts;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    // ID PARENT MAJOR:MINOR ROOT PATH OPTIONS [TAG...] - TYPE SOURCE SUPEROPTIONS
    std::istringstream fields(line);
    std::string id, parent, root, options, field;
    MountInfo mount;
    fields >> id >> parent >> mount.device >> root >> mount.path >> options;
    while (fields >> field && field != "-") {
    }
    if (!(fields >> mount.type >> mount.source)) continue;
    mount.path = unescape(mount.path);
    mount.source = unescape(mount.source);
    mounts.push_back(std::move(mount));
  }
  return mounts;
}

std::optional<MountInfo> mount_at(const std::vector<MountInfo>& mounts, std::string_view path) {
  for (auto mount = mounts.rbegin(); mount != mounts.rend(); ++mount) {
    if (mount->path == path) return *mount;
  }
  return std::nullopt;
}

std::vector<MountInfo> current_mounts() {
  std::ifstream file("/proc/self/mountinfo", std::ios::binary);
  return parse_mount_info(std::string(std::istreambuf_iterator<char>(file), {}));
}

Result<MountPoint> prepare_mount_point(const std::string& path) {
  if (path.empty()) return invalid_argument("no mount point given: fsdfs mount DIR");
  MountPoint point;
  FSDFS_ASSIGN(point.path, resolve(path));
  FSDFS_TRY(clear_dead_mounts(point.path, point.warnings));
  struct stat found {};
  if (::stat(point.path.c_str(), &found) != 0) {
    int error = errno;
    Status status = status_from_errno(error, "mount point " + point.path);
    if (error != ENOTCONN) return status;
    return failed_precondition(status.message() + ": it lies on a dead mount; take that away with umount -l");
  }
  if (!S_ISDIR(found.st_mode)) {
    return failed_precondition("mount point " + point.path + " is not a directory: make one with mkdir",
                               Reason::kNotDirectory);
  }
  if (!is_empty_directory(point.path)) {
    point.warnings.push_back("mount point " + point.path + " is not empty: the mount hides what is in it");
  }
  return point;
}

Status detach_mount(const std::string& path) {
  if (::umount2(path.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0) return {};
  if (errno != EPERM) return status_from_errno(errno, "unmount " + path);
  return run_fusermount(path);
}

Status check_fuse_device() {
  static constexpr const char* kDevice = "/dev/fuse";
  struct stat found {};
  if (::stat(kDevice, &found) != 0) {
    return failed_precondition(
        "there is no /dev/fuse: load the kernel's module with modprobe fuse; in a container, allow the "
        "device");
  }
  UniqueFd device(::open(kDevice, O_RDWR | O_CLOEXEC));
  if (device.valid()) return {};
  if (errno == EACCES || errno == EPERM) {
    return permission_denied(
        "/dev/fuse may not be opened by this user: mount as root, or ask for access to it");
  }
  return status_from_errno(errno, "cannot open /dev/fuse");
}

}  // namespace fsdfs::fuse
