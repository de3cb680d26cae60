#include "common/config/password.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cstdlib>
#include <utility>

#include "common/io/files.h"

namespace fsdfs {
namespace {

constexpr const char* kVariable = "FSDFS_SWARM_PASSWORD";
constexpr const char* kFileVariable = "FSDFS_SWARM_PASSWORD_FILE";

// One level of sources: a password itself, or the file that has it.
struct Level {
  std::optional<std::string> password;
  std::optional<std::string> file;
  std::string password_name;  // how messages call them
  std::string file_name;
};

std::optional<std::string> given(const std::string& setting) {
  return setting.empty() ? std::nullopt : std::optional<std::string>(setting);
}

bool others_may_read(uint32_t mode) {
  return (mode & 0006) != 0;
}

Status drop_line_break(std::string& text, const std::string& origin) {
  if (text.ends_with('\n')) {
    text.pop_back();
    if (text.ends_with('\r')) text.pop_back();
  }
  if (!text.empty()) return Status();
  return invalid_argument(fmt::format("{}: the password is empty", origin));
}

Result<Password> read_file(const std::string& path, const std::string& name) {
  Password password;
  password.origin = name + " " + path;
  auto file = read_host_file(path, kPasswordBytesMax);
  if (!file.ok()) {
    return invalid_argument(fmt::format("cannot read the password: {}: {}", name, file.status().message()));
  }
  password.text = std::move(file->bytes);
  FSDFS_TRY(drop_line_break(password.text, password.origin));
  if (file->regular && others_may_read(file->mode)) {
    password.warnings.push_back(fmt::format(
        "the password file {} can be read or written by every user of this host; chmod 600 {}", path, path));
  }
  return password;
}

Result<Password> from_level(const Level& level) {
  if (level.password && level.file) {
    return invalid_argument(
        fmt::format("{} and {} are both given: keep one", level.password_name, level.file_name));
  }
  if (level.file) return read_file(*level.file, level.file_name);
  Password password;
  password.text = *level.password;
  password.origin = level.password_name;
  FSDFS_TRY(drop_line_break(password.text, password.origin));
  return password;
}

void warn_of_config_file(Password& password, const std::string& config_file) {
  if (config_file.empty()) return;
  struct stat stat = {};
  if (::stat(config_file.c_str(), &stat) != 0 || !others_may_read(stat.st_mode)) return;
  password.warnings.push_back(fmt::format(
      "{} holds the swarm password and can be read or written by every user of this host; chmod 600 {}",
      config_file, config_file));
}

// A volatile pointer, so that the compiler does not leave out a store that nobody reads.
void overwrite(char* text) {
  volatile char* at = text;
  while (*at != '\0') *at++ = '\0';
}

}  // namespace

void declare(SettingsRegistry& registry, PasswordSettings& settings) {
  registry.text("swarm_password", settings.password, "the swarm's password; swarm_password_file is safer")
      .secret();
  registry.text("swarm_password_file", settings.password_file, "a file that holds the swarm's password");
}

Result<Password> find_password(const PasswordFlags& flags, const Environment& environment,
                               const PasswordSettings& settings, const std::string& config_file) {
  const Level on_command_line{flags.password, flags.password_file, "--swarm-password",
                              "--swarm-password-file"};
  const Level in_environment{environment(kVariable), environment(kFileVariable), kVariable, kFileVariable};
  const Level in_file{given(settings.password), given(settings.password_file), "the setting swarm_password",
                      "the setting swarm_password_file"};
  for (const Level* level : {&on_command_line, &in_environment, &in_file}) {
    if (!level->password && !level->file) continue;
    FSDFS_ASSIGN(Password password, from_level(*level));
    if (level == &in_file && level->password) warn_of_config_file(password, config_file);
    return password;
  }
  return invalid_argument(
      fmt::format("no swarm password is given: use --swarm-password-file FILE, --swarm-password PASSWORD, "
                  "the environment "
                  "variables {} or {}, or swarm_password_file in {}",
                  kFileVariable, kVariable, kDefaultConfigFile));
}

void scrub_argument(int argc, char** argv, std::string_view flag) {
  for (int i = 1; i < argc; ++i) {
    std::string_view argument = argv[i];
    if (argument == "--") return;  // what follows are no flags
    if (argument == flag && i + 1 < argc) {
      overwrite(argv[++i]);
    } else if (argument.starts_with(flag) && argument.substr(flag.size()).starts_with('=')) {
      overwrite(argv[i] + flag.size() + 1);
    }
  }
}

void scrub_password_environment() {
  if (char* value = std::getenv(kVariable); value != nullptr) overwrite(value);
  ::unsetenv(kVariable);
}

}  // namespace fsdfs
