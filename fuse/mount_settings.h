// The mount's own settings. How long a call may take is `deadline` (common/config/swarm_settings.h), which
// the client library keeps.
#pragma once

#include <string>

#include "common/clock.h"
#include "common/config/settings.h"
#include "common/units.h"

namespace fsdfs::fuse {

struct MountSettings {
  // cache: strict asks the master at every use of a name and of a file's attributes, so that what another
  // client did before is always seen. relaxed lets the kernel use names, and the attributes of directories,
  // for cache_time. Files are as fresh either way: every open asks the master, and their attributes are never
  // kept.
  std::string cache = "strict";
  Duration cache_time = std::chrono::seconds(1);  // mount.cache_time
  int threads = 64;                               // mount.threads: calls answered at the same time
  int idle_threads = 16;                          // mount.idle_threads: kept for the next ones
  uint64_t read_ahead = kMiB;                     // mount.read_ahead: of the kernel, for sequential reads

  // How long the kernel may use what it was told without asking.
  Duration kernel_timeout() const { return cache == "relaxed" ? cache_time : Duration::zero(); }
};

// Binds all fields above.
void declare(SettingsRegistry& registry, MountSettings& settings);

}  // namespace fsdfs::fuse
