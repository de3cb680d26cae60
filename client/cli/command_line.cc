#include "client/cli/command_line.h"

#include <CLI/CLI.hpp>
#include <map>
#include <sstream>
#include <vector>

#include "client/cli/commands.h"
#include "common/config/password.h"
#include "common/config/swarm_settings.h"
#include "common/machine.h"
#include "common/rpc/address.h"
#include "common/security/authority.h"
#include "common/version.h"

namespace fsdfs::client {

namespace {

constexpr int kUsageError = 2;

constexpr char kDescription[] =
    "fsdfs works with the files of a swarm: it puts them in and gets them out, says where their copies are "
    "and how\n"
    "the swarm is. Paths of the swarm begin with '/'.";

constexpr char kFooter[] =
    "The swarm is found by --join or FSDFS_JOIN, and entered with --swarm-password-file, "
    "FSDFS_SWARM_PASSWORD_FILE\n"
    "or FSDFS_SWARM_PASSWORD; both may also stand in /etc/fsdfs/fsdfs.yaml. `fsdfs COMMAND --help` says "
    "more.\n"
    "\n"
    "Exit codes: 0 done; 1 failed; 2 wrong usage; 3 swarm not reachable; 4 not allowed; 5 no such path.";

// Settings of a client beside those of the swarm (common/config/swarm_settings.h).
struct ClientSettings {
  std::vector<std::string> join;
  std::string swarm_name = "fsdfs";
  std::string zone;
  std::string host;
  Duration first_contact = ClientOptions{}.first_contact;
  Duration attempt = ClientOptions{}.attempt;
};

void declare(SettingsRegistry& registry, ClientSettings& settings) {
  using std::chrono::hours;
  using std::chrono::milliseconds;
  registry.list("join", settings.join, "HOST:PORT of the master").environment("FSDFS_JOIN");
  registry.text("swarm_name", settings.swarm_name, "name of the swarm; part of its keys");
  registry.text("zone", settings.zone, "this machine's rack, room or site: copies there are read first");
  registry.text("host", settings.host,
                "identity of this machine, where copies are read first; empty: found out");
  registry.duration("client.first_contact", settings.first_contact, {milliseconds(100), hours(1)},
                    "how long to look for a swarm that has not answered yet");
  registry.duration("client.attempt", settings.attempt, {milliseconds(100), hours(1)},
                    "how long a node may stay mute in a transfer before another one is tried");
}

struct GlobalFlags {
  std::string join;
  std::string swarm_name;
  PasswordFlags password;
  std::string config;
  std::vector<std::string> assignments;
  bool json = false;
  bool verbose = false;
};

void add_global_options(CLI::App& app, GlobalFlags& flags) {
  app.set_version_flag("--version", std::string("fsdfs ") + kFsdfsVersion);
  app.add_option("--join", flags.join, "the master; several are tried in turn")->type_name("HOST:PORT[,...]");
  app.add_option("--swarm-password-file", flags.password.password_file,
                 "file that holds the swarm's password")
      ->type_name("FILE");
  app.add_option("--swarm-password", flags.password.password,
                 "the password itself (others may see it in your history)")
      ->type_name("TEXT");
  app.add_option("--swarm-name", flags.swarm_name, "name of the swarm (fsdfs)")->type_name("NAME");
  app.add_option("--config", flags.config, "YAML configuration (/etc/fsdfs/fsdfs.yaml)")->type_name("FILE");
  app.add_option("--set", flags.assignments, "a setting, as deadline=60s; may be repeated")
      ->type_name("KEY=VALUE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_flag("--json", flags.json, "print JSON");
  app.add_flag("-v,--verbose", flags.verbose, "say on stderr what is tried");
}

}  // namespace

class CommandLine::Parts {
 public:
  Parts(Streams streams, Environment environment)
      : streams_(streams), environment_(std::move(environment)), app_(kDescription, "fsdfs") {
    app_.fallthrough();
    app_.require_subcommand(1);
    app_.footer(kFooter);
    add_global_options(app_, flags_);
    app_.get_formatter()->column_width(34);
    declare(settings_, swarm_settings_);
    declare(settings_, client_settings_);
    declare(settings_, password_settings_);
  }

  CLI::App& add(const std::string& name, const std::string& help, const std::string& examples,
                Action action) {
    CLI::App* parent = &app_;
    std::string last = name;
    if (size_t space = name.find(' '); space != std::string::npos) {
      parent = app_.get_subcommand(name.substr(0, space));
      last = name.substr(space + 1);
    }
    CLI::App* command = parent->add_subcommand(last, help);
    if (!examples.empty()) command->footer(examples);
    if (action) {
      actions_[command] = {name, std::move(action)};
    } else {
      command->require_subcommand(1);
    }
    return *command;
  }

  SettingsRegistry& settings() { return settings_; }

  int run(int argc, char** argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      return end_parsing(error);
    }
    scrub_argument(argc, argv, "--swarm-password");
    Status settled = settle();
    scrub_password_environment();
    if (!settled.ok()) return usage_error(settled);
    return run_command(*chosen(app_));
  }

 private:
  struct Command {
    std::string name;
    Action action;
  };

  static CLI::App* chosen(CLI::App& app) {
    CLI::App* command = app.get_subcommands().front();
    return command->get_subcommands().empty() ? command : chosen(*command);
  }

  int end_parsing(const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app_.exit(error, streams_.out, streams_.err);
    CLI::App* command = &app_;
    std::string name = "fsdfs";
    while (!command->get_subcommands().empty()) {
      command = command->get_subcommands().front();
      name += " " + command->get_name();
    }
    streams_.err << "fsdfs: " << error.what() << "\nRun '" << name << " --help' to see how it is used.\n";
    return kUsageError;
  }

  int usage_error(const Status& status) {
    streams_.err << "fsdfs: " << status.message() << "\n";
    return kUsageError;
  }

  // Brings flags, environment and configuration together. Keys are derived when a command needs the swarm.
  Status settle() {
    SettingsSources sources;
    sources.ignore_unknown_in_file = true;
    sources.environment = environment_;
    if (!flags_.config.empty()) {
      sources.config_file = flags_.config;
      sources.config_required = true;
    }
    sources.assignments = flags_.assignments;
    FSDFS_TRY(settings_.load(sources));
    if (!flags_.join.empty()) FSDFS_TRY(settings_.set("join", flags_.join, "--join"));
    if (!flags_.swarm_name.empty()) FSDFS_TRY(settings_.set("swarm_name", flags_.swarm_name, "--swarm-name"));
    FSDFS_TRY(check(swarm_settings_));
    FSDFS_ASSIGN(password_,
                 find_password(flags_.password, environment_, password_settings_, sources.config_file));
    if (client_settings_.join.empty()) {
      return invalid_argument(
          "no swarm is named: give its master's address with --join HOST:PORT or FSDFS_JOIN");
    }
    for (const std::string& address : client_settings_.join) FSDFS_TRY(parse_host_port(address).status());
    return {};
  }

  Result<ClientOptions> client_options() const {
    FSDFS_ASSIGN(Authority authority, Authority::derive(password_.text, client_settings_.swarm_name));
    FSDFS_ASSIGN(Credentials credentials,
                 mint_credentials(authority, std::string(kClientName), clock_.wall()));
    return ClientOptions{.addresses = client_settings_.join,
                         .credentials = std::move(credentials),
                         .deadline = swarm_settings_.deadline,
                         .first_contact = client_settings_.first_contact,
                         .attempt = client_settings_.attempt,
                         .zone = client_settings_.zone,
                         .host = client_settings_.host.empty() ? machine_identity() : client_settings_.host};
  }

  int run_command(CLI::App& chosen_app) {
    const Command& command = actions_.at(&chosen_app);
    LogOptions log;
    log.level = flags_.verbose ? LogLevel::kDebug : LogLevel::kError;
    auto logger = open_logger(log);
    if (!logger.ok()) return usage_error(logger.status());
    Session session(command.name, streams_, flags_.json, clock_, **logger,
                    [this] { return client_options(); });
    for (const std::string& warning : password_.warnings) session.warn(warning);
    Status status = command.action(session);
    if (!status.ok()) session.fail("", status);
    streams_.out.flush();
    return session.exit_code();
  }

  const Streams streams_;
  const Environment environment_;
  const SystemClock clock_;
  CLI::App app_;
  GlobalFlags flags_;
  std::map<const CLI::App*, Command> actions_;
  SettingsRegistry settings_;
  SwarmSettings swarm_settings_;
  ClientSettings client_settings_;
  PasswordSettings password_settings_;
  Password password_;
};

CommandLine::CommandLine(Streams streams, Environment environment)
    : parts_(std::make_unique<Parts>(streams, std::move(environment))) {
  add_put(*this);
  add_get(*this);
  add_list(*this);
  add_names(*this);
  add_inspect(*this);
  add_target(*this);
  add_trash(*this);
  add_quota(*this);
  add_vars(*this);
  add_policy(*this);
  add_state(*this);
  add_node_admin(*this);
  add_why(*this);
  add_unknown(*this);
  add_events(*this);
  add_scrub(*this);
  add_fsck(*this);
}
CommandLine::~CommandLine() = default;

CLI::App& CommandLine::add(const std::string& name, const std::string& help, const std::string& examples,
                           Action action) {
  return parts_->add(name, help, examples, std::move(action));
}

SettingsRegistry& CommandLine::settings() {
  return parts_->settings();
}

int CommandLine::run(int argc, char** argv) {
  return parts_->run(argc, argv);
}

}  // namespace fsdfs::client
