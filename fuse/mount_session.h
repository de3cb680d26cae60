// MountSession: one mount, from mount(2) to unmount, with the threads that answer it.
//
// Owns the libfuse session. mount() makes the mount; run() answers it until it is unmounted from outside or
// stop() is called; the destructor unmounts. The mount is read-only, the kernel checks permissions
// (default_permissions).
//
// stop() may be called from any thread, any number of times; run() from one thread, once. A process that is
// killed leaves a dead mount, which the next mount in the same place takes away (fuse/mount_point.h).
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "common/status.h"
#include "fuse/file_system.h"
#include "fuse/mount_settings.h"

namespace fsdfs::fuse {

struct SessionOptions {
  std::string mount_point;  // as prepare_mount_point gave it
  std::string swarm_name;   // shown as the mount's source: fsdfs:NAME
  bool allow_other = false;
  MountSettings settings;
};

class MountSession {
 public:
  // `files` outlives the session.
  static Result<std::unique_ptr<MountSession>> mount(const SessionOptions& options, FileSystem& files);
  ~MountSession();
  MountSession(const MountSession&) = delete;
  MountSession& operator=(const MountSession&) = delete;

  // Calls `ready` from a thread of its own as soon as the mount answers. Returns when it is unmounted or
  // stopped, with all calls in flight answered; not ok when the connection to the kernel failed.
  Status run(const std::function<void()>& ready = {});

  // Has run() return soon. Does not wait for it.
  void stop();

 private:
  class Impl;
  explicit MountSession(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fsdfs::fuse
