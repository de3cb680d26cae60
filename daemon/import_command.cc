#include "daemon/import_command.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "client/cli/import_tree.h"
#include "client/cli/session.h"
#include "client/cli/streams.h"
#include "client/node_channels.h"
#include "common/config/password.h"
#include "common/config/settings.h"
#include "common/config/swarm_settings.h"
#include "common/machine.h"
#include "common/rpc/address.h"
#include "common/rpc/channel.h"
#include "common/security/authority.h"

namespace fsdfs {
namespace {

constexpr int kUsageError = 2;
constexpr Duration kIdentifyTime = std::chrono::seconds(10);

constexpr char kAbout[] =
    "Takes a directory of this server into the swarm, through the fsdfsd that runs here, without copying "
    "its\n"
    "bytes where the filesystem can: by reflinks, else by hard links, else by copies. The files keep mode, "
    "owner\n"
    "and time of modification; the swarm makes its further copies from there. Symbolic links are left out.";

constexpr char kExamples[] =
    "A hard-linked file is one with its replica: whoever changes it in place afterwards spoils that copy, "
    "which "
    "its\n"
    "sums then tell. Use --move, or a filesystem with reflinks, where files may still change.\n"
    "What the swarm has at its path with equal content is left alone, so an import that was cut short is run "
    "again.\n"
    "\n"
    "Examples:\n"
    "  fsdfsd import /srv/music --as /music --dry-run   what it would do\n"
    "  fsdfsd import /srv/music --as /music --move      and the files leave /srv/music\n"
    "\n"
    "Exit codes: 0 done; 1 failed; 2 wrong usage; 3 swarm not reachable; 4 not allowed; 5 no such path.";

struct Given {
  client::ImportOptions options;
  std::string node;
  std::string join;
  std::string swarm_name;
  PasswordFlags password;
  std::string config;
  std::vector<std::string> assignments;
  bool json = false;
};

// What a server's configuration says, as far as it matters here.
struct Settled {
  std::vector<std::string> join;
  std::string listen = "0.0.0.0:4242";
  std::string swarm_name = "fsdfs";
  std::string zone;
  SwarmSettings swarm;
  Password password;
};

void add_options(CLI::App& app, Given& given) {
  client::ImportOptions& options = given.options;
  app.add_option("DIR", options.directory, "the directory to take in")->required();
  app.add_option("--as", options.destination, "the swarm's path that it becomes")
      ->required()
      ->type_name("PATH");
  app.add_flag("--move", options.move, "remove each file here once it is in the swarm");
  app.add_flag("--replace", options.replace, "replace files of the swarm that have another content");
  app.add_flag("--dry-run", options.dry_run, "only say what would be done");
  app.add_option("-j,--jobs", options.jobs, "files at once (16)")->check(CLI::Range(1, 256))->type_name("N");
  app.add_flag("--json", given.json, "print JSON");
  app.add_option("--node", given.node, "the node of this server (found by `listen`; 127.0.0.1:4242)")
      ->type_name("HOST:PORT");
  app.add_option("--join", given.join, "the master (where the node looks for it)")
      ->type_name("HOST:PORT[,...]");
  app.add_option("--swarm-password-file", given.password.password_file,
                 "file that holds the swarm's password")
      ->type_name("FILE");
  app.add_option("--swarm-password", given.password.password, "the password itself")->type_name("TEXT");
  app.add_option("--swarm-name", given.swarm_name, "name of the swarm (fsdfs)")->type_name("NAME");
  app.add_option("--config", given.config, "the server's YAML file (/etc/fsdfs/fsdfs.yaml)")
      ->type_name("FILE");
  app.add_option("--set", given.assignments, "a setting, as deadline=60s; may be repeated")
      ->type_name("KEY=VALUE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

Result<Settled> settle(const Given& given) {
  Settled settled;
  PasswordSettings password;
  SettingsRegistry registry;
  registry.list("join", settled.join, "HOST:PORT of the master").environment("FSDFS_JOIN");
  registry.text("listen", settled.listen, "HOST:PORT that the node serves on");
  registry.text("swarm_name", settled.swarm_name, "name of the swarm; part of its keys");
  registry.text("zone", settled.zone, "rack, room or site of this server");
  declare(registry, settled.swarm);
  declare(registry, password);
  SettingsSources sources;
  sources.ignore_unknown_in_file = true;
  if (!given.config.empty()) {
    sources.config_file = given.config;
    sources.config_required = true;
  }
  sources.assignments = given.assignments;
  FSDFS_TRY(registry.load(sources));
  if (!given.join.empty()) FSDFS_TRY(registry.set("join", given.join, "--join"));
  if (!given.swarm_name.empty()) FSDFS_TRY(registry.set("swarm_name", given.swarm_name, "--swarm-name"));
  if (!given.node.empty()) FSDFS_TRY(registry.set("listen", given.node, "--node"));
  FSDFS_TRY(check(settled.swarm));
  FSDFS_ASSIGN(settled.password,
               find_password(given.password, sources.environment, password, sources.config_file));
  return settled;
}

// Where a server that listens on all addresses is reached from its own machine.
Result<std::string> near_address(const std::string& listening) {
  FSDFS_ASSIGN(HostPort address, parse_host_port(listening));
  if (address.host.empty() || address.host == "0.0.0.0" || address.host == "*") address.host = "127.0.0.1";
  if (address.host == "::") address.host = "::1";
  return address.to_string();
}

Result<client::NodeIdentity> identify(const Credentials& credentials, const std::string& address) {
  FSDFS_ASSIGN(auto dialer, Dialer::create(credentials));
  client::NodeChannels channels(*dialer);
  auto identity = client::identify_node(channels, address, kIdentifyTime);
  if (identity.ok()) return identity;
  Status status = identity.status();
  std::string why = "the server at " + address;
  if (status.code() == Code::kUnimplemented) {
    return failed_precondition(why + " is no node: it has no quota to keep replicas in");
  }
  if (status.code() == Code::kUnavailable || status.code() == Code::kDeadlineExceeded) {
    return unavailable("no node answers at " + address +
                       ": fsdfsd must run on this server (--node HOST:PORT says where)");
  }
  return status.with_context(why);
}

Status import_directory(client::Session& session, client::ImportOptions options, const Settled& settled,
                        client::ClientOptions& swarm) {
  FSDFS_ASSIGN(options.node_address, near_address(settled.listen));
  FSDFS_ASSIGN(Authority authority, Authority::derive(settled.password.text, settled.swarm_name));
  FSDFS_ASSIGN(swarm.credentials,
               mint_credentials(authority, std::string(kClientName), session.clock().wall()));
  FSDFS_ASSIGN(options.node, identify(swarm.credentials, options.node_address));
  for (const std::string& master : settled.join.empty() ? options.node.masters : settled.join) {
    FSDFS_ASSIGN(std::string address, near_address(master));
    swarm.addresses.push_back(address);
  }
  swarm.deadline = settled.swarm.deadline;
  swarm.zone = settled.zone;
  swarm.host = machine_identity();
  return client::import_tree(session, options);
}

int usage_error(const Status& status) {
  std::cerr << "fsdfsd: import: " << status.message() << "\n";
  return kUsageError;
}

}  // namespace

int run_import(int argc, char** argv) {
  CLI::App app(kAbout, "fsdfsd import");
  app.footer(kExamples);
  Given given;
  add_options(app, given);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error, std::cout, std::cerr) == 0 ? 0 : kUsageError;
  }
  scrub_argument(argc, argv, "--swarm-password");
  auto settled = settle(given);
  scrub_password_environment();
  if (!settled.ok()) return usage_error(settled.status());

  // In every thread from the first on, so that they reach the import's own watch (client/cli/interrupt.h).
  sigset_t interrupts;
  sigemptyset(&interrupts);
  for (int number : {SIGINT, SIGTERM}) sigaddset(&interrupts, number);
  pthread_sigmask(SIG_BLOCK, &interrupts, nullptr);

  LogOptions log;
  log.level = LogLevel::kError;
  auto logger = open_logger(log);
  if (!logger.ok()) return usage_error(logger.status());
  SystemClock clock;
  client::ClientOptions swarm;
  const client::Streams streams{.out = std::cout,
                                .err = std::cerr,
                                .in_descriptor = STDIN_FILENO,
                                .out_descriptor = STDOUT_FILENO,
                                .out_is_terminal = ::isatty(STDOUT_FILENO) == 1,
                                .err_is_terminal = ::isatty(STDERR_FILENO) == 1};
  client::Session session("import", streams, given.json, clock, **logger,
                          [&swarm]() -> Result<client::ClientOptions> { return swarm; });
  for (const std::string& warning : settled->password.warnings) session.warn(warning);
  Status status = import_directory(session, given.options, *settled, swarm);
  if (!status.ok()) {
    if (status.code() == Code::kInvalidArgument) return usage_error(status);
    session.fail("", status);
  }
  std::cout.flush();
  return session.exit_code();
}

}  // namespace fsdfs
