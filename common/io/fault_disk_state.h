// What a FaultDisk remembers: the faults to come, and how to take back what was not synced. Private to
// fault_disk.cc and fault_disk_state.cc.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/io/fault_disk.h"

namespace fsdfs {

// How to take one change of a file's content back: write `old_bytes` at `offset`, then make it `old_size`
// long.
struct Undo {
  uint64_t offset = 0;
  std::string old_bytes;
  uint64_t old_size = 0;
};

// The content of one inode that was changed since its last sync.
struct Unsynced {
  std::vector<Undo> undo;            // oldest first
  std::shared_ptr<DiskFile> writer;  // keeps the inode, and its number, from being used again
  bool sync_failed = false;
};

// A name that is not now what it was at its directory's last sync.
struct ChangedName {
  FileType was = FileType::kOther;  // meaningful with `existed`
  bool existed = false;
  std::string attic_path;  // where a file that existed waits; empty for a directory
  uint64_t inode = 0;      // of that file
};

// What every call gets while the power is off.
inline Status power_is_off(const std::string& path) {
  return unavailable("the power was cut: " + path);
}

// Every method is called with `mutex` held.
class FaultDisk::State {
 public:
  State(Disk& wrapped, std::string attic_directory) : base(wrapped), attic(std::move(attic_directory)) {}

  // Counts the call and says which fault befalls it; fails with that of an error, and while the power is off.
  Result<std::optional<Fault>> begin(DiskOp op, const std::string& path, const std::string& other = {});

  // Before a file's bytes in this range change.
  Status note_bytes(const std::shared_ptr<DiskFile>& file, uint64_t inode, uint64_t offset, uint64_t length);
  // The inode's bytes are now safe.
  void synced(uint64_t inode);

  // Before a name changes. True: the change is new and must be forgotten when the operation fails.
  Result<bool> note_name(const std::string& path);
  // The name is safe as it is now.
  Status forget_name(const std::string& path);
  // How many of an inode's links are in the attic.
  uint64_t attic_links(uint64_t inode) const;

  Status cut(PowerCut what);

  Disk& base;
  const std::string attic;
  std::mutex mutex;
  // All below are guarded by mutex.
  bool off = false;
  uint64_t power_cuts = 0;
  std::vector<std::pair<Fault, uint64_t>> faults;  // and how many calls each has matched
  std::map<DiskOp, uint64_t> calls;
  std::optional<uint64_t> free_bytes;
  std::map<std::string, ChangedName> names;  // by path, so that a parent comes before its children
  std::map<uint64_t, Unsynced> files;        // by inode

 private:
  Status restore_bytes(Unsynced& file);
  Status restore_names();

  uint64_t next_attic_ = 0;
};

}  // namespace fsdfs
