// Disk: everything that fsdfs does to a node's filesystem, behind an interface, so that power cuts, full
// disks and bad sectors are unit tests (fault_disk.h). The real one is posix_disk.h.
//
// Paths are absolute host paths. A Disk is thread-safe. A DiskFile may be used by several threads at once, as
// a descriptor may; its destructor closes it. Every failure carries the path: "fsync /d/x: Input/output
// error". Codes are those of status_from_errno: kNotFound, kAlreadyExists, kNoSpace, kDataLoss (EIO) and so
// on.
//
// What survives a crash of the machine: bytes of a file after sync() or sync_data() of it returned ok; a name
// (its creation, renaming or removal) after sync_directory() of its directory returned ok. Nothing else.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "common/clock.h"
#include "common/status.h"

namespace fsdfs {

enum class FileType { kRegular, kDirectory, kSymlink, kOther };

struct FileStat {
  FileType type = FileType::kOther;
  uint64_t size = 0;             // bytes
  uint64_t allocated_bytes = 0;  // what it takes on the disk: less than size when sparse
  uint32_t mode = 0;             // permission bits
  uint64_t links = 0;
  uint64_t device = 0;  // device and inode together identify the file on this host
  uint64_t inode = 0;
  WallTime modified;
};

struct DiskSpace {
  uint64_t total_bytes = 0;
  uint64_t free_bytes = 0;  // available to this process, not only to root
};

struct DirectoryEntry {
  std::string_view name;  // valid during the visit; never "." or ".."
  FileType type = FileType::kOther;
};

class DiskFile {
 public:
  virtual ~DiskFile() = default;

  virtual const std::string& path() const = 0;  // the path it was opened by; it may have been renamed since

  // Reads until `into` is full or the file ends; returns the bytes read. Interrupted and short reads go on.
  virtual Result<size_t> pread(std::span<char> into, uint64_t offset) = 0;
  // All of `bytes`, or an error after which any part of them may have been written.
  virtual Status pwrite(std::string_view bytes, uint64_t offset) = 0;
  // Writes at the end. For one writer at a time.
  virtual Status append(std::string_view bytes) = 0;

  // fsync and fdatasync. Once one of them has failed, both fail on this handle for ever: the kernel may have
  // dropped the dirty pages, so a later success would be a lie.
  virtual Status sync() = 0;
  virtual Status sync_data() = 0;
  // Hint: start writing this range back now, so that a later sync has less to do. Never an error, no promise.
  virtual void start_writeback(uint64_t offset, uint64_t length) = 0;

  // Hint: drop what the system keeps of this range (length 0: to the end) in memory, so that the next read
  // asks the disk itself. Never an error, no promise.
  virtual void forget_cached(uint64_t offset, uint64_t length) = 0;

  virtual Status truncate(uint64_t size) = 0;  // grows with zeroes (a hole)
  virtual Result<uint64_t> size() = 0;
  virtual Result<FileStat> stat() = 0;

  // Zeroes the range, giving its blocks back where the filesystem can. Does not change the size.
  virtual Status punch_hole(uint64_t offset, uint64_t length) = 0;
  // The first offset >= `offset` with data or inside a hole (SEEK_DATA, SEEK_HOLE); the file's size when
  // there is none. A filesystem without holes is all data.
  virtual Result<uint64_t> next_data(uint64_t offset) = 0;
  virtual Result<uint64_t> next_hole(uint64_t offset) = 0;
  // Makes this file's content that of `source` by sharing its blocks. kUnimplemented where the filesystem
  // cannot: then the caller copies.
  virtual Status clone_from(DiskFile& source) = 0;

  // The descriptor, to be handed to another process or to sendfile; stays owned by this. -1: there is none.
  virtual int descriptor() const = 0;
  // Closes and tells what close said. Afterwards every other call is kFailedPrecondition. Idempotent.
  virtual Status close() = 0;
};

// Held until destroyed.
class DiskLock {
 public:
  virtual ~DiskLock() = default;
};

class Disk {
 public:
  virtual ~Disk() = default;

  enum class Access { kRead, kReadWrite };
  virtual Result<std::unique_ptr<DiskFile>> open(const std::string& path, Access access) = 0;
  // Makes a new file, open for reading and writing. kAlreadyExists when the name is taken.
  virtual Result<std::unique_ptr<DiskFile>> create(const std::string& path, uint32_t mode) = 0;

  // Replaces `to` if it is there. Both on one filesystem.
  virtual Status rename(const std::string& from, const std::string& to) = 0;
  virtual Status link(const std::string& from, const std::string& to) = 0;  // kAlreadyExists if `to` is there
  virtual Status unlink(const std::string& path) = 0;
  virtual Status make_directory(const std::string& path, uint32_t mode) = 0;
  virtual Status remove_directory(const std::string& path) = 0;
  virtual Status sync_directory(const std::string& path) = 0;

  // Calls `visit` for each entry, in no order, until it returns false. Entries that come or go meanwhile may
  // or may not be seen. Memory stays flat however large the directory is.
  virtual Status list(const std::string& path, const std::function<bool(const DirectoryEntry&)>& visit) = 0;
  virtual Result<FileStat> stat(const std::string& path) = 0;  // does not follow a link
  virtual Result<DiskSpace> space(const std::string& path) = 0;

  // Takes an exclusive lock on the file, which is made if missing; kFailedPrecondition when another process
  // (or this one) holds it. The kernel releases it when the process dies.
  virtual Result<std::unique_ptr<DiskLock>> lock(const std::string& path) = 0;
};

}  // namespace fsdfs
