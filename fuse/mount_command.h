// `fsdfs mount`: from parsed options to a mount that answers, and to its end.
//
// main (daemon/fsdfs.cc) parses the command line and calls run_mount before it has made threads or anything
// of gRPC: in the background the process forks first, and only the child makes the client, with the factory
// that it was given.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "client/swarm_client.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/status.h"
#include "fuse/mount_settings.h"

namespace fsdfs::fuse {

struct MountOptions {
  std::string mount_point;
  bool foreground = false;
  bool allow_other = false;  // other users than the one who mounts may use it
  MountSettings settings;
};

// Makes the connection to the swarm; called once, in the process that serves the mount.
using ClientFactory = std::function<Result<std::unique_ptr<client::SwarmClient>>()>;

// In the foreground: returns when the mount has ended, by umount or by SIGTERM, SIGINT or SIGHUP.
// In the background: returns as soon as the mount answers (ok) or its start failed. The child that serves the
// mount never returns from here: its process ends with the mount.
// The status is what the exit code is made of: a wrong password is kPermissionDenied, a swarm that is not
// there kUnavailable. Warnings go to stderr.
Status run_mount(const MountOptions& options, const ClientFactory& factory, const Clock& clock,
                 Logger& logger);

}  // namespace fsdfs::fuse
