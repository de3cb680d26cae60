// FileSystem: what each call into the mount does, in plain values. The kernel's protocol stays in
// fuse/adapter.
//
// Thread-safe: the adapter's threads call it side by side. No lock is held across a call to the swarm, save
// that of one open directory. Every call ends within the swarm's deadline (invariant 8) with a value or a
// Status that errno_from_status turns into what the application sees:
// - a file that vanished between the lookup and its use is kStaleVersion (ESTALE), upon which the kernel
// looks the
//   name up once more by itself, so that a file replaced by rename is never reported missing;
// - a version that no holder can give any more is kStaleVersion as well;
// - a swarm that cannot be reached in time is EIO.
//
// Close-to-open: open() asks the master for the current version, and lets the kernel keep cached pages only
// if they are of that very version. An open file reads the version that it was opened at to its end.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "client/types.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/status.h"
#include "fuse/directory_reader.h"
#include "fuse/handle_table.h"
#include "fuse/inode_table.h"
#include "fuse/swarm.h"

namespace fsdfs::fuse {

struct OpenedHandle {
  uint64_t handle = 0;
  bool keep_cache = false;  // the pages that the kernel has are of this version
};

// What statfs(2) tells, in bytes: space for files kept at the default target. What holds surplus copies is
// free.
struct Space {
  uint64_t total = 0;
  uint64_t free = 0;
  uint64_t files = 0;
};
Space space_of(const client::SwarmStatus& status);

class FileSystem {
 public:
  // `swarm`, `clock` and `logger` outlive this.
  FileSystem(Swarm& swarm, const Clock& clock, Logger& logger)
      : swarm_(swarm), log_(logger, clock, std::chrono::seconds(10)) {}

  // The kernel counts a success; forget() gives back what it counted.
  Result<Entry> lookup(NodeNumber parent, std::string_view name);
  void forget(NodeNumber node, uint64_t lookups) { inodes_.forget(node, lookups); }

  // `of_open_file`: asked for a file that the caller has open; answered without the swarm.
  Result<client::Attributes> attributes(NodeNumber node, bool of_open_file);
  Result<std::string> read_link(NodeNumber node);

  Result<OpenedHandle> open(NodeNumber node);
  // Bytes read; fewer than out.size() only at the end of the file.
  Result<size_t> read(uint64_t handle, uint64_t offset, std::span<std::byte> out);
  void release(uint64_t handle);

  Result<uint64_t> open_directory(NodeNumber node);
  Status read_directory(uint64_t handle, uint64_t offset,
                        const std::function<bool(const DirectoryItem&)>& take);
  // The same, where each entry taken counts as a lookup. `entry` is null for "." and "..".
  using TakeEntry = std::function<bool(const DirectoryItem&, const Entry* entry)>;
  Status read_directory_entries(uint64_t handle, uint64_t offset, const TakeEntry& take);
  void release_directory(uint64_t handle) { directories_.remove(handle); }

  Result<Space> space();
  Result<std::string> extended_attribute(NodeNumber node, std::string_view name);
  Result<std::vector<std::string>> extended_attribute_names(NodeNumber node);

 private:
  struct OpenFile {
    NodeNumber node;
    std::unique_ptr<OpenContent> content;
    std::atomic<bool> confirmed{false};  // the kernel has acted on the open
  };

  void confirm(OpenFile& file);
  // Logs what an operator should know of; gives back the status.
  Status noted(std::string_view operation, Status status);

  Swarm& swarm_;
  RateLimitedLog log_;
  InodeTable inodes_;
  HandleTable<OpenFile> files_;
  HandleTable<DirectoryReader> directories_;
};

}  // namespace fsdfs::fuse
