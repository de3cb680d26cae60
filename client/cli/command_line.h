// CommandLine: the `fsdfs` command, from its arguments to its exit code.
//
// main makes one, adds what does not belong to the client library (mount), and runs it. Not thread-safe, and
// no threads are made before a command runs, so a command may fork.
//
// Global options stand before or after the command. The swarm is found by --join, FSDFS_JOIN or the YAML
// file; the password as common/config/password.h says, and it is scrubbed from arguments and environment
// before anything else is done. Errors go to stderr as "fsdfs: COMMAND: WHAT: why". Exit codes (DESIGN 4): 0
// done; 1 failed; 2 wrong usage; 3 swarm not reachable; 4 not allowed; 5 no such path.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "client/cli/session.h"
#include "client/cli/streams.h"
#include "common/clock.h"
#include "common/config/environment.h"
#include "common/config/settings.h"
#include "common/status.h"

namespace CLI {
class App;
}

namespace fsdfs::client {

class CommandLine {
 public:
  // What a command does. A status that is not ok is said and makes the exit code; so do Session::fail()s.
  using Action = std::function<Status(Session&)>;

  CommandLine(Streams streams, Environment environment);
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  // For commands from elsewhere: a subcommand to add options to, and what it does. `examples` ends its help.
  CLI::App& add(const std::string& name, const std::string& help, const std::string& examples, Action action);
  // The settings that --set and the YAML file may speak of; more may be declared before run().
  SettingsRegistry& settings();

  int run(int argc, char** argv);

 private:
  class Parts;
  const std::unique_ptr<Parts> parts_;
};

}  // namespace fsdfs::client
