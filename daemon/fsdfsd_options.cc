#include "daemon/fsdfsd_options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <optional>
#include <sstream>

#include "common/log.h"
#include "common/rpc/address.h"
#include "common/units.h"
#include "common/version.h"

namespace fsdfs {
namespace {

constexpr char kDescription[] =
    "fsdfsd makes this machine a server of a swarm: a node that stores replicas, the master, or both.\n"
    "\n"
    "  the first server   fsdfsd --master --swarm-password-file F --data /srv/fsdfs --quota 500G\n"
    "  every other one    fsdfsd --swarm-password-file F --data /srv/fsdfs --quota 500G --join FIRST:4242\n"
    "\n"
    "A node with several disks gives each a --data and a --quota, in the same order; they fail one by one.\n"
    "`fsdfsd import --help`: how a directory that this machine has already is taken in without copying it.\n"
    "Every flag is also a setting of the YAML file; --help-settings lists them all.";

struct Flags {
  std::vector<std::string> data;
  std::vector<std::string> quotas;
  std::optional<std::string> config;
  std::vector<std::string> assignments;
  PasswordFlags password;
  bool help_settings = false;
  // Each given flag as a setting: name, value, and the flag for messages.
  struct Given {
    std::string setting;
    std::string value;
    std::string flag;
  };
  std::vector<Given> given;
};

// As it was written, before the sizes are known.
struct DataSettings {
  std::vector<std::string> data;
  std::vector<std::string> quotas;
};

void declare(SettingsRegistry& registry, DataSettings& s) {
  registry.list("data", s.data, "directories for everything this server keeps, one for each disk");
  registry.list(
      "quota", s.quotas,
      "bytes of content that this server takes, as 500G, for each data directory in the same order; "
      "0: none");
}

void declare(SettingsRegistry& registry, ServerSettings& s) {
  registry.boolean("master", s.master, "be the master, as well as a node if there is a quota");
  registry.list("join", s.join, "HOST:PORT of the master").environment("FSDFS_JOIN");
  registry.text("zone", s.zone, "rack, room or site; copies are spread over zones first");
  registry.text("listen", s.listen, "HOST:PORT to serve gRPC on");
  registry.text("advertise", s.advertise, "HOST:PORT under which others reach this server; empty: found out");
  registry.text("swarm_name", s.swarm_name, "name of the swarm; part of its keys");
  registry.text("log.level", s.log_level, "least important lines to log",
                {"trace", "debug", "info", "warning", "error"});
  registry.text("log.file", s.log_file, "also log to this file; empty: only to stderr");
}

// The node's settings that an operator may turn; the rest follows from the server's.
void declare(SettingsRegistry& registry, node::NodeSettings& s) {
  using namespace std::chrono_literals;
  registry.text("node.host", s.host, "which machine this is, to keep copies apart; empty: found out");
  registry.size("node.free_floor", s.free_floor, {0, uint64_t{1} << 50},
                "bytes of the filesystem that replicas never take");
  registry.integer("node.copy_slots", s.copy_slots, {1, 256}, "streams in which copies are pulled at once");
  registry.integer("node.transfer_threads", s.transfer_threads, {1, 256},
                   "threads that read and write replicas");
  registry.integer("node.streams_max", s.streams_max, {8, 65536},
                   "reads and writes open at once; one more is refused");
  registry.duration("scrub.period", s.scrub_period, {Duration(0), std::chrono::days(3650)},
                    "every replica is read and checked once in this time; 0: only by `fsdfs scrub`");
  registry.size("scrub.rate", s.scrub_rate, {0, uint64_t{1} << 40},
                "bytes a second that this reads at most; 0: no limit");
  registry.boolean("node.tree", s.tree,
                   "keep files at their real paths below DATA/tree, as hard links for reading");
  registry.duration("node.idle_timeout", s.idle_timeout, {1s, 1h},
                    "a stream on which nothing moves ends after this");
  registry.duration("node.sync_timeout", s.sync_timeout, {1s, 24h},
                    "the same, while what was written is synced");
}

constexpr uint64_t kQuotaMax = uint64_t{1} << 60;

Result<std::vector<uint64_t>> parse_quotas(const std::vector<std::string>& texts, std::string_view where) {
  std::vector<uint64_t> quotas;
  for (const std::string& text : texts) {
    auto quota = parse_size(text);
    if (!quota.ok()) return quota.status().with_context(where);
    if (*quota > kQuotaMax) return invalid_argument(std::string(where) + ": " + text + " is more than 1 EiB");
    quotas.push_back(*quota);
  }
  if (quotas == std::vector<uint64_t>{0}) quotas.clear();
  return quotas;
}

Result<std::vector<std::string>> absolute_paths(const std::vector<std::string>& given) {
  std::vector<std::string> paths;
  for (const std::string& path : given) {
    std::error_code error;
    std::string absolute = std::filesystem::absolute(path, error).lexically_normal().string();
    if (error) return invalid_argument("--data " + path + ": " + error.message());
    while (absolute.size() > 1 && absolute.ends_with('/')) absolute.pop_back();
    if (std::find(paths.begin(), paths.end(), absolute) != paths.end()) {
      return invalid_argument("--data " + absolute + " is given twice");
    }
    paths.push_back(std::move(absolute));
  }
  return paths;
}

// Each disk has its quota; a master that is no node has one directory and none.
Status check_disks(const ServerSettings& s) {
  if (s.data.empty() || (s.quotas.empty() && s.data.size() == 1)) return {};
  if (s.quotas.size() != s.data.size()) {
    return invalid_argument(std::to_string(s.data.size()) + " data directories and " +
                            std::to_string(s.quotas.size()) +
                            " quotas: give each --data a --quota of its own, in the same order");
  }
  if (std::find(s.quotas.begin(), s.quotas.end(), 0) == s.quotas.end()) return {};
  return invalid_argument("a quota of 0 for one of several data directories: leave that --data out");
}

Status check(const ServerSettings& s) {
  if (s.data.empty()) {
    return invalid_argument(
        "no data directory: say where this server may keep its files, as in --data /srv/fsdfs");
  }
  if (!s.master && s.quotas.empty()) {
    return invalid_argument(
        "nothing to do: give a quota to be a node (--quota 500G), or --master to be the master, or both");
  }
  if (!s.master && s.join.empty()) {
    return invalid_argument("no master to join: --join HOST:PORT (or --master to be it)");
  }
  for (const auto& address : s.join) FSDFS_TRY(parse_host_port(address).status().with_context("--join"));
  FSDFS_TRY(parse_host_port(s.listen).status().with_context("--listen"));
  if (!s.advertise.empty()) FSDFS_TRY(parse_host_port(s.advertise).status().with_context("--advertise"));
  if (s.swarm_name.empty()) return invalid_argument("--swarm-name is empty: leave it out for 'fsdfs'");
  return {};
}

void add_flags(CLI::App& app, Flags& flags) {
  auto setting = [&](const std::string& flag, const std::string& name, const std::string& help) {
    return app.add_option_function<std::string>(
        flag,
        [&flags, flag, name](const std::string& value) {
          flags.given.push_back({name, value, flag});
        },
        help);
  };
  app.add_flag_callback(
      "--master",
      [&flags] {
        flags.given.push_back({"master", "true", "--master"});
      },
      "be the master, as well as a node if there is a --quota");
  auto repeated = [&](const std::string& flag, std::vector<std::string>& values, const std::string& help) {
    return app.add_option(flag, values, help)
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  };
  repeated("--data", flags.data, "directory for everything this server keeps; again for each further disk")
      ->type_name("DIR");
  repeated("--quota", flags.quotas,
           "how much content this server takes, as 500G; again for each further --data")
      ->type_name("SIZE");
  setting("--join", "join", "the master, HOST:PORT[,HOST:PORT...] (or $FSDFS_JOIN)")->type_name("HOST:PORT");
  setting("--zone", "zone", "rack, room or site; copies are spread over zones first");
  setting("--listen", "listen", "where to serve (default 0.0.0.0:4242)")->type_name("HOST:PORT");
  setting("--advertise", "advertise", "under which address others reach this server")->type_name("HOST:PORT");
  setting("--swarm-name", "swarm_name", "name of the swarm (default fsdfs)");
  setting("--log-level", "log.level", "trace, debug, info, warning or error");
  app.add_option("--swarm-password-file", flags.password.password_file,
                 "file that holds the swarm's password")
      ->type_name("FILE");
  app.add_option("--swarm-password", flags.password.password,
                 "the password itself; hidden from the process list, not from the shell's history");
  app.add_option("--config", flags.config,
                 "YAML file (default " + std::string(kDefaultConfigFile) + " if there)")
      ->type_name("FILE");
  app.add_option("--set", flags.assignments, "any setting, as --set node.dead_after=30s")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_flag("--help-settings", flags.help_settings, "list every setting with its default and bounds");
}

}  // namespace

Result<std::variant<FsdfsdOptions, SayAndExit>> read_fsdfsd_options(int argc, char** argv) {
  CLI::App app(kDescription, "fsdfsd");
  app.set_version_flag("--version", std::string("fsdfsd ") + kFsdfsVersion);
  Flags flags;
  add_flags(app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::ostringstream out, err;
    int code = app.exit(error, out, err);
    return std::variant<FsdfsdOptions, SayAndExit>(
        SayAndExit{code == 0 ? out.str() : err.str(), code == 0 ? 0 : 2});
  }

  FsdfsdOptions options;
  PasswordSettings password_settings;
  SettingsRegistry registry;
  DataSettings data;
  declare(registry, data);
  declare(registry, options.server);
  declare(registry, options.swarm);
  declare(registry, options.node);
  declare(registry, password_settings);
  if (flags.help_settings)
    return std::variant<FsdfsdOptions, SayAndExit>(SayAndExit{registry.help_text(), 0});

  SettingsSources sources{.assignments = flags.assignments};
  if (flags.config) {
    sources.config_file = *flags.config;
    sources.config_required = true;
  }
  FSDFS_TRY(registry.load(sources));
  for (const auto& given : flags.given) FSDFS_TRY(registry.set(given.setting, given.value, given.flag));
  FSDFS_ASSIGN(options.server.data, absolute_paths(flags.data.empty() ? data.data : flags.data));
  FSDFS_ASSIGN(options.server.quotas, parse_quotas(data.quotas, "quota"));
  if (!flags.quotas.empty()) {
    FSDFS_ASSIGN(options.server.quotas, parse_quotas(flags.quotas, "--quota"));
  }
  FSDFS_TRY(check(options.server));
  FSDFS_TRY(check_disks(options.server));
  FSDFS_TRY(check(options.swarm));
  FSDFS_ASSIGN(options.password,
               find_password(flags.password, process_environment(), password_settings, sources.config_file));
  scrub_argument(argc, argv, "--swarm-password");
  scrub_password_environment();
  return std::variant<FsdfsdOptions, SayAndExit>(std::move(options));
}

}  // namespace fsdfs
