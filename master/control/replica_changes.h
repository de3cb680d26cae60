// What a node says it holds, held against what is recorded: functions over one transaction of the store,
// called by the control loop for reports and inventories.
//
// Invariant 1: a row becomes whole only by what its node has reported or given a receipt for, and only with
// the digest that the version has. Invariant 11: what is not known is neither recorded nor deleted; a
// deletion needs a row that is one already, a tombstone, or a version that lost.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "common/status.h"
#include "master/control/node_messages.h"
#include "master/scheduler/types.h"
#include "master/store/store.h"

namespace fsdfs::master {

enum class Verdict : uint8_t {
  kKnown,        // as recorded
  kRecorded,     // the row was made or changed
  kStaged,       // of a session that is still open: its commit will record it
  kDoomed,       // its deletion is decided
  kQuarantined,  // bad: reported so, or with another digest than its version's
  kUnknown,      // left alone
};

// When bad copies of a file may go: there are so many whole ones of its current version on nodes that are not
// dead, and one of these was read or made since the bad one was found. A row that merely was never doubted
// may be the next to turn out bad.
struct RetireRule {
  uint32_t copies_needed = 1;
  std::vector<NodeId> live = {};  // ascending: the nodes that are not dead
};

Result<Verdict> apply_held(WriteTransaction& transaction, const NodeId& node, const HeldReplica& held,
                           const RetireRule& rule);
// True when apply_held would leave everything as it is; then the writer need not be asked. `recorded`: of
// this replica on this node.
bool is_settled(const Holding& recorded, const HeldReplica& held);

// The node has read it whole and found it right.
Status apply_verified(WriteTransaction& transaction, const NodeId& node, const VerifiedReplica& verified,
                      const RetireRule& rule);

// The node does not hold it (any more). What the row's state was, if there was one.
Result<std::optional<ReplicaState>> apply_gone(WriteTransaction& transaction, const NodeId& node,
                                               const ReplicaId& replica);
// kFailedPrecondition: it was removed, or is being removed; nothing may be recorded of it.
Status check_registered(ReadView& view, const NodeId& node);

// Makes a deletion that the scheduler decided durable. kGone: there is nothing to delete. kRefused: it must
// not be: the last look at the records says that no other whole copy would be left, or that the file was
// restored since. The last copy of a deleted file goes only as such (last_of_trash), and takes the file from
// the trash.
enum class DeletionVerdict : uint8_t { kDurable, kGone, kRefused };
Result<DeletionVerdict> make_deletion_durable(WriteTransaction& transaction, const DeleteOrder& order);

// A node that says hello. kFailedPrecondition: kWrongIdentity (another key than at its first join, another
// swarm, a new node in the place of a known one), kStaleIncarnation. kUnavailable: it is being removed.
// Returns the record as it is now.
Result<NodeRecord> register_node(WriteTransaction& transaction, const NodeHello& hello, SwarmId swarm);

}  // namespace fsdfs::master
