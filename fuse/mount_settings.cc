#include "fuse/mount_settings.h"

namespace fsdfs::fuse {

void declare(SettingsRegistry& registry, MountSettings& settings) {
  using std::chrono::milliseconds;
  using std::chrono::minutes;
  registry.text(
      "cache", settings.cache,
      "strict: names and attributes are always asked of the master; relaxed: the kernel uses them for "
      "mount.cache_time",
      {"strict", "relaxed"});
  registry.duration("mount.cache_time", settings.cache_time, {milliseconds(1), minutes(10)},
                    "how long the kernel uses what it was told with cache=relaxed");
  registry.integer("mount.threads", settings.threads, {2, 1024},
                   "calls into the mount answered at the same time");
  registry.integer("mount.idle_threads", settings.idle_threads, {1, 1024},
                   "threads of the mount kept for the next calls");
  registry.size("mount.read_ahead", settings.read_ahead, {4 * kKiB, 64 * kMiB},
                "what the kernel reads ahead of a sequential reader; needs a mount made by root");
}

}  // namespace fsdfs::fuse
