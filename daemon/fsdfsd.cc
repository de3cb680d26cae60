// fsdfsd: a server of a swarm. Reads its options, composes the roles, and waits to be told to end.
#include <pthread.h>
#include <signal.h>

#include <iostream>
#include <string_view>

#include "common/clock.h"
#include "common/log.h"
#include "common/rpc/grpc_log.h"
#include "daemon/fsdfsd_options.h"
#include "daemon/import_command.h"
#include "daemon/server.h"

namespace fsdfs {
namespace {

// Blocked in every thread from before the first one is made, so that only the wait below takes them.
sigset_t end_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, number);
  return set;
}

// Says why, and the exit code of DESIGN 4; whatever a server finds wrong with its options is wrong usage.
int fail(const Status& status) {
  std::cerr << "fsdfsd: " << status.message() << "\n";
  return status.code() == Code::kInvalidArgument ? 2 : exit_code_from_status(status);
}

// Until a signal ends the server, or the swarm refuses it for good.
Status wait_for_end(const Server& server, const sigset_t& signals, Logger& logger) {
  for (;;) {
    const timespec pause{0, 500'000'000};
    int number = sigtimedwait(&signals, nullptr, &pause);
    if (number > 0) {
      logger.info("ending on signal {}", number);
      return {};
    }
    FSDFS_TRY(server.refused());
  }
}

int serve(FsdfsdOptions options) {
  const sigset_t signals = end_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);

  LogOptions log{.file = options.server.log_file};
  if (auto level = parse_log_level(options.server.log_level); level.ok()) log.level = *level;
  auto logger = open_logger(log);
  if (!logger.ok()) return fail(logger.status());
  for (const auto& warning : options.password.warnings) (*logger)->warning("{}", warning);

  SystemClock clock;
  Server server(std::move(options), clock, **logger);
  if (Status started = server.start(); !started.ok()) return fail(started);
  Status ended = wait_for_end(server, signals, **logger);
  server.stop();
  return ended.ok() ? 0 : fail(ended);
}

int run(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "import") return run_import(argc - 1, argv + 1);
  auto options = read_fsdfsd_options(argc, argv);
  if (!options.ok()) return fail(options.status());
  if (auto* said = std::get_if<SayAndExit>(&*options)) {
    (said->code == 0 ? std::cout : std::cerr) << said->text;
    return said->code;
  }
  return serve(std::get<FsdfsdOptions>(std::move(*options)));
}

}  // namespace
}  // namespace fsdfs

int main(int argc, char** argv) {
  fsdfs::silence_grpc_log();
  return fsdfs::run(argc, argv);
}
