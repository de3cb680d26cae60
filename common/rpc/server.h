// RpcServer: a gRPC server that speaks to members of the swarm only. The daemon composes one from the
// services of its roles; a service asks common/rpc/peer.h who is calling.
//
// Thread safety: stop() may be called from any thread, more than once; the rest is constant after start().
// Invariant 10: a peer that has not proven a certificate of our authority reaches no service.
// Services and the server they are part of: the services must outlive it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/rpc/limits.h"
#include "common/security/credentials.h"
#include "common/status.h"

namespace grpc {
class Server;
class Service;
}  // namespace grpc

namespace fsdfs {

class RpcServer {
 public:
  struct Options {
    std::string address;  // "HOST:PORT"; port 0: any free one
    Credentials credentials;
    std::vector<grpc::Service*> services;  // not owned
    // Threads that calls of the synchronous API may hold at once; one more call is answered
    // RESOURCE_EXHAUSTED. A synchronous stream holds one for as long as it lasts: long-lived streams belong
    // to the callback API.
    int threads_max = 64;
    size_t message_bytes_max = kMessageBytesMax;
    // Told of peers that were refused for their certificate, at most once a second, from gRPC's threads.
    std::function<void(const std::string& message)> on_refused;
    std::shared_ptr<const Clock> clock = std::make_shared<SystemClock>();
  };

  // Listens and serves on return. kAlreadyExists: "address already in use: HOST:PORT ..."; other codes as the
  // operating system says or as the credentials deserve.
  static Result<std::unique_ptr<RpcServer>> start(Options options);
  ~RpcServer();  // stop() without grace
  RpcServer(const RpcServer&) = delete;
  RpcServer& operator=(const RpcServer&) = delete;

  uint16_t port() const { return port_; }                  // the actual one
  const std::string& address() const { return address_; }  // HOST:PORT with the actual port

  // Takes no new calls, gives those that run `grace` to end and cancels the rest; returns when all have
  // ended.
  void stop(std::chrono::milliseconds grace);

 private:
  RpcServer(std::unique_ptr<grpc::Server> server, std::string address, uint16_t port);

  const std::unique_ptr<grpc::Server> server_;
  const std::string address_;
  const uint16_t port_;
};

}  // namespace fsdfs
