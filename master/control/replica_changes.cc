#include "master/control/replica_changes.h"

#include <fmt/format.h>

#include <algorithm>

#include "master/namespace/trash.h"

namespace fsdfs::master {
namespace {

Result<uint32_t> whole_copies(ReadView& view, const ReplicaId& id, const NodeId& apart_from) {
  FSDFS_ASSIGN(auto replicas, view.replicas(id.inode));
  return static_cast<uint32_t>(std::count_if(replicas.begin(), replicas.end(), [&](const ReplicaRecord& r) {
    return r.replica == id && r.state == ReplicaState::kWhole && r.node != apart_from;
  }));
}

Status record(WriteTransaction& transaction, const NodeId& node, const HeldReplica& held,
              ReplicaState state) {
  return transaction.put_replica({held.replica, node, state, held.content.size, transaction.now()});
}

// Bad copies of a file go once enough good ones are there. `strange`: a node whose copy is whole and of
// another content, which nothing could be saved from; none: no node.
Status retire_bad_copies(WriteTransaction& transaction, const ReplicaId& current, const RetireRule& rule,
                         const NodeId& strange = {}) {
  FSDFS_ASSIGN(auto replicas, transaction.replicas(current.inode));
  int64_t whole = 0;
  FileTime verified{};
  for (const ReplicaRecord& replica : replicas) {
    if (replica.replica != current || replica.state != ReplicaState::kWhole) continue;
    if (!std::binary_search(rule.live.begin(), rule.live.end(), replica.node)) continue;
    ++whole;
    verified = std::max(verified, replica.verified);
  }
  if (whole < std::max<int64_t>(1, rule.copies_needed)) return {};
  for (const ReplicaRecord& replica : replicas) {
    if (replica.state != ReplicaState::kQuarantined) continue;
    if (verified < replica.verified && replica.node != strange) continue;
    FSDFS_TRY(condemn_replica(transaction, replica.replica, replica.node, replica.size));
  }
  return {};
}

// A replica whose file or version is not, or no longer, in the namespace.
Result<Verdict> judge_stranger(WriteTransaction& transaction, const NodeId& node, const HeldReplica& held) {
  FSDFS_ASSIGN(bool tombstone, transaction.is_tombstone(held.replica));
  if (!tombstone) return Verdict::kUnknown;
  FSDFS_TRY(condemn_replica(transaction, held.replica, node, held.content.size));
  return Verdict::kDoomed;
}

Result<Verdict> judge_current(WriteTransaction& transaction, const NodeId& node, const HeldReplica& held,
                              const Inode& inode, const std::optional<ReplicaRecord>& row,
                              const RetireRule& rule) {
  bool good = held.state == ReplicaState::kWhole && held.content == inode.content;
  ReplicaState state = good ? ReplicaState::kWhole : ReplicaState::kQuarantined;
  if (!row || row->state != state) FSDFS_TRY(record(transaction, node, held, state));
  bool strange = !good && held.state == ReplicaState::kWhole;
  FSDFS_TRY(retire_bad_copies(transaction, held.replica, rule, strange ? node : NodeId{}));
  if (!good) return Verdict::kQuarantined;
  return row && row->state == state ? Verdict::kKnown : Verdict::kRecorded;
}

// A node that was never seen, at the address and on the machine of one that was: in all likelihood that one,
// started with an empty directory because its disk is not mounted. As a new node it would be given copies of
// everything while the old one's files wait for a node that cannot come back.
Status check_no_namesake(WriteTransaction& transaction, const NodeHello& hello) {
  FSDFS_ASSIGN(auto nodes, transaction.nodes());
  for (const NodeRecord& node : nodes) {
    if (node.address != hello.address || node.host != hello.host) continue;
    if (node.admin_state == AdminState::kRemoving) continue;
    return failed_precondition(
        fmt::format(
            "node {0} is new here, but at {1} lives node {2}: if the data disk of {2} is not mounted, "
            "mount it and start fsdfsd again; if that node is gone for good, `fsdfs node remove {2}` "
            "and start fsdfsd again",
            to_string(hello.node), hello.address, to_string(node.id)),
        Reason::kWrongIdentity);
  }
  return {};
}

}  // namespace

Result<Verdict> apply_held(WriteTransaction& transaction, const NodeId& node, const HeldReplica& held,
                           const RetireRule& rule) {
  FSDFS_ASSIGN(auto row, transaction.replica(held.replica, node));
  if (row && row->state == ReplicaState::kDeleting) return Verdict::kDoomed;
  FSDFS_ASSIGN(auto session, transaction.session_of(held.replica));
  if (session) return Verdict::kStaged;
  FSDFS_ASSIGN(auto inode, transaction.inode(held.replica.inode));
  if (!inode || held.replica.version > inode->version) return judge_stranger(transaction, node, held);
  if (held.replica.version == inode->version)
    return judge_current(transaction, node, held, *inode, row, rule);
  if (row && row->state == ReplicaState::kStale) return Verdict::kKnown;
  FSDFS_TRY(record(transaction, node, held, ReplicaState::kStale));
  return Verdict::kRecorded;
}

bool is_settled(const Holding& recorded, const HeldReplica& held) {
  const ReplicaRecord& row = recorded.row;
  if (held.state != ReplicaState::kWhole || row.size != held.content.size) return false;
  if (row.state == ReplicaState::kDeleting || row.state == ReplicaState::kStale) return true;
  return row.state == ReplicaState::kWhole && recorded.content == held.content;
}

Status apply_verified(WriteTransaction& transaction, const NodeId& node, const VerifiedReplica& verified,
                      const RetireRule& rule) {
  FSDFS_ASSIGN(auto row, transaction.replica(verified.replica, node));
  bool whole = row && row->state == ReplicaState::kWhole;
  if (!whole && (!row || row->state != ReplicaState::kStale)) return {};
  // The node's clock may be ahead: nothing was verified in the future.
  FSDFS_TRY(transaction.set_verified(verified.replica, node, std::min(verified.at, transaction.now())));
  return whole ? retire_bad_copies(transaction, verified.replica, rule) : Status();
}

Result<std::optional<ReplicaState>> apply_gone(WriteTransaction& transaction, const NodeId& node,
                                               const ReplicaId& replica) {
  FSDFS_ASSIGN(auto row, transaction.replica(replica, node));
  if (!row) return std::optional<ReplicaState>();
  FSDFS_TRY(transaction.remove_replica(replica, node));
  return std::optional(row->state);
}

Status check_registered(ReadView& view, const NodeId& node) {
  FSDFS_ASSIGN(auto record, view.node(node));
  if (record && record->admin_state != AdminState::kRemoving) return {};
  return failed_precondition("node " + to_string(node) + " was removed from the swarm");
}

Result<DeletionVerdict> make_deletion_durable(WriteTransaction& transaction, const DeleteOrder& order) {
  const ReplicaId& replica = order.replica;
  FSDFS_ASSIGN(auto row, transaction.replica(replica, order.node));
  if (!row) return DeletionVerdict::kGone;
  if (row->state == ReplicaState::kDeleting) return DeletionVerdict::kDurable;
  FSDFS_ASSIGN(auto inode, transaction.inode(replica.inode));
  if (!inode || row->state == ReplicaState::kQuarantined) return DeletionVerdict::kRefused;
  if (order.of_trash && !inode->in_trash()) return DeletionVerdict::kRefused;
  FSDFS_ASSIGN(uint32_t others, whole_copies(transaction, {inode->id, inode->version}, order.node));
  if (others == 0) {
    if (!order.last_of_trash || !inode->in_trash()) return DeletionVerdict::kRefused;
    FSDFS_TRY(purge_trash(transaction, std::span(&inode->id, 1)).status());
    return DeletionVerdict::kDurable;
  }
  FSDFS_TRY(condemn_replica(transaction, replica, order.node, row->size));
  return DeletionVerdict::kDurable;
}

Result<NodeRecord> register_node(WriteTransaction& transaction, const NodeHello& hello, SwarmId swarm) {
  std::string name = to_string(hello.node);
  if (!hello.swarm.none() && hello.swarm != swarm) {
    return failed_precondition(
        fmt::format("node {} belongs to swarm {}, and this master serves {}: join it to its own "
                    "swarm, or give it an empty data directory",
                    name, to_string(hello.swarm), to_string(swarm)),
        Reason::kWrongIdentity);
  }
  FSDFS_ASSIGN(auto known, transaction.node(hello.node));
  if (!known) FSDFS_TRY(check_no_namesake(transaction, hello));
  NodeRecord record = known.value_or(NodeRecord{});
  if (known && known->key != hello.key) {
    return failed_precondition(
        fmt::format("node {} first joined with another key: this is a copy of its data "
                    "directory, or its node.key was replaced; give it an empty data directory",
                    name),
        Reason::kWrongIdentity);
  }
  if (known && known->admin_state == AdminState::kRemoving) {
    return unavailable(
        fmt::format("node {} is being removed from the swarm: it may join again after that", name));
  }
  // Each start of a node is an incarnation of its own and has one address: two addresses are two processes.
  bool older = known && hello.incarnation < known->incarnation;
  bool twin = known && hello.incarnation == known->incarnation && hello.address != known->address;
  if (older || twin) {
    return failed_precondition(
        fmt::format(
            "node {} was started as incarnation {} at {}, so incarnation {} at {} may not attend: two "
            "processes run with copies of one data directory; give one of them an empty directory",
            name, known->incarnation.value, known->address, hello.incarnation.value, hello.address),
        Reason::kStaleIncarnation);
  }
  record.id = hello.node;
  record.address = hello.address;
  record.zone = hello.zone;
  record.host = hello.host;
  record.quota = hello.quota;
  record.incarnation = hello.incarnation;
  record.key = hello.key;
  if (!known || *known != record) FSDFS_TRY(transaction.put_node(record));
  return record;
}

}  // namespace fsdfs::master
