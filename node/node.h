// Node: the node role, composed: store, data service, puller, link. The daemon makes one; a test may make
// many.
//
//   FSDFS_ASSIGN(auto disks, NodeDisks::open(disk, paths, logger));  // says who this node is
//   ... the daemon mints credentials for node_name(disks->node()), with the key in disks->layout().key() ...
//   Node node(settings, std::move(disks), keys, clock, logger, dialer);
//   FSDFS_TRY(node.open());                            // the store; before its service is registered
//   ... RpcServer::start({... services: node.service() ...}) ...
//   node.start(address);                               // HOST:PORT where others reach that server
//   ... node.prepare_stop(); server->stop(grace); node.stop(); ...
//
// Thread safety: open, start, prepare_stop, stop in one thread, in this order; the rest from any.
// The clock, logger and dialer, and the disk below the data disks, outlive it; the server that has its
// service is stopped before stop(). Crash: see store.h; a node that was killed is right again after the next
// open().
#pragma once

#include <memory>
#include <string>

#include "common/clock.h"
#include "common/log.h"
#include "common/status.h"
#include "node/settings.h"
#include "node/store/node_disks.h"
#include "node/store/store.h"
#include "node/transfer/access.h"
#include "node/transfer/meter.h"

namespace grpc {
class Service;
}
namespace fsdfs {
class Dialer;
}

namespace fsdfs::node {

class Node {
 public:
  Node(NodeSettings settings, std::unique_ptr<NodeDisks> disks, NodeKeys keys, const Clock& clock,
       Logger& logger, Dialer& dialer);
  ~Node();  // stop()
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  Status open();
  grpc::Service* service();  // after open(); owned by this
  void start(const std::string& address);
  // Leaves the master and cancels copies, while the server still answers those who read and write.
  void prepare_stop();
  // Closes the store cleanly. Idempotent.
  Status stop();

  NodeId id() const;
  Epoch epoch() const;
  ReplicaStore& store();   // after open()
  TransferMeter& meter();  // after open()

  // See MasterLink; false and ok before start() and after stop().
  bool joined() const;
  bool attached() const;
  Status last_error() const;
  bool wait_joined(Duration timeout);

 private:
  struct Parts;
  bool linked() const;

  const NodeSettings settings_;
  const NodeKeys keys_;
  const Clock& clock_;
  Logger& logger_;
  Dialer& dialer_;
  const std::unique_ptr<NodeDisks> disks_;
  std::unique_ptr<Parts> parts_;  // null: not open
};

}  // namespace fsdfs::node
