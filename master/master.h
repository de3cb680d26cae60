// Master: the role that owns the namespace and the schedule, composed: store, control loop and services. The
// daemon makes one, hands services() to its RpcServer, and ends with prepare_stop(), the server's stop,
// stop().
//
// Thread safety: set_address() and status questions from any thread; start and stop from the owner's.
// Crash: what was answered is in DATA/master/master.db; the next start() goes on from there in a new epoch.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/config/swarm_settings.h"
#include "common/ids.h"
#include "common/log.h"
#include "common/security/authority.h"
#include "common/status.h"

namespace grpc {
class Service;
}

namespace fsdfs::master {

struct MasterSettings {
  std::string data_directory;  // DATA; the master's part is DATA/master
  std::string swarm_name = "fsdfs";
  SwarmSettings swarm;
  Duration session_lease = std::chrono::seconds(30);
  std::string policy_program = {};  // fsdfs-policy; empty: beside this program
};

class Master {
 public:
  // Whether a master has run on this data directory before; if not, start() founds a swarm.
  static bool founded(const std::string& data_directory);

  // Opens or makes the database, takes a new epoch and starts the threads. Clock and logger outlive the
  // master. kFailedPrecondition: another process uses the directory, or its database is of a newer fsdfs.
  static Result<std::unique_ptr<Master>> start(MasterSettings settings, const Authority& authority,
                                               const Clock& clock, Logger& logger);
  ~Master();
  Master(const Master&) = delete;
  Master& operator=(const Master&) = delete;

  // To be registered in a server; valid until the master is destroyed.
  std::vector<grpc::Service*> services();
  // HOST:PORT at which the server listens, for `status`.
  void set_address(std::string address);

  SwarmId swarm() const;
  Epoch epoch() const;

  // Before the server is stopped: ends the nodes' streams, which would otherwise run until the server's grace
  // is over.
  void prepare_stop();
  // After the server was stopped. Answers what is under way, syncs and closes the database. Idempotent.
  void stop();

 private:
  struct Parts;
  explicit Master(std::unique_ptr<Parts> parts);
  const std::unique_ptr<Parts> parts_;
};

}  // namespace fsdfs::master
