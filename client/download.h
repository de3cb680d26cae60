// download: brings one file of the swarm to a local path, or to an open descriptor.
//
// Used by `get` and `cat`. To a path: the bytes gather in a part beside the target, whose name tells inode
// and version, and are renamed over it at the end, so the target is the old file or the whole new one. A
// part left by an earlier download of the same version is gone on with. The whole file's digest is checked
// before the rename, which also finds what a crash did to a part. Nothing is synced: the swarm has it.
// One download is run by one thread; several run side by side, to different targets.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "client/swarm_client.h"
#include "client/types.h"
#include "common/status.h"

namespace fsdfs::client {

struct DownloadOptions {
  // Told of bytes as they are written, those that a part already had at once; negative when it starts over.
  std::function<void(int64_t bytes)> on_progress;
  // Asked between pieces of 1 MiB; true: stop, with kCancelled.
  std::function<bool()> cancelled;
};

struct DownloadResult {
  Attributes attributes;
  uint64_t resumed_bytes = 0;  // that an earlier download had left
};

// The part's path for this target and version.
std::string part_path(const std::string& target, const Attributes& attributes);

// The target gets the mode and the time of modification that the file has in the swarm. A download that fails
// leaves its part to be gone on with, unless nothing is in it. Content that changes meanwhile is fetched
// anew.
Result<DownloadResult> download_to_path(SwarmClient& client, const Place& place, const std::string& target,
                                        const DownloadOptions& options);

// To a descriptor that is written from start to end. kAborted with kStaleVersion when the content changes
// after the first byte was written.
Result<DownloadResult> download_to_descriptor(SwarmClient& client, const Place& place, int descriptor,
                                              const DownloadOptions& options);

}  // namespace fsdfs::client
