#include "master/control/fact_feeder.h"

#include <algorithm>

namespace fsdfs::master {
namespace {

constexpr size_t kLoadPage = 4096;

bool is_counted(const Inode& inode) {
  return inode.type == FileType::kRegular && !inode.version.none();
}

FileInfo file_info(const Inode& inode) {
  FileInfo info;
  info.inode = inode.id;
  info.version = inode.version;
  info.size = inode.content.size;
  // Beyond what the scheduler counts in, more is the same: no swarm has so many nodes.
  info.target = std::min(inode.target, kTargetMax);
  info.trash = inode.in_trash();
  if (info.trash) info.deleted_at_s = inode.changed.seconds;
  return info;
}

struct Concerns {
  bool operator()(const InodeChanged& record) const { return is_counted(record.inode); }
  bool operator()(const EntryAdded&) const { return false; }
  bool operator()(const EntryRemoved&) const { return false; }
  bool operator()(const EpochStarted&) const { return false; }
  // What is in the trash is told by its inode.
  bool operator()(const TrashAdded&) const { return false; }
  bool operator()(const TrashRemoved&) const { return false; }
  bool operator()(const QuotaChanged&) const { return false; }
  bool operator()(const QuotaRemoved&) const { return false; }
  bool operator()(const PolicyChanged&) const { return false; }
  bool operator()(const VarsChanged&) const { return false; }
  template <typename Other>
  bool operator()(const Other&) const {
    return true;
  }
};

}  // namespace

bool FactFeeder::concerns(const LogEntry& entry) {
  return std::any_of(entry.records.begin(), entry.records.end(),
                     [](const LogRecord& record) { return std::visit(Concerns{}, record); });
}

Status FactFeeder::load(ReadView& view) {
  FSDFS_ASSIGN(auto nodes, view.nodes());
  for (const NodeRecord& node : nodes) node_changed(node);
  InodeId after;
  while (true) {
    FSDFS_ASSIGN(auto page, view.files(after, kLoadPage));
    for (const Inode& inode : page.files) inode_changed(inode);
    for (const ReplicaRecord& replica : page.replicas) replica_changed(replica);
    if (page.end) break;
    after = page.last;
  }
  FSDFS_ASSIGN(auto sessions, view.sessions());
  for (const SessionRecord& session : sessions) load_session(session);
  return {};
}

// What its chain has staged takes room that no admission of this process has reserved.
void FactFeeder::load_session(const SessionRecord& session) {
  leases_.renew(session.id, context_.clock.now());
  restored_.insert(session.id);
  for (const NodeId& id : session.chain) {
    KnownNode* node = context_.nodes.find(id);
    if (node == nullptr) continue;
    node->staged.set(session.id, session.size);
    context_.tell_node(*node);
  }
}

void FactFeeder::apply(const LogEntry& entry) {
  // A session's reservation ends before the copies that it made take its place.
  for (const LogRecord& record : entry.records) {
    if (auto* closed = std::get_if<SessionClosed>(&record)) session_closed(closed->session);
  }
  for (const LogRecord& record : entry.records) {
    if (auto* node = std::get_if<NodeChanged>(&record)) {
      node_changed(node->node);
    } else if (auto* inode = std::get_if<InodeChanged>(&record)) {
      inode_changed(inode->inode);
    } else if (auto* gone = std::get_if<InodeRemoved>(&record)) {
      context_.scheduler.file_removed(gone->inode);
    } else if (auto* replica = std::get_if<ReplicaChanged>(&record)) {
      replica_changed(replica->replica);
      watcher_.row_changed(replica->replica);
    } else if (auto* lost = std::get_if<ReplicaRemoved>(&record)) {
      replica_removed(lost->replica, lost->node);
    } else if (auto* opened = std::get_if<SessionOpened>(&record)) {
      session_opened(opened->session);
    } else if (auto* left = std::get_if<NodeRemoved>(&record)) {
      context_.nodes.erase(left->node);
      context_.scheduler.node_removed(left->node);
    }
  }
}

void FactFeeder::node_changed(const NodeRecord& record) {
  context_.tell_node(context_.nodes.put(record));
}

void FactFeeder::inode_changed(const Inode& inode) {
  if (!is_counted(inode)) return;
  check(context_.scheduler.file_changed(file_info(inode)), {inode.id, inode.version});
}

void FactFeeder::replica_changed(const ReplicaRecord& replica) {
  const auto& [inode, version] = replica.replica;
  Scheduler& scheduler = context_.scheduler;
  set_quarantined(replica.node, replica.replica, replica.state == ReplicaState::kQuarantined, replica.size);
  forget_unknown(replica.node, replica.replica);
  switch (replica.state) {
    case ReplicaState::kWhole:
    case ReplicaState::kStale:
      check(scheduler.replica_added(inode, version, replica.size, replica.node), replica.replica);
      break;
    case ReplicaState::kDeleting:
      if (orders_.is_ordering(replica.replica, replica.node)) break;
      check(scheduler.replica_deleting(inode, version, replica.size, replica.node), replica.replica);
      break;
    case ReplicaState::kQuarantined:
      scheduler.replica_removed(inode, version, replica.node);
      break;
  }
  orders_.copy_arrived(replica.replica, replica.node, replica.state == ReplicaState::kWhole);
}

void FactFeeder::replica_removed(const ReplicaId& id, const NodeId& node) {
  set_quarantined(node, id, false, 0);
  context_.scheduler.replica_removed(id.inode, id.version, node);
}

void FactFeeder::session_opened(const SessionRecord& session) {
  leases_.renew(session.id, context_.clock.now());
}

void FactFeeder::session_closed(SessionId session) {
  leases_.end(session);
  context_.scheduler.release(session);
  if (restored_.erase(session) == 0) return;
  for (auto& [id, node] : context_.nodes.all()) {
    if (node.staged.erase(session)) context_.tell_node(node);
  }
}

void FactFeeder::set_quarantined(const NodeId& id, const ReplicaId& replica, bool quarantined,
                                 uint64_t size) {
  KnownNode* node = context_.nodes.find(id);
  if (node == nullptr || (!quarantined && !node->quarantined.contains(replica))) return;
  if (quarantined) {
    node->quarantined.set(replica, size);
  } else {
    node->quarantined.erase(replica);
  }
  context_.tell_node(*node);
}

// It is recorded now: an operator has decided about it, or its file has come back.
void FactFeeder::forget_unknown(const NodeId& id, const ReplicaId& replica) {
  KnownNode* node = context_.nodes.find(id);
  if (node != nullptr && node->unknown.erase(replica)) context_.tell_node(*node);
}

void FactFeeder::check(const Status& status, const ReplicaId& replica) {
  if (status.ok()) return;
  context_.repeated.warning("fact", "the scheduler refuses a fact of {}: {}", replica.to_string(),
                            status.to_string());
}

}  // namespace fsdfs::master
