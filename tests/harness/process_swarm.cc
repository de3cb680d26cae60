#include "tests/harness/process_swarm.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <iostream>
#include <sstream>
#include <utility>

#include "common/security/authority.h"
#include "tests/harness/wait.h"

namespace fsdfs::testing {
namespace fs = std::filesystem;

std::string program(const std::string& name) {
  return std::string(FSDFS_PROGRAM_DIRECTORY) + "/" + name;
}

ProcessSwarm::ProcessSwarm(ProcessSwarmOptions options) : options_(std::move(options)) {
  std::string name = (fs::temp_directory_path() / "fsdfs-swarm-XXXXXX").string();
  if (mkdtemp(name.data()) != nullptr) directory_ = name;
  password_file_ = (directory_ / "password").string();
  std::ofstream(password_file_) << options_.password << "\n";
  fs::permissions(password_file_, fs::perms::owner_read | fs::perms::owner_write);
}

ProcessSwarm::~ProcessSwarm() {
  client_.reset();
  for (auto& server : servers_) {
    if (server.process) server.process->signal(SIGTERM);
  }
  for (auto& server : servers_) {
    if (server.process && !server.process->wait(std::chrono::seconds(20))) {
      ADD_FAILURE() << server.name << " did not end within 20 s of SIGTERM";
    }
  }
  servers_.clear();
  if (::testing::Test::HasFailure()) {
    std::cerr << "the swarm's files and logs are kept in " << directory_ << "\n";
    return;
  }
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
}

Server ProcessSwarm::describe(const std::string& name, uint16_t port, const std::string& quota,
                              const std::string& zone) const {
  Server server;
  server.name = name;
  server.data = (directory_ / name).string();
  server.address = "127.0.0.1:" + std::to_string(port);
  server.log = (directory_ / (name + ".log")).string();
  server.arguments = {program("fsdfsd"),       "--data",      server.data, "--listen", server.address,
                      "--swarm-password-file", password_file_};
  auto add = [&](std::initializer_list<std::string> more) {
    server.arguments.insert(server.arguments.end(), more);
  };
  if (quota.empty()) {
    add({"--master"});
  } else {
    add({"--quota", quota, "--join", servers_[0].address});
    if (!zone.empty()) add({"--zone", zone});
    if (options_.hosts_apart) add({"--set", "node.host=" + name});
  }
  for (const auto& setting : options_.settings) add({"--set", setting});
  return server;
}

Status ProcessSwarm::start() {
  FSDFS_ASSIGN(auto ports, PortBlock::reserve());
  ports_.emplace(std::move(ports));
  FSDFS_ASSIGN(auto authority, Authority::derive(options_.password, "fsdfs"));
  FSDFS_ASSIGN(credentials_, mint_credentials(authority, std::string(kClientName), clock_.wall()));
  servers_.push_back(describe("master", ports_->port(0), "", ""));
  for (int i = 1; i <= options_.nodes; ++i) {
    auto index = static_cast<size_t>(i - 1);
    servers_.push_back(describe("node" + std::to_string(i), ports_->port(static_cast<uint16_t>(i)),
                                index < options_.quotas.size() ? options_.quotas[index] : options_.quota,
                                index < options_.zones.size() ? options_.zones[index] : ""));
  }
  for (auto& server : servers_) FSDFS_TRY(launch(server));
  FSDFS_ASSIGN(client_, make_client(std::chrono::seconds(30)));
  if (!wait_nodes_up(options_.nodes, std::chrono::seconds(60))) {
    std::string logs;
    for (const auto& server : servers_) logs += server.name + ":\n" + log_tail(server);
    return unavailable("the swarm did not come up within 60 s\n" + logs);
  }
  return {};
}

Status ProcessSwarm::launch(Server& server) {
  FSDFS_ASSIGN(auto process, Process::start({.arguments = server.arguments,
                                             .environment = server.environment,
                                             .input_file = {},
                                             .output_file = server.log,
                                             .error_file = server.log}));
  server.process.emplace(std::move(process));
  return {};
}

Result<int> ProcessSwarm::add_node(const std::string& quota) {
  int index = nodes() + 1;
  servers_.push_back(
      describe("node" + std::to_string(index), ports_->port(static_cast<uint16_t>(index)), quota, ""));
  FSDFS_TRY(launch(servers_.back()));
  return index;
}

std::optional<ExitState> ProcessSwarm::terminate(Server& server) {
  server.process->signal(SIGTERM);
  return server.process->wait(std::chrono::seconds(20));
}

bool ProcessSwarm::wait_nodes_up(int count, std::chrono::milliseconds timeout) {
  return eventually(timeout, [&] {
    auto status = client_->status();
    return status.ok() && static_cast<int>(status->nodes_up) == count;
  });
}

std::optional<double> ProcessSwarm::min_surplus() {
  auto status = client_->status();
  return status.ok() ? status->min_surplus : std::nullopt;
}

bool ProcessSwarm::wait_min_surplus(double surplus, std::chrono::milliseconds timeout) {
  return eventually(timeout, [&] { return min_surplus() == surplus; });
}

int ProcessSwarm::copies(const std::string& path) {
  auto stat = client_->stat({kRootInode, path});
  return stat.ok() ? static_cast<int>(stat->attributes.copies) : -1;
}

int ProcessSwarm::replica_files(const Server& server) const {
  int count = 0;
  std::error_code ignored;
  for (auto it = fs::recursive_directory_iterator(fs::path(server.data) / "replicas", ignored);
       it != fs::recursive_directory_iterator(); it.increment(ignored)) {
    if (it->is_regular_file(ignored) && it->path().extension() != ".meta") ++count;
  }
  return count;
}

ProcessOptions ProcessSwarm::fsdfs_options(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), program("fsdfs"));
  return {.arguments = std::move(arguments),
          .environment = {{"FSDFS_JOIN", servers_[0].address}, {"FSDFS_SWARM_PASSWORD_FILE", password_file_}},
          .input_file = {},
          .output_file = {},
          .error_file = {}};
}

CommandResult ProcessSwarm::fsdfs(std::vector<std::string> arguments, std::chrono::milliseconds timeout) {
  return run_command(fsdfs_options(std::move(arguments)), timeout);
}

std::string ProcessSwarm::local_file(const std::string& name, std::string_view content) {
  const fs::path path = directory_ / "local" / name;
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << content;
  return path.string();
}

bool ProcessSwarm::put(const std::string& path, std::string_view content, std::vector<std::string> flags) {
  std::vector<std::string> arguments = {"put"};
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  arguments.push_back(local_file("put", content));
  arguments.push_back(path);
  auto result = fsdfs(arguments);
  if (result.code != 0) std::cerr << "put " << path << ": " << result.code << " " << result.err << "\n";
  return result.code == 0;
}

std::optional<std::string> ProcessSwarm::get(const std::string& path) {
  auto result = fsdfs({"cat", path});
  if (result.code != 0) {
    std::cerr << "cat " << path << ": " << result.code << " " << result.err << "\n";
    return std::nullopt;
  }
  return result.out;
}

Result<std::unique_ptr<client::SwarmClient>> ProcessSwarm::make_client(Duration deadline) const {
  client::ClientOptions options;
  options.addresses = {servers_[0].address};
  options.credentials = *credentials_;
  options.deadline = deadline;
  return client::SwarmClient::create(std::move(options), clock_, logger_);
}

std::string ProcessSwarm::log_tail(const Server& server) const {
  std::ifstream in(server.log, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  std::string whole = text.str();
  return whole.size() > 2000 ? whole.substr(whole.size() - 2000) : whole;
}

}  // namespace fsdfs::testing
