// Small filesystems of a test, mounted for as long as the object lives. Not thread-safe.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "common/status.h"

namespace fsdfs::testing {

// A tool of the system, found on the PATH; what it printed.
Result<std::string> run_tool(std::vector<std::string> arguments);

// A directory for the mounts and data directories of a test, outside the swarm's own. It goes with what lies
// in it, so it outlives the mounts.
class Place {
 public:
  Place();
  ~Place();
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

// Why nothing can be mounted here, or these devices not be used, for a test to skip with; empty: it can.
std::string missing_for_mounts(const std::vector<std::string>& devices = {});

class Mount {
 public:
  // In memory, of this many MiB, at `path`, which is made.
  static Result<std::unique_ptr<Mount>> tmpfs(const std::string& path, int mib);
  // ext4 on a loop device over the file PATH.img, set to turn read-only at its first error. kUnimplemented:
  // the kernel offers no way to cause one.
  static Result<std::unique_ptr<Mount>> ext4(const std::string& path, int mib);
  ~Mount();  // unmounts it, even while it is in use
  Mount(const Mount&) = delete;
  Mount& operator=(const Mount&) = delete;

  const std::string& path() const { return path_; }
  // An error in the filesystem's own structures, as a bad disk makes it: it turns read-only under whoever
  // writes. Of ext4 only.
  Status turn_read_only() const;

 private:
  Mount(std::string path, std::string loop) : path_(std::move(path)), loop_(std::move(loop)) {}
  const std::string path_;
  const std::string loop_;  // the device; empty: none
};

}  // namespace fsdfs::testing
