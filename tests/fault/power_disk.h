// PowerDisk: an ext4 filesystem, with its journal, on a disk whose power a test can cut, or whose calls it
// can make fail. The disk is a process (disk_server.cc) with a write cache that a cut loses, under a loop
// device; so what is left after a cut is what the kernel's filesystem makes of what it had flushed.
//
// Needs root, FUSE and loop devices. Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "common/status.h"
#include "tests/harness/process.h"

namespace fsdfs::testing {

class PowerDisk {
 public:
  // Why no such disk can be made here, for a test to skip with; empty: it can.
  static std::string missing();
  // Of this many MiB, mounted at `path`, which is made; what it needs lies beside it.
  static Result<std::unique_ptr<PowerDisk>> make(const std::string& path, int mib);
  ~PowerDisk();  // unmounts it, even while it is in use
  PowerDisk(const PowerDisk&) = delete;
  PowerDisk& operator=(const PowerDisk&) = delete;

  // From now on every call fails. Of what was not flushed, some is on the disk and some is not, by `seed`.
  Status cut(uint64_t seed);
  // So many calls fail with EIO: "read", "write" or "sync"; of reads and writes only those whose bytes
  // contain `text`. The filesystem remembers what it has read: remount() first.
  Status fail(const std::string& operation, uint64_t times, const std::string& text = "");
  static constexpr uint64_t kForever = UINT64_MAX;
  // No call fails any more.
  Status heal();
  // Unmounts the filesystem, which nobody may use, puts the power back and mounts it again: nothing of it is
  // in memory, and its journal has been replayed.
  Status remount();

 private:
  explicit PowerDisk(std::string path) : path_(std::move(path)) {}
  Status serve(int mib);
  Status command(const std::string& text) const;
  Status attach();
  Status mount() const;
  Status detach();

  const std::string path_;
  std::string loop_;  // the device; empty: none
  std::optional<Process> server_;
};

}  // namespace fsdfs::testing
