// Access: what a caller of the data service may do, by the ticket that it brings (invariant 10), and the
// receipts that this node gives. Thread-safe; constant after construction.
#pragma once

#include <string>
#include <string_view>

#include "common/clock.h"
#include "common/security/ticket.h"
#include "common/status.h"
#include "node/store/node_disks.h"
#include "node/store/replica.h"

namespace fsdfs::node {

// The swarm's keys that a node needs: Authority::subkey of the two labels in common/security/ticket.h.
struct NodeKeys {
  SecretKey ticket;
  SecretKey receipt;
};

// Who is at the other end of a stream.
struct Caller {
  Fingerprint key;
  bool fellow_node =
      false;  // its certificate is a node's: a full member, which may pass on a client's ticket
};

class Access {
 public:
  Access(NodeKeys keys, const NodeDisks& disks, const Clock& clock)
      : keys_(keys), disks_(disks), clock_(clock) {}

  // kUnauthenticated: expired. kPermissionDenied: not this, or not by this caller.
  // kFailedPrecondition/kStaleEpoch (writes only): granted by a master that another has followed.
  Status check_read(std::string_view ticket, const Caller& caller, const ReplicaId& replica) const;
  Status check_pull(std::string_view ticket, const Caller& caller, const ReplicaId& replica) const;
  Status check_write(std::string_view ticket, const Caller& caller, const ReplicaId& replica,
                     SessionId session) const;

  // A ticket to pull, for another term. An order to copy may wait and last longer than its ticket does; while
  // it stands, the node that it was given to, which holds the key as the master does, prolongs it. Anything
  // else stays as it is.
  std::string prolonged(const std::string& ticket) const;

  // That this node has synced the replica.
  std::string receipt(const HeldReplica& held) const;

 private:
  Status check(std::string_view ticket, const Fingerprint& client, const ReplicaId& replica, Right right,
               Ticket& opened) const;

  const NodeKeys keys_;
  const NodeDisks& disks_;
  const Clock& clock_;
};

}  // namespace fsdfs::node
