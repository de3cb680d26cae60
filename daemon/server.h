// Server: one fsdfsd: the roles that its options ask for, behind one gRPC server. Made by main; start() and
// stop() are called once each, from one thread.
#pragma once

#include <memory>
#include <string>

#include "common/clock.h"
#include "common/log.h"
#include "common/status.h"
#include "daemon/fsdfsd_options.h"

namespace fsdfs {

class Server {
 public:
  // `clock` and `logger` outlive the server.
  Server(FsdfsdOptions options, const Clock& clock, Logger& logger);
  ~Server();  // stop()

  // Serves on return. A node that cannot reach its master goes on trying.
  Status start();
  // Ends what runs, in bounded time; acknowledged content is safe whatever is cut off.
  void stop();
  const std::string& address() const;  // HOST:PORT that others are told
  // Why the swarm will never take this node as it was started (a wrong password, another swarm's data
  // directory); ok while it may yet join, and for ever once it has. Any thread.
  Status refused() const;

 private:
  class Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace fsdfs
