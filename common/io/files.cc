#include "common/io/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace fsdfs {
namespace {

constexpr size_t kReadPortion = size_t{64} * 1024;
constexpr size_t kRemoveBatch = 1000;  // names held in memory at once while a directory is emptied

Status too_big(const std::string& path, uint64_t bytes_max) {
  return {Code::kResourceExhausted,
          path + " has more than the " + std::to_string(bytes_max) + " bytes that are read from it"};
}

Status stage_file(Disk& disk, const std::string& stage, std::string_view bytes, uint32_t mode) {
  FSDFS_ASSIGN(auto file, disk.create(stage, mode));
  FSDFS_TRY(file->append(bytes));
  FSDFS_TRY(file->sync());
  return file->close();
}

// Removes up to kRemoveBatch entries of a directory; the number of those that it found.
Result<size_t> remove_some_entries(Disk& disk, const std::string& directory) {
  std::vector<std::string> names;
  FSDFS_TRY(disk.list(directory, [&](const DirectoryEntry& entry) {
    names.emplace_back(entry.name);
    return names.size() < kRemoveBatch;
  }));
  for (const std::string& name : names)
    FSDFS_TRY(remove_tree(disk, std::string(directory).append("/").append(name)));
  return names.size();
}

}  // namespace

void UniqueFd::reset(int fd) {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

std::string parent_directory(std::string_view path) {
  size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return slash == 0 ? "/" : std::string(path.substr(0, slash));
}

Result<std::string> read_whole_file(Disk& disk, const std::string& path, uint64_t bytes_max) {
  FSDFS_ASSIGN(auto file, disk.open(path, Disk::Access::kRead));
  FSDFS_ASSIGN(uint64_t size, file->size());
  if (size > bytes_max) return too_big(path, bytes_max);
  std::string bytes(size, '\0');
  FSDFS_ASSIGN(size_t count, file->pread(bytes, 0));
  bytes.resize(count);
  return bytes;
}

Result<HostFile> read_host_file(const std::string& path, uint64_t bytes_max) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return status_from_errno(errno, "open " + path);
  struct stat stat = {};
  if (::fstat(fd.get(), &stat) != 0) return status_from_errno(errno, "stat " + path);
  HostFile file;
  file.regular = S_ISREG(stat.st_mode);
  file.mode = stat.st_mode & 07777;
  while (file.bytes.size() <= bytes_max) {
    size_t before = file.bytes.size();
    file.bytes.resize(before + kReadPortion);
    ssize_t count = ::read(fd.get(), file.bytes.data() + before, kReadPortion);
    int error = errno;
    file.bytes.resize(before + static_cast<size_t>(std::max<ssize_t>(count, 0)));
    if (count == 0) return file;
    if (count < 0 && error != EINTR) return status_from_errno(error, "read " + path);
  }
  return too_big(path, bytes_max);
}

Status write_file_atomically(Disk& disk, const std::string& path, std::string_view bytes, uint32_t mode) {
  const std::string stage = path + ".tmp";
  if (Status status = disk.unlink(stage); !status.ok() && status.code() != Code::kNotFound) return status;
  Status status = stage_file(disk, stage, bytes, mode);
  if (status.ok()) status = disk.rename(stage, path);
  if (!status.ok()) {
    (void)disk.unlink(stage);  // the first failure is the one to tell
    return status;
  }
  return disk.sync_directory(parent_directory(path));
}

Status make_directories(Disk& disk, const std::string& path, uint32_t mode) {
  auto stat = disk.stat(path);
  if (stat.ok() && stat->type == FileType::kDirectory) return Status();
  if (stat.ok() && stat->type != FileType::kSymlink) {
    return failed_precondition(path + " is there, but not a directory", Reason::kNotDirectory);
  }
  if (stat.ok()) {
    // A link is fine where it leads to a directory; listing follows it and says so.
    return disk.list(path, [](const DirectoryEntry&) { return false; });
  }
  if (stat.status().code() != Code::kNotFound) return stat.status();
  const std::string parent = parent_directory(path);
  FSDFS_TRY(make_directories(disk, parent, mode));
  if (Status status = disk.make_directory(path, mode);
      !status.ok() && status.code() != Code::kAlreadyExists) {
    return status;
  }
  return disk.sync_directory(parent);
}

Status remove_tree(Disk& disk, const std::string& path) {
  auto stat = disk.stat(path);
  if (!stat.ok()) return stat.status().code() == Code::kNotFound ? Status() : stat.status();
  if (stat->type != FileType::kDirectory) return disk.unlink(path);
  while (true) {
    FSDFS_ASSIGN(size_t found, remove_some_entries(disk, path));
    if (found == 0) return disk.remove_directory(path);
  }
}

}  // namespace fsdfs
