// fsdfsd: a server of a swarm. Reads its options, composes the roles, and waits to be told to end.
#include <pthread.h>
#include <signal.h>

#include <iostream>

#include "common/clock.h"
#include "common/log.h"
#include "common/rpc/grpc_log.h"
#include "daemon/fsdfsd_options.h"
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

int fail(const Status& status, const char* what = "fsdfsd: ") {
  std::cerr << what << status.message() << "\n";
  return exit_code_from_status(status);
}

int serve(FsdfsdOptions options) {
  LogOptions log{.file = options.server.log_file};
  if (auto level = parse_log_level(options.server.log_level); level.ok()) log.level = *level;
  auto logger = open_logger(log);
  if (!logger.ok()) return fail(logger.status());
  for (const auto& warning : options.password.warnings) (*logger)->warning("{}", warning);

  const sigset_t signals = end_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);

  SystemClock clock;
  Server server(std::move(options), clock, **logger);
  if (Status started = server.start(); !started.ok()) return fail(started);
  int number = 0;
  sigwait(&signals, &number);
  (*logger)->info("ending on signal {}", number);
  server.stop();
  return 0;
}

int run(int argc, char** argv) {
  auto options = read_fsdfsd_options(argc, argv);
  if (!options.ok()) {
    int code = fail(options.status());
    return options.status().code() == Code::kInvalidArgument ? 2 : code;
  }
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
