#include "daemon/server.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/io/files.h"
#include "common/io/posix_disk.h"
#include "common/rpc/channel.h"
#include "common/rpc/server.h"
#include "common/security/authority.h"
#include "common/security/credentials.h"
#include "common/security/password.h"
#include "common/swarm_time.h"
#include "daemon/advertise.h"
#include "master/master.h"
#include "node/node.h"

namespace fsdfs {

class Server::Parts {
 public:
  Parts(FsdfsdOptions options, const Clock& clock, Logger& logger)
      : options_(std::move(options)), clock_(clock, logger), logger_(logger) {}

  Status start() {
    if (options_.server.master && !master::Master::founded(options_.server.data)) {
      FSDFS_TRY(check_new_password(options_.password.text));
    }
    FSDFS_TRY(make_directories(disk_, options_.server.data, 0750));
    FSDFS_ASSIGN(auto authority, Authority::derive(options_.password.text, options_.server.swarm_name));
    FSDFS_TRY(open_identity(authority));
    FSDFS_ASSIGN(dialer_, Dialer::create(credentials_));
    if (options_.server.master) FSDFS_TRY(start_master(authority));
    if (directory_) FSDFS_TRY(open_node(authority));
    FSDFS_TRY(serve());
    logger_.info("serving as {} at {} (others are told {})", roles(), server_->address(), address_);
    if (node_) node_->start(address_);
    return {};
  }

  void stop() {
    if (node_) node_->prepare_stop();
    if (master_) master_->prepare_stop();
    if (server_) server_->stop(kStopGrace);
    if (node_) {
      if (Status closed = node_->stop(); !closed.ok())
        logger_.error("the node did not close cleanly: {}", closed.to_string());
    }
    if (master_) master_->stop();
    server_.reset();
    node_.reset();
    master_.reset();
  }

  const std::string& address() const { return address_; }

  Status refused() const {
    if (!node_ || node_->joined()) return {};
    Status error = node_->last_error();
    bool final = error.code() == Code::kPermissionDenied || error.reason() == Reason::kWrongIdentity ||
                 error.reason() == Reason::kStaleIncarnation;
    return final ? error : Status();
  }

 private:
  static constexpr std::chrono::milliseconds kStopGrace{2000};

  std::string roles() const {
    if (master_ && node_) return "master and node " + to_string(node_->id());
    return master_ ? "master" : "node " + to_string(node_->id());
  }

  // Who this server is, which its certificate speaks of.
  Status open_identity(const Authority& authority) {
    std::string name(kMasterName);
    std::string key;
    if (options_.server.quota > 0) {
      FSDFS_ASSIGN(directory_, node::DataDirectory::open(disk_, options_.server.data, logger_));
      name = node_name(directory_->node());
      FSDFS_ASSIGN(key, load_or_create_private_key(directory_->layout().key()));
    }
    FSDFS_ASSIGN(credentials_, mint_credentials(authority, name, clock_.wall(), key));
    return {};
  }

  Status start_master(const Authority& authority) {
    master::MasterSettings settings{.data_directory = options_.server.data,
                                    .swarm_name = options_.server.swarm_name,
                                    .swarm = options_.swarm};
    FSDFS_ASSIGN(master_, master::Master::start(std::move(settings), authority, clock_, logger_));
    return {};
  }

  Status open_node(const Authority& authority) {
    node::NodeSettings settings = options_.node;
    settings.quota = options_.server.quota;
    settings.zone = options_.server.zone;
    settings.report_interval = options_.swarm.report_interval;
    settings.masters = options_.server.join;
    // A server that is master and node joins itself, at the address that it is about to serve on.
    if (settings.masters.empty()) settings.masters = {options_.server.listen};
    node::NodeKeys keys{authority.subkey(kTicketKeyLabel), authority.subkey(kReceiptKeyLabel)};
    node_ = std::make_unique<node::Node>(std::move(settings), std::move(directory_), keys, clock_, disk_,
                                         logger_, *dialer_);
    return node_->open();
  }

  Status serve() {
    RpcServer::Options options;
    options.address = options_.server.listen;
    options.credentials = credentials_;
    if (master_) options.services = master_->services();
    if (node_) options.services.push_back(node_->service());
    options.on_refused = [this](const std::string& message) { logger_.warning("{}", message); };
    FSDFS_ASSIGN(server_, RpcServer::start(std::move(options)));
    address_ = options_.server.advertise;
    if (address_.empty()) {
      FSDFS_ASSIGN(address_, advertised_address(server_->address(), options_.server.join));
    }
    if (master_) master_->set_address(address_);
    return {};
  }

  const FsdfsdOptions options_;
  const TrustedClock clock_;
  Logger& logger_;
  PosixDisk disk_;
  Credentials credentials_;
  std::unique_ptr<Dialer> dialer_;
  std::unique_ptr<node::DataDirectory> directory_;  // until the node takes it over
  std::unique_ptr<master::Master> master_;
  std::unique_ptr<node::Node> node_;
  std::unique_ptr<RpcServer> server_;  // its services are the two above
  std::string address_;
};

Server::Server(FsdfsdOptions options, const Clock& clock, Logger& logger)
    : parts_(std::make_unique<Parts>(std::move(options), clock, logger)) {}
Server::~Server() {
  stop();
}
Status Server::start() {
  return parts_->start();
}
void Server::stop() {
  parts_->stop();
}
const std::string& Server::address() const {
  return parts_->address();
}

Status Server::refused() const {
  return parts_->refused();
}

}  // namespace fsdfs
