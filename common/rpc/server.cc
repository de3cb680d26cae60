#include "common/rpc/server.h"

#include <grpc/grpc.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>

#include "common/rpc/address.h"
#include "common/rpc/tls.h"

namespace fsdfs {
namespace {

// Passes on refusals, at most one a second; each says how many it stands for.
class RefusalReporter {
 public:
  RefusalReporter(std::function<void(const std::string&)> sink, std::shared_ptr<const Clock> clock)
      : sink_(std::move(sink)), clock_(std::move(clock)) {}

  void refused(const Status& verdict) {
    if (!sink_) return;
    uint64_t silent = 0;
    {
      std::lock_guard lock(mutex_);
      MonotonicTime now = clock_->now();
      if (reported_ && now - last_ < std::chrono::seconds(1)) {
        ++unreported_;
        return;
      }
      reported_ = true;
      last_ = now;
      silent = std::exchange(unreported_, 0);
    }
    std::string more =
        silent == 0 ? "" : " (and " + std::to_string(silent) + " more since the last such message)";
    sink_("refused a client: " + verdict.message() + more);
  }

 private:
  const std::function<void(const std::string&)> sink_;
  const std::shared_ptr<const Clock> clock_;
  std::mutex mutex_;  // guards what follows
  bool reported_ = false;
  MonotonicTime last_{};
  uint64_t unreported_ = 0;
};

void set_limits(grpc::ServerBuilder& builder, const RpcServer::Options& options) {
  using Option = grpc::ServerBuilder::SyncServerOption;
  grpc::ResourceQuota quota("fsdfs");
  quota.SetMaxThreads(options.threads_max);
  builder.SetResourceQuota(quota)
      .SetSyncServerOption(Option::NUM_CQS, 1)
      .SetSyncServerOption(Option::MIN_POLLERS, 1)
      .SetSyncServerOption(Option::MAX_POLLERS, 4)
      .SetMaxReceiveMessageSize(static_cast<int>(options.message_bytes_max))
      .SetMaxSendMessageSize(static_cast<int>(options.message_bytes_max))
      .AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, static_cast<int>(kMetadataBytesMax))
      // Two processes on one port would each get a part of the calls.
      .AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0)
      .AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, milliseconds(kHandshakeTimeout))
      .AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, milliseconds(kKeepaliveTime))
      .AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, milliseconds(kKeepaliveTimeout))
      .AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1)
      .AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0)
      // Members ping as often as they like.
      .AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 0)
      .AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 1000);
}

Status bind_error(int error, const std::string& address) {
  if (error == EADDRINUSE) {
    return already_exists("address already in use: " + address +
                          " (another process listens there; stop it or choose another port with --listen)");
  }
  return status_from_errno(error, "listen at " + address);
}

// Why gRPC could not listen: it does not say, so the operating system is asked again.
Status diagnose_listen(const HostPort& where) {
  std::string address = where.to_string();
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  int error = getaddrinfo(where.host.c_str(), std::to_string(where.port).c_str(), &hints, &found);
  if (error != 0) return invalid_argument("listen at " + address + ": " + gai_strerror(error));
  std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  Status status = unavailable("listen at " + address + ": refused for a moment (try again)");
  for (addrinfo* at = found; at != nullptr; at = at->ai_next) {
    int fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol);
    if (fd < 0) continue;
    int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    bool bound = bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, 1) == 0;
    if (!bound) status = bind_error(errno, address);
    close(fd);
    if (!bound) break;
  }
  return status;
}

}  // namespace

RpcServer::RpcServer(std::unique_ptr<grpc::Server> server, std::string address, uint16_t port)
    : server_(std::move(server)), address_(std::move(address)), port_(port) {}

RpcServer::~RpcServer() {
  stop(std::chrono::milliseconds(0));
}

Result<std::unique_ptr<RpcServer>> RpcServer::start(Options options) {
  FSDFS_ASSIGN(HostPort where, parse_host_port(options.address));
  FSDFS_ASSIGN(tls::Identity identity, tls::make_identity(options.credentials, options.clock));
  auto reporter = std::make_shared<RefusalReporter>(options.on_refused, options.clock);
  auto observer = [reporter](const Status& verdict) {
    if (!verdict.ok()) reporter->refused(verdict);
  };
  grpc::ServerBuilder builder;
  set_limits(builder, options);
  int port = 0;
  builder.AddListeningPort(where.to_string(), tls::server_credentials(identity, observer), &port);
  for (grpc::Service* service : options.services) builder.RegisterService(service);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (!server || port <= 0) return diagnose_listen(where);
  where.port = static_cast<uint16_t>(port);
  return std::unique_ptr<RpcServer>(new RpcServer(std::move(server), where.to_string(), where.port));
}

void RpcServer::stop(std::chrono::milliseconds grace) {
  server_->Shutdown(std::chrono::system_clock::now() + grace);
}

}  // namespace fsdfs
