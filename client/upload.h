// upload: gives one file its whole new content: session, chain, receipts, commit.
//
// Used by `put` and, from a later issue on, by the mount. Until it returned ok nothing of it is visible (a
// put is old or new, never between); when it returned ok, the content is synced on synced_copies nodes and
// the commit is made (invariant 6).
//
// A failed chain, a lost session or a master that is away lead to another try with a new session that
// avoids the nodes at fault, as long as the source can go back to its start and the last progress is less
// than options.deadline ago. What no other try can cure (no room, no such directory, not allowed) is
// returned at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "client/swarm_client.h"
#include "client/types.h"
#include "common/status.h"

namespace fsdfs::client {

// Where the bytes come from. Used by one thread at a time.
class ContentSource {
 public:
  virtual ~ContentSource() = default;
  // Fills `out` from the current position; fewer bytes only at the end of the content, 0 at it.
  virtual Result<size_t> read(std::span<std::byte> out) = 0;
  // Back to the start; false: that cannot be done (a pipe that has been read too far).
  virtual bool rewind() = 0;
  // Bytes in all, where that is known. A file that grows or shrinks meanwhile is put as it is read.
  virtual std::optional<uint64_t> size() const = 0;
};

struct UploadOptions {
  uint32_t mode = 0644;  // for a file that this makes, as uid and gid
  uint32_t uid = 0;
  uint32_t gid = 0;
  std::optional<double> target;      // N; unset: as it is, or the swarm's default
  bool no_replace = false;           // kAlreadyExists when the name is taken
  std::optional<FileTime> modified;  // unset: now
  // Told of bytes that the whole chain has; negative when a try begins anew. In the thread of upload().
  std::function<void(int64_t bytes)> on_progress;
};

struct UploadResult {
  Attributes attributes;
  uint32_t synced_copies = 0;
  uint32_t wanted_copies = 0;  // more than synced_copies: fewer nodes than sync_copies took it
};

// Thread-safe; `client` outlives the call.
Result<UploadResult> upload(SwarmClient& client, const Place& place, ContentSource& source,
                            const UploadOptions& options);

}  // namespace fsdfs::client
