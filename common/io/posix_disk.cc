#include "common/io/posix_disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>

#include "common/io/files.h"

namespace fsdfs {
namespace {

// Calls until it is not interrupted.
template <typename Call>
auto uninterrupted(Call call) {
  while (true) {
    auto result = call();
    if (result != -1 || errno != EINTR) return result;
  }
}

Status done(int result, const char* verb, const std::string& path) {
  return result == 0 ? Status() : status_from_errno(errno, std::string(verb) + " " + path);
}

FileType type_of(mode_t mode) {
  if (S_ISREG(mode)) return FileType::kRegular;
  if (S_ISDIR(mode)) return FileType::kDirectory;
  return S_ISLNK(mode) ? FileType::kSymlink : FileType::kOther;
}

FileStat to_file_stat(const struct stat& stat) {
  FileStat result;
  result.type = type_of(stat.st_mode);
  result.size = static_cast<uint64_t>(stat.st_size);
  result.allocated_bytes = static_cast<uint64_t>(stat.st_blocks) * 512;
  result.mode = stat.st_mode & 07777;
  result.links = stat.st_nlink;
  result.device = stat.st_dev;
  result.inode = stat.st_ino;
  result.modified =
      WallTime(std::chrono::seconds(stat.st_mtim.tv_sec) + std::chrono::nanoseconds(stat.st_mtim.tv_nsec));
  return result;
}

// One open descriptor. Its calls are as thread-safe as the kernel's; close() excludes all others.
class PosixFile final : public DiskFile {
 public:
  PosixFile(std::string path, UniqueFd fd) : path_(std::move(path)), fd_(std::move(fd)) {}

  const std::string& path() const override { return path_; }
  int descriptor() const override { return fd_.get(); }

  Result<size_t> pread(std::span<char> into, uint64_t offset) override {
    FSDFS_TRY(check_open());
    size_t filled = 0;
    while (filled < into.size()) {
      ssize_t count = uninterrupted([&] {
        return ::pread(fd_.get(), into.data() + filled, into.size() - filled,
                       static_cast<off_t>(offset + filled));
      });
      if (count < 0) return failed("read");
      if (count == 0) break;
      filled += static_cast<size_t>(count);
    }
    return filled;
  }

  Status pwrite(std::string_view bytes, uint64_t offset) override {
    FSDFS_TRY(check_open());
    while (!bytes.empty()) {
      ssize_t count = uninterrupted(
          [&] { return ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
      if (count < 0) return failed("write");
      bytes.remove_prefix(static_cast<size_t>(count));
      offset += static_cast<uint64_t>(count);
    }
    return Status();
  }

  Status append(std::string_view bytes) override {
    FSDFS_ASSIGN(uint64_t end, size());
    return pwrite(bytes, end);
  }

  Status sync() override {
    return synced([this] { return ::fsync(fd_.get()); });
  }
  Status sync_data() override {
    return synced([this] { return ::fdatasync(fd_.get()); });
  }

  void start_writeback(uint64_t offset, uint64_t length) override {
    if (!fd_.valid()) return;
    (void)::sync_file_range(fd_.get(), static_cast<off64_t>(offset), static_cast<off64_t>(length),
                            SYNC_FILE_RANGE_WRITE);
  }

  void forget_cached(uint64_t offset, uint64_t length) override {
    if (!fd_.valid()) return;
    (void)::posix_fadvise(fd_.get(), static_cast<off_t>(offset), static_cast<off_t>(length),
                          POSIX_FADV_DONTNEED);
  }

  Status truncate(uint64_t new_size) override {
    FSDFS_TRY(check_open());
    return done(uninterrupted([&] { return ::ftruncate(fd_.get(), static_cast<off_t>(new_size)); }),
                "truncate", path_);
  }

  Result<uint64_t> size() override {
    FSDFS_ASSIGN(FileStat found, stat());
    return found.size;
  }

  Result<FileStat> stat() override {
    FSDFS_TRY(check_open());
    struct stat found = {};
    if (::fstat(fd_.get(), &found) != 0) return failed("stat");
    return to_file_stat(found);
  }

  Status punch_hole(uint64_t offset, uint64_t length) override {
    FSDFS_ASSIGN(uint64_t end, size());
    if (offset >= end || length == 0) return Status();
    length = std::min(length, end - offset);
    int result = uninterrupted([&] {
      return ::fallocate(fd_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
                         static_cast<off_t>(length));
    });
    if (result == 0) return Status();
    return errno == EOPNOTSUPP ? write_zeroes(offset, length) : failed("punch a hole in");
  }

  Result<uint64_t> next_data(uint64_t offset) override { return seek(offset, SEEK_DATA); }
  Result<uint64_t> next_hole(uint64_t offset) override { return seek(offset, SEEK_HOLE); }

  Status clone_from(DiskFile& source) override {
    FSDFS_TRY(check_open());
    if (uninterrupted([&] { return ::ioctl(fd_.get(), FICLONE, source.descriptor()); }) == 0) return Status();
    if (errno == EOPNOTSUPP || errno == EXDEV || errno == EINVAL || errno == ENOTTY) {
      return {Code::kUnimplemented, "the filesystem cannot share the blocks of " + source.path()};
    }
    return failed("clone into");
  }

  Status close() override {
    if (!fd_.valid()) return Status();
    // After EINTR Linux has closed the descriptor all the same: trying again could close somebody else's.
    if (::close(fd_.release()) == 0 || errno == EINTR) return Status();
    return failed("close");
  }

 private:
  Status check_open() const {
    return fd_.valid() ? Status() : failed_precondition(path_ + " was closed already");
  }
  Status failed(const char* verb) const { return status_from_errno(errno, std::string(verb) + " " + path_); }

  template <typename Call>
  Status synced(Call call) {
    FSDFS_TRY(check_open());
    if (int error = failed_sync_.load(); error != 0) {
      return status_from_errno(error, "an earlier fsync failed, so what was written may be gone: " + path_);
    }
    if (uninterrupted(call) == 0) return Status();
    failed_sync_.store(errno);
    return failed("fsync");
  }

  Status write_zeroes(uint64_t offset, uint64_t length) {
    const std::string zeroes(static_cast<size_t>(std::min<uint64_t>(length, 1 << 20)), '\0');
    while (length > 0) {
      auto portion = std::min<uint64_t>(length, zeroes.size());
      FSDFS_TRY(pwrite(std::string_view(zeroes).substr(0, static_cast<size_t>(portion)), offset));
      offset += portion;
      length -= portion;
    }
    return Status();
  }

  Result<uint64_t> seek(uint64_t offset, int whence) {
    FSDFS_ASSIGN(uint64_t end, size());
    if (offset >= end) return end;
    off_t found = ::lseek(fd_.get(), static_cast<off_t>(offset), whence);
    if (found >= 0) return static_cast<uint64_t>(found);
    if (errno == ENXIO) return end;
    if (errno == EINVAL) return whence == SEEK_DATA ? offset : end;  // the filesystem knows no holes
    return failed("seek in");
  }

  const std::string path_;
  UniqueFd fd_;
  std::atomic<int> failed_sync_{0};  // the errno of the first fsync that failed
};

class PosixLock final : public DiskLock {
 public:
  explicit PosixLock(UniqueFd fd) : fd_(std::move(fd)) {}

 private:
  UniqueFd fd_;
};

Result<std::unique_ptr<DiskFile>> open_file(const std::string& path, int flags, uint32_t mode) {
  UniqueFd fd(uninterrupted(
      [&] { return ::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, static_cast<mode_t>(mode)); }));
  if (!fd.valid()) {
    return status_from_errno(errno, std::string((flags & O_CREAT) != 0 ? "create " : "open ") + path);
  }
  return std::unique_ptr<DiskFile>(std::make_unique<PosixFile>(path, std::move(fd)));
}

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

FileType entry_type(DIR* directory, const dirent& entry) {
  switch (entry.d_type) {
    case DT_REG:
      return FileType::kRegular;
    case DT_DIR:
      return FileType::kDirectory;
    case DT_LNK:
      return FileType::kSymlink;
    case DT_UNKNOWN: {
      struct stat found = {};
      int result = ::fstatat(::dirfd(directory), entry.d_name, &found, AT_SYMLINK_NOFOLLOW);
      return result == 0 ? type_of(found.st_mode) : FileType::kOther;
    }
    default:
      return FileType::kOther;
  }
}

}  // namespace

Result<std::unique_ptr<DiskFile>> PosixDisk::open(const std::string& path, Access access) {
  return open_file(path, access == Access::kRead ? O_RDONLY : O_RDWR, 0);
}

Result<std::unique_ptr<DiskFile>> PosixDisk::create(const std::string& path, uint32_t mode) {
  return open_file(path, O_RDWR | O_CREAT | O_EXCL, mode);
}

Status PosixDisk::rename(const std::string& from, const std::string& to) {
  return done(::rename(from.c_str(), to.c_str()), "rename", from + " to " + to);
}

Status PosixDisk::link(const std::string& from, const std::string& to) {
  return done(::link(from.c_str(), to.c_str()), "link", from + " to " + to);
}

Status PosixDisk::unlink(const std::string& path) {
  return done(::unlink(path.c_str()), "unlink", path);
}

Status PosixDisk::make_directory(const std::string& path, uint32_t mode) {
  return done(::mkdir(path.c_str(), static_cast<mode_t>(mode)), "mkdir", path);
}

Status PosixDisk::remove_directory(const std::string& path) {
  return done(::rmdir(path.c_str()), "rmdir", path);
}

Status PosixDisk::sync_directory(const std::string& path) {
  UniqueFd fd(uninterrupted([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
  if (!fd.valid()) return status_from_errno(errno, "open directory " + path);
  return done(uninterrupted([&] { return ::fsync(fd.get()); }), "fsync directory", path);
}

Status PosixDisk::list(const std::string& path, const std::function<bool(const DirectoryEntry&)>& visit) {
  std::unique_ptr<DIR, CloseDirectory> directory(::opendir(path.c_str()));
  if (directory == nullptr) return status_from_errno(errno, "open directory " + path);
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(directory.get());
    if (entry == nullptr) return done(errno == 0 ? 0 : -1, "read directory", path);
    std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (!visit({name, entry_type(directory.get(), *entry)})) return Status();
  }
}

Result<FileStat> PosixDisk::stat(const std::string& path) {
  struct stat found = {};
  if (::lstat(path.c_str(), &found) != 0) return status_from_errno(errno, "stat " + path);
  return to_file_stat(found);
}

Result<DiskSpace> PosixDisk::space(const std::string& path) {
  struct statvfs found = {};
  if (uninterrupted([&] { return ::statvfs(path.c_str(), &found); }) != 0) {
    return status_from_errno(errno, "statvfs " + path);
  }
  return DiskSpace{found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize};
}

Result<std::unique_ptr<DiskLock>> PosixDisk::lock(const std::string& path) {
  UniqueFd fd(
      uninterrupted([&] { return ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640); }));
  if (!fd.valid()) return status_from_errno(errno, "open " + path);
  if (uninterrupted([&] { return ::flock(fd.get(), LOCK_EX | LOCK_NB); }) != 0) {
    if (errno != EWOULDBLOCK) return status_from_errno(errno, "lock " + path);
    return failed_precondition(path + " is locked: another process is using it");
  }
  return std::unique_ptr<DiskLock>(std::make_unique<PosixLock>(std::move(fd)));
}

}  // namespace fsdfs
