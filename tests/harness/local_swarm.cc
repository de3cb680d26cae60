#include "tests/harness/local_swarm.h"

#include <gtest/gtest.h>

#include "client/content_source.h"
#include "client/upload.h"
#include "common/security/credentials.h"
#include "common/security/ticket.h"
#include "tests/harness/wait.h"

namespace fsdfs::testing {
namespace fs = std::filesystem;

LocalSwarm::LocalSwarm(LocalSwarmOptions options) : options_(std::move(options)) {
  std::string name = (fs::temp_directory_path() / "fsdfs-local-XXXXXX").string();
  if (mkdtemp(name.data()) != nullptr) directory_ = name;
}

LocalSwarm::~LocalSwarm() {
  client_.reset();
  nodes_.clear();
  if (master_server_) master_server_->stop(std::chrono::seconds(1));
  if (master_) master_->stop();
  master_server_.reset();
  master_.reset();
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
}

void LocalSwarm::Member::stop() {
  if (!node) return;
  node->prepare_stop();
  if (server) server->stop(std::chrono::seconds(1));
  Status closed = node->stop();
  if (!closed.ok()) ADD_FAILURE() << "a node did not close cleanly: " << closed.to_string();
  server.reset();
  node.reset();
}

Status LocalSwarm::start() {
  FSDFS_ASSIGN(authority_, Authority::derive("a swarm password for tests", "fsdfs"));
  fs::create_directories(directory_ / "master");
  master::MasterSettings settings;
  settings.data_directory = (directory_ / "master").string();
  settings.swarm = options_.settings;
  FSDFS_ASSIGN(master_, master::Master::start(std::move(settings), *authority_, clock_, logger_));
  RpcServer::Options server;
  server.address = "127.0.0.1:0";
  FSDFS_ASSIGN(server.credentials, mint_credentials(*authority_, std::string(kMasterName), clock_.wall()));
  server.services = master_->services();
  server.threads_max = 256;
  FSDFS_ASSIGN(master_server_, RpcServer::start(std::move(server)));
  master_->set_address(master_server_->address());
  for (int i = 0; i < options_.nodes; ++i) FSDFS_TRY(add_node(options_.quota));

  client::ClientOptions client;
  client.addresses = {master_server_->address()};
  FSDFS_ASSIGN(client.credentials, mint_credentials(*authority_, std::string(kClientName), clock_.wall()));
  FSDFS_ASSIGN(client_, client::SwarmClient::create(std::move(client), clock_, logger_));
  bool up = eventually(std::chrono::seconds(60), [this] {
    auto status = client_->status();
    return status.ok() && status->nodes_up == nodes_.size();
  });
  return up ? Status() : unavailable("not all nodes came up within 60 s");
}

Status LocalSwarm::add_node(uint64_t quota) {
  const std::string name = "node" + std::to_string(nodes_.size());
  const std::string path = (directory_ / name).string();
  fs::create_directories(path);
  FSDFS_ASSIGN(auto disks, node::NodeDisks::open(disk_, {path}, logger_));
  FSDFS_ASSIGN(auto key, load_or_create_private_key(disks->layout().key()));
  FSDFS_ASSIGN(auto credentials, mint_credentials(*authority_, node_name(disks->node()), clock_.wall(), key));
  auto member = std::make_unique<Member>();
  FSDFS_ASSIGN(member->dialer, Dialer::create(credentials));
  node::NodeSettings settings;
  settings.quotas = {quota};
  settings.masters = {master_server_->address()};
  settings.host = name;
  settings.free_floor = 0;
  settings.transfer_threads = 2;
  settings.copy_slots = 2;
  node::NodeKeys keys{authority_->subkey(kTicketKeyLabel), authority_->subkey(kReceiptKeyLabel)};
  member->node =
      std::make_unique<node::Node>(settings, std::move(disks), keys, clock_, logger_, *member->dialer);
  FSDFS_TRY(member->node->open());
  RpcServer::Options server;
  server.address = "127.0.0.1:0";
  server.credentials = credentials;
  server.services = {member->node->service()};
  FSDFS_ASSIGN(member->server, RpcServer::start(std::move(server)));
  member->node->start(member->server->address());
  nodes_.push_back(std::move(member));
  return {};
}

void LocalSwarm::stop_node(size_t index) {
  nodes_[index]->stop();
}

Status LocalSwarm::put(const std::string& path, const std::string& content) {
  client::MemorySource source(content);
  return client::upload(*client_, {kRootInode, path}, source, {}).status();
}

int LocalSwarm::copies(const std::string& path) {
  auto stat = client_->stat({kRootInode, path});
  return stat.ok() ? static_cast<int>(stat->attributes.copies) : -1;
}

}  // namespace fsdfs::testing
