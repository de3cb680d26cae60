// NodeDisks: the data disks of a node, opened together, and who that node is.
//
// The daemon opens it first of all, because the node's certificate speaks of the node's id; the Node takes it
// over. Each disk's identity file names the node, so any one of them is enough to know it; what they say of
// swarm, incarnation and epoch is merged to the highest. A disk that is not what it was is refused with the
// reason, and the others go on:
//   - the directory of another node (of those given, most disks decide whose they are), or a copy of a disk;
//   - an empty directory where the last start knew a disk: it is not mounted;
//   - in use by another process, without its identity file or with a damaged one, broken.
// With no other disk to go on with, the start fails with that reason: nobody becomes a new node because a
// disk is away. A directory that is empty and was not known is a new disk.
//
// Thread safety: the getters from any thread; grant and set_swarm from one thread at a time (the link's).
// Crash: an identity is with every working disk before a call returns ok; after an error it is not the
// node's, though some disks may know it.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/io/disk.h"
#include "common/log.h"
#include "common/status.h"
#include "node/store/data_directory.h"

namespace fsdfs::node {

class NodeDisks {
 public:
  struct Slot {
    std::string path;
    std::unique_ptr<DataDirectory> directory;  // null: refused
    Status refused;
  };

  // `paths`: at least one, each once. kFailedPrecondition and kDataLoss: see above and DataDirectory::lock.
  static Result<std::unique_ptr<NodeDisks>> open(Disk& disk, const std::vector<std::string>& paths,
                                                 Logger& logger);

  const std::vector<Slot>& slots() const { return slots_; }  // in the order of the paths; constant
  // Of the first disk that was not refused: where the node's own files are.
  const Layout& layout() const { return first().layout(); }
  Disk& disk() const { return first().disk(); }

  Identity identity() const;
  NodeId node() const { return node_; }
  Incarnation incarnation() const { return incarnation_; }
  Epoch epoch() const { return identity().epoch; }

  // Ok once `epoch` is durably the highest granted. kFailedPrecondition/kStaleEpoch: a higher one was granted
  // before.
  Status grant(Epoch epoch);
  // The first join. kFailedPrecondition/kWrongIdentity: the node belongs to another swarm.
  Status set_swarm(const SwarmId& swarm);

 private:
  NodeDisks(std::vector<Slot> slots, Identity identity);
  Status replace(const Identity& identity);
  DataDirectory& first() const;

  const std::vector<Slot> slots_;
  const NodeId node_;
  const Incarnation incarnation_;
  mutable std::mutex mutex_;
  Identity identity_;  // guarded by mutex_; `disk` is none
};

}  // namespace fsdfs::node
