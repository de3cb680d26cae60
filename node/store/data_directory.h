// DataDirectory: who owns a directory of replicas. It holds the lock against a second process and the
// identity file:
//
//   fsdfs-identity 1
//   swarm: 8e0c...            (empty until the first join)
//   node: 51b2...
//   incarnation: 7            (grows durably at each open)
//   epoch: 3                  (the highest that this node has granted, invariant 9)
//   sum: 9f86d081884c7d65     (XXH3-64 of the lines above)
//
// The daemon opens it first of all, because the node's certificate speaks of the node's id; the Node takes it
// over. Thread safety: the getters from any thread; grant and set_swarm from one thread at a time (the
// link's). Crash: the file is replaced atomically and synced before a call returns ok; after an error nothing
// has changed.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "common/ids.h"
#include "common/io/disk.h"
#include "common/log.h"
#include "common/status.h"
#include "node/store/layout.h"

namespace fsdfs::node {

struct Identity {
  SwarmId swarm;  // none: never joined
  NodeId node;
  Incarnation incarnation;
  Epoch epoch;  // 0: none granted
  friend bool operator==(const Identity&, const Identity&) = default;
};

std::string encode_identity(const Identity& identity);
// kDataLoss says what is wrong with the text.
Result<Identity> decode_identity(std::string_view text);

class DataDirectory {
 public:
  // Makes what is missing of a fresh directory. kFailedPrecondition: in use by another process, or, with
  // Reason::kWrongIdentity, a directory that holds replicas and no identity. kDataLoss: the identity file is
  // damaged.
  static Result<std::unique_ptr<DataDirectory>> open(Disk& disk, const std::string& path, Logger& logger);

  const Layout& layout() const { return layout_; }
  Identity identity() const;
  NodeId node() const { return node_; }
  Incarnation incarnation() const { return incarnation_; }
  Epoch epoch() const { return identity().epoch; }

  // Ok once `epoch` is durably the highest granted. kFailedPrecondition/kStaleEpoch: a higher one was granted
  // before.
  Status grant(Epoch epoch);
  // The first join. kFailedPrecondition/kWrongIdentity: the directory belongs to another swarm.
  Status set_swarm(const SwarmId& swarm);

 private:
  DataDirectory(Disk& disk, Layout layout, std::unique_ptr<DiskLock> lock, Identity identity);
  Status replace(const Identity& identity);

  Disk& disk_;
  const Layout layout_;
  const std::unique_ptr<DiskLock> lock_;
  const NodeId node_;
  const Incarnation incarnation_;
  mutable std::mutex mutex_;
  Identity identity_;  // guarded by mutex_; as it is in the file
};

}  // namespace fsdfs::node
