#include "fuse/mount_command.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <utility>

#include "common/units.h"
#include "fuse/background.h"
#include "fuse/client_swarm.h"
#include "fuse/file_system.h"
#include "fuse/mount_point.h"
#include "fuse/mount_session.h"

namespace fsdfs::fuse {

namespace {

// More than any start can take that ends by itself: first contact, a look at the swarm, the mount's first
// answer.
constexpr Duration kStartMax = std::chrono::minutes(3);

// Hears SIGTERM, SIGINT and SIGHUP from its making to its end, in a thread of its own. Made before any other
// thread, so that all of them leave these signals to it.
class EndSignals {
 public:
  EndSignals() {
    sigemptyset(&signals_);
    for (int signal : {SIGTERM, SIGINT, SIGHUP, kWake}) sigaddset(&signals_, signal);
    pthread_sigmask(SIG_BLOCK, &signals_, &previous_);
  }
  ~EndSignals() {
    forget();
    pthread_sigmask(SIG_SETMASK, &previous_, nullptr);
  }
  EndSignals(const EndSignals&) = delete;
  EndSignals& operator=(const EndSignals&) = delete;

  // Calls `told` once, with the first signal that comes.
  void on_signal(std::function<void(int)> told) {
    thread_ = std::thread([this, told = std::move(told)] {
      int signal = 0;
      if (sigwait(&signals_, &signal) == 0 && signal != kWake) told(signal);
    });
  }
  void forget() {
    if (!thread_.joinable()) return;
    pthread_kill(thread_.native_handle(), kWake);
    thread_.join();
  }

 private:
  static constexpr int kWake = SIGUSR1;  // ends the wait
  sigset_t signals_{};
  sigset_t previous_{};
  std::thread thread_;
};

// What a mount is made of.
struct Parts {
  const MountOptions& options;
  const std::string& mount_point;
  const ClientFactory& factory;
  const Clock& clock;
  Logger& logger;
};

// The mount itself, in the process that serves it. Calls `ready` when it answers; false from there ends it.
Status serve(const Parts& parts, const std::function<bool()>& ready) {
  const MountOptions& options = parts.options;
  Logger& logger = parts.logger;
  EndSignals signals;
  std::signal(SIGPIPE, SIG_IGN);
  FSDFS_ASSIGN(auto client, parts.factory());
  FSDFS_ASSIGN(auto status, client->status());  // a swarm that cannot be reached is not mounted

  ClientSwarm swarm(*client);
  FileSystem files(swarm, parts.clock, logger);
  SessionOptions session_options{parts.mount_point, status.swarm_name, options.allow_other, options.settings};
  FSDFS_ASSIGN(auto session, MountSession::mount(session_options, files));
  signals.on_signal([&](int signal) {
    logger.info("signal {}: unmounting {}", signal, parts.mount_point);
    session->stop();
  });
  Status result = session->run([&] {
    logger.info("swarm {} is mounted at {}", status.swarm_name, parts.mount_point);
    if (!ready()) session->stop();
  });
  signals.forget();
  if (!result.ok()) logger.error("{}", result.to_string());
  return result;
}

void warn(const MountPoint& point) {
  for (const auto& warning : point.warnings) std::fprintf(stderr, "fsdfs mount: %s\n", warning.c_str());
}

}  // namespace

Status run_mount(const MountOptions& options, const ClientFactory& factory, const Clock& clock,
                 Logger& logger) {
  FSDFS_TRY(check_fuse_device());
  FSDFS_ASSIGN(MountPoint point, prepare_mount_point(options.mount_point));
  warn(point);
  Parts parts{options, point.path, factory, clock, logger};
  if (options.foreground) {
    return serve(parts, [&] {
      std::fprintf(stderr, "fsdfs mount: the swarm is mounted at %s; ctrl-C or umount ends it\n",
                   point.path.c_str());
      return true;
    });
  }

  FSDFS_ASSIGN(Background background, Background::split());
  if (background.in_parent()) return background.wait(kStartMax);
  Status result = serve(parts, [&] { return background.report({}); });
  background.report(result);  // of a start that failed; without effect once the mount has answered
  std::_Exit(exit_code_from_status(result));
}

}  // namespace fsdfs::fuse
