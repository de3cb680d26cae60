// Swarm: what the mount needs of a swarm, and nothing more.
//
// FileSystem and DirectoryReader are written against this, so that they can be tested without one. The real
// one is ClientSwarm (fuse/client_swarm.h). Implementations are thread-safe, and every call ends within the
// mount's deadline with a value or a Status (invariant 8).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "client/types.h"
#include "common/ids.h"
#include "common/status.h"

namespace fsdfs::fuse {

// One version of one file, open for reading.
class OpenContent {
 public:
  virtual ~OpenContent() = default;
  // As they were at the open.
  virtual const client::Attributes& attributes() const = 0;
  // Bytes read; fewer than out.size() only at the end. kStaleVersion when this version can no longer be read.
  // Thread-safe.
  virtual Result<size_t> read(uint64_t offset, std::span<std::byte> out) = 0;
};

class Swarm {
 public:
  virtual ~Swarm() = default;

  virtual Result<client::Attributes> lookup(InodeId parent, std::string_view name) = 0;
  // The attributes now; kNotFound when the inode is no more.
  virtual Result<client::Attributes> attributes(InodeId inode) = 0;
  // The entries behind the cookie `after` (0: from the start), at most `limit`.
  virtual Result<client::DirectoryPage> read_directory(InodeId directory, uint64_t after, uint32_t limit) = 0;
  virtual Result<client::FileStat> stat(InodeId inode) = 0;
  // The version that is current now: asked of the master each time, which is what close-to-open rests on.
  virtual Result<std::unique_ptr<OpenContent>> open(InodeId inode) = 0;
  virtual Result<client::SwarmStatus> status() = 0;
};

}  // namespace fsdfs::fuse
