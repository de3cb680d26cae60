// Where the swarm's password comes from (DESIGN 4). Used by fsdfsd, fsdfs and mount.fsdfs at their start, in
// one thread.
//
// The strongest level that names a password wins: command line, then environment, then YAML file. Two sources
// on one level contradict each other and are refused. No message ever holds the password.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/environment.h"
#include "common/config/settings.h"
#include "common/status.h"

namespace fsdfs {

inline constexpr size_t kPasswordBytesMax = 4096;

struct PasswordFlags {
  std::optional<std::string> password;       // --swarm-password
  std::optional<std::string> password_file;  // --swarm-password-file
};

// What the YAML file may say: settings `swarm_password` and `swarm_password_file`. Empty: not given.
struct PasswordSettings {
  std::string password;
  std::string password_file;
};
void declare(SettingsRegistry& registry, PasswordSettings& settings);

struct Password {
  std::string text;
  std::string origin;                 // "--swarm-password-file /etc/fsdfs/password", for messages
  std::vector<std::string> warnings;  // for the log: the file that others can read
};

// kInvalidArgument: two sources on one level, a file that is missing, empty or too long (naming it), or no
// source at all (listing the ways). One trailing line break of a file is dropped. `config_file`: where
// PasswordSettings came from, to be warned of when it holds a password that others can read; empty: none was
// read.
Result<Password> find_password(const PasswordFlags& flags, const Environment& environment,
                               const PasswordSettings& settings, const std::string& config_file);

// Overwrites the value of `flag` ("--swarm-password") in the argument memory itself, in both forms ("--flag
// VALUE",
// "--flag=VALUE"), so that /proc/PID/cmdline and ps do not show it. Call it after the arguments were parsed.
void scrub_argument(int argc, char** argv, std::string_view flag);

// Removes FSDFS_SWARM_PASSWORD from the environment, and its bytes from /proc/PID/environ, so that neither
// children nor other processes of the user read it there. After find_password, before there are threads.
void scrub_password_environment();

}  // namespace fsdfs
