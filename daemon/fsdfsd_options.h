// What fsdfsd was asked to do: flags, environment and YAML, checked and in one place. For the start of the
// process, in one thread.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "common/config/password.h"
#include "common/config/settings.h"
#include "common/config/swarm_settings.h"
#include "common/status.h"
#include "node/settings.h"

namespace fsdfs {

// The settings of a server as a whole; those of the swarm and of the roles have structs of their own.
struct ServerSettings {
  bool master = false;
  std::vector<std::string> data;  // absolute; the first is also the master's
  std::vector<uint64_t> quotas;   // bytes, of each data directory; none: no replicas here
  std::vector<std::string> join;
  std::string zone;
  std::string listen = "0.0.0.0:4242";
  std::string advertise;
  std::string swarm_name = "fsdfs";
  std::string log_level = "info";
  std::string log_file;
};

struct FsdfsdOptions {
  ServerSettings server;
  SwarmSettings swarm;
  node::NodeSettings node;
  Password password;
};

// Nothing is to be run: say this on stdout and exit with this code (--help, --version, a usage error on
// stderr).
struct SayAndExit {
  std::string text;
  int code = 0;
};

// Reads and checks everything, and scrubs the password from the process's arguments and environment.
// kInvalidArgument names the setting, the value, and what is allowed.
Result<std::variant<FsdfsdOptions, SayAndExit>> read_fsdfsd_options(int argc, char** argv);

}  // namespace fsdfs
