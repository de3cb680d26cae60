// The place where a swarm is to be mounted: what must be so before, and how a mount leaves it.
//
// Used by the mount command, in one thread. The functions that look at the system never wait on a mount of
// ours that is dead, as one is after kill -9 of its process: such a mount is told apart by ENOTCONN and taken
// away.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"

namespace fsdfs::fuse {

// As the kernel shows our mounts, by "subtype=fsdfs".
inline constexpr std::string_view kMountType = "fuse.fsdfs";

// One line of /proc/self/mountinfo.
struct MountInfo {
  std::string device;  // MAJOR:MINOR
  std::string path;    // where it is mounted
  std::string type;
  std::string source;
};

// In the file's order: of two at one path the later one hides the earlier. Lines that are not understood are
// left out. Pure.
std::vector<MountInfo> parse_mount_info(std::string_view text);
// The mount that is on top at exactly this path.
std::optional<MountInfo> mount_at(const std::vector<MountInfo>& mounts, std::string_view path);

// Of this process; empty when /proc is not there.
std::vector<MountInfo> current_mounts();

struct MountPoint {
  std::string path;                   // absolute, without symbolic links
  std::vector<std::string> warnings;  // for whoever asked for the mount
};

// Makes sure that `path` can be mounted on, and takes away dead mounts of ours that are in the way. The error
// says what to do: not there, not a directory, a swarm is mounted there already, another filesystem's dead
// mount.
Result<MountPoint> prepare_mount_point(const std::string& path);

// Detaches the mount at `path`, even while it is in use: as root by umount2, else by fusermount3.
Status detach_mount(const std::string& path);

// Whether /dev/fuse can be used here, or what is missing.
Status check_fuse_device();

}  // namespace fsdfs::fuse
