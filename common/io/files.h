// Whole small files, and the ownership of a descriptor. For identity files, passwords, configuration and the
// like; content of replicas goes through Disk directly.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "common/io/disk.h"
#include "common/status.h"

namespace fsdfs {

// Owns a file descriptor; closes it, ignoring the result. Not thread-safe.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  ~UniqueFd() { reset(); }
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1);

 private:
  int fd_ = -1;
};

// The directory that holds `path`: "/a/b" -> "/a", "/a" -> "/", "a" -> ".".
std::string parent_directory(std::string_view path);

// kNotFound when missing; kResourceExhausted when it has more than `bytes_max` bytes, naming file and bound.
Result<std::string> read_whole_file(Disk& disk, const std::string& path, uint64_t bytes_max);

// A file that the operator named (a password, a configuration): follows links, and reads a pipe to its end.
struct HostFile {
  std::string bytes;
  uint32_t mode = 0;     // permission bits
  bool regular = false;  // not a pipe or device
};
Result<HostFile> read_host_file(const std::string& path, uint64_t bytes_max);

// After ok the file holds `bytes` and survives a power cut; after an error or a crash it is the old or the
// new one, never between. Goes through PATH.tmp, which is replaced if an earlier crash left one: one writer
// at a time.
Status write_file_atomically(Disk& disk, const std::string& path, std::string_view bytes, uint32_t mode);

// Makes `path` and the directories above it that are missing, each synced into its parent.
Status make_directories(Disk& disk, const std::string& path, uint32_t mode);

// Removes a file or a directory with all below it. What is not there is fine. Not durable until a
// sync_directory.
Status remove_tree(Disk& disk, const std::string& path);

}  // namespace fsdfs
