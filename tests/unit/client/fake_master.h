// FakeMaster: the master's services for clients over loopback: a namespace in memory, sessions whose chains
// are given, and faults on purpose. For the tests of the client library; no database, no scheduler.
// Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "client/types.h"
#include "common/rpc/server.h"
#include "common/security/credentials.h"
#include "common/status.h"
#include "fsdfs/namespace.grpc.pb.h"
#include "tests/unit/client/fake_master_state.h"

namespace fsdfs::client {

class FakeMaster {
 public:
  explicit FakeMaster(const Credentials& credentials, const std::string& address = "127.0.0.1:0");
  ~FakeMaster();

  const std::string& address() const { return server_->address(); }

  // Chains and holders consist of these, in this order.
  void set_nodes(std::vector<NodeAddress> nodes);
  // A file that is there already, as "/a/b"; its directories are made.
  ReplicaId add_file(const std::string& path, uint64_t size, const std::string& digest);
  void add_directory(const std::string& path);
  // The file gets a new version (and no content).
  ReplicaId change_file(const std::string& path);
  Status set_attributes_of(const std::string& path, const std::function<void(v1::Attributes&)>& change);
  bool exists(const std::string& path);
  v1::Attributes attributes_of(const std::string& path);
  // Names below a directory, in the order of their names.
  std::vector<std::string> names_in(const std::string& path);

  // The next `count` mutations are made, and their answers lost.
  void lose_answers(int count);
  void refuse_opens(Status status);  // of sessions; ok: no longer
  void set_lease(Duration lease);
  // A deleted file; they are to come in the order of path and inode.
  void add_trash(uint64_t inode, const std::string& path, int64_t deleted_s);
  std::vector<uint64_t> trash();
  std::vector<std::string> restored_to();  // the requests' destinations, in their order
  void set_status(v1::GetStatusReply status);
  // Run at each GetStatus before its answer.
  void on_status(std::function<void(v1::GetStatusReply&)> change);

  FakeMasterCounts counts();
  std::vector<std::string> last_avoid();     // node ids of the last OpenSession
  std::vector<std::string> last_receipts();  // of the last CommitSession

 private:
  class SessionsService;
  class SwarmService;

  const std::unique_ptr<FakeMasterState> state_;
  std::vector<std::unique_ptr<grpc::Service>> services_;
  std::unique_ptr<RpcServer> server_;
};

}  // namespace fsdfs::client
