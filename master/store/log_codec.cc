#include "master/store/log_codec.h"

#include <algorithm>
#include <cstring>

#include "fsdfs/log.pb.h"
#include "master/store/proto_codec.h"

namespace fsdfs::master {
namespace {

template <typename Id>
Id id_from(std::string_view bytes) {
  Id id;
  std::memcpy(id.bytes.data(), bytes.data(), std::min(bytes.size(), id.bytes.size()));
  return id;
}

struct Encoder {
  v1::LogRecord& out;

  void operator()(const InodeChanged& record) {
    *out.mutable_inode_changed()->mutable_attributes() = to_proto(record.inode);
  }
  void operator()(const InodeRemoved& record) { out.mutable_inode_removed()->set_inode(record.inode.value); }
  void operator()(const EntryAdded& record) {
    auto* added = out.mutable_entry_added();
    added->set_parent(record.entry.parent.value);
    added->set_name(record.entry.name);
    added->set_inode(record.entry.inode.value);
    added->set_cookie(record.entry.cookie);
  }
  void operator()(const EntryRemoved& record) {
    auto* removed = out.mutable_entry_removed();
    removed->set_parent(record.parent.value);
    removed->set_name(record.name);
    removed->set_inode(record.inode.value);
  }
  void operator()(const ReplicaChanged& record) {
    auto* changed = out.mutable_replica_changed();
    *changed->mutable_replica() = to_proto(record.replica.replica);
    changed->set_node(to_proto(record.replica.node));
    changed->set_state(to_proto(record.replica.state));
    changed->set_size(record.replica.size);
  }
  void operator()(const ReplicaRemoved& record) {
    auto* removed = out.mutable_replica_removed();
    *removed->mutable_replica() = to_proto(record.replica);
    removed->set_node(to_proto(record.node));
  }
  void operator()(const NodeChanged& record) {
    auto* changed = out.mutable_node_changed();
    *changed->mutable_node() = to_proto(record.node);
    changed->set_admin_state(to_proto(record.node.admin_state));
    changed->set_quota(record.node.quota);
    changed->set_incarnation(record.node.incarnation.value);
    changed->set_key(record.node.key.bytes.data(), record.node.key.bytes.size());
  }
  void operator()(const NodeRemoved& record) { out.mutable_node_removed()->set_node(to_proto(record.node)); }
  void operator()(const SessionOpened& record) {
    auto* opened = out.mutable_session_opened();
    opened->set_session(record.session.id.value);
    *opened->mutable_replica() = to_proto(record.session.replica);
    for (const NodeId& node : record.session.chain) opened->add_chain(to_proto(node));
  }
  void operator()(const SessionClosed& record) {
    out.mutable_session_closed()->set_session(record.session.value);
    out.mutable_session_closed()->set_committed(record.committed);
  }
  void operator()(const EpochStarted& record) { out.mutable_epoch_started()->set_epoch(record.epoch.value); }
  void operator()(const TrashAdded& added) {
    auto* trash = out.mutable_trash_added();
    trash->set_inode(added.record.inode.value);
    *trash->mutable_deleted() = to_proto(added.record.deleted);
    trash->set_path(added.record.path);
  }
  void operator()(const TrashRemoved& record) { out.mutable_trash_removed()->set_inode(record.inode.value); }
  void operator()(const QuotaChanged& record) {
    auto* quota = out.mutable_quota_changed();
    quota->set_directory(record.quota.directory.value);
    if (record.quota.bytes_limit) quota->set_bytes_limit(*record.quota.bytes_limit);
    if (record.quota.files_limit) quota->set_files_limit(*record.quota.files_limit);
    quota->set_bytes_used(record.quota.bytes_used);
    quota->set_files_used(record.quota.files_used);
  }
  void operator()(const QuotaRemoved& record) {
    out.mutable_quota_removed()->set_directory(record.directory.value);
  }
  void operator()(const PolicyChanged& record) {
    auto* changed = out.mutable_policy_changed();
    changed->set_rules(record.policy.rules);
    changed->set_python(record.policy.python);
    changed->set_revision(record.policy.revision);
  }
  void operator()(const VarsChanged& record) {
    auto* changed = out.mutable_vars_changed();
    changed->set_inode(record.inode.value);
    changed->mutable_vars()->insert(record.vars.begin(), record.vars.end());
  }
};

NodeRecord decode_node(const v1::NodeChanged& changed) {
  NodeRecord node;
  node.id = id_from<NodeId>(changed.node().node());
  node.address = changed.node().address();
  node.zone = changed.node().zone();
  node.host = changed.node().host();
  node.admin_state = from_proto(changed.admin_state());
  node.quota = changed.quota();
  node.incarnation = Incarnation{changed.incarnation()};
  node.key = id_from<Fingerprint>(changed.key());
  return node;
}

QuotaRecord decode_quota(const v1::QuotaChanged& changed) {
  QuotaRecord quota;
  quota.directory = InodeId{changed.directory()};
  if (changed.has_bytes_limit()) quota.bytes_limit = changed.bytes_limit();
  if (changed.has_files_limit()) quota.files_limit = changed.files_limit();
  quota.bytes_used = changed.bytes_used();
  quota.files_used = changed.files_used();
  return quota;
}

Result<LogRecord> decode_record(const v1::LogRecord& in) {
  switch (in.record_case()) {
    case v1::LogRecord::kInodeChanged:
      return LogRecord(InodeChanged{from_proto(in.inode_changed().attributes())});
    case v1::LogRecord::kInodeRemoved:
      return LogRecord(InodeRemoved{InodeId{in.inode_removed().inode()}});
    case v1::LogRecord::kEntryAdded: {
      const auto& added = in.entry_added();
      return LogRecord(
          EntryAdded{{InodeId{added.parent()}, added.name(), added.cookie(), InodeId{added.inode()}}});
    }
    case v1::LogRecord::kEntryRemoved: {
      const auto& removed = in.entry_removed();
      return LogRecord(EntryRemoved{InodeId{removed.parent()}, removed.name(), InodeId{removed.inode()}});
    }
    case v1::LogRecord::kReplicaChanged: {
      const auto& changed = in.replica_changed();
      return LogRecord(ReplicaChanged{{from_proto(changed.replica()), id_from<NodeId>(changed.node()),
                                       from_proto(changed.state()), changed.size(), FileTime{}}});
    }
    case v1::LogRecord::kReplicaRemoved:
      return LogRecord(ReplicaRemoved{from_proto(in.replica_removed().replica()),
                                      id_from<NodeId>(in.replica_removed().node())});
    case v1::LogRecord::kNodeChanged:
      return LogRecord(NodeChanged{decode_node(in.node_changed())});
    case v1::LogRecord::kNodeRemoved:
      return LogRecord(NodeRemoved{id_from<NodeId>(in.node_removed().node())});
    case v1::LogRecord::kSessionOpened: {
      SessionRecord session;
      session.id = SessionId{in.session_opened().session()};
      session.replica = from_proto(in.session_opened().replica());
      for (const auto& node : in.session_opened().chain()) session.chain.push_back(id_from<NodeId>(node));
      return LogRecord(SessionOpened{std::move(session)});
    }
    case v1::LogRecord::kSessionClosed:
      return LogRecord(
          SessionClosed{SessionId{in.session_closed().session()}, in.session_closed().committed()});
    case v1::LogRecord::kEpochStarted:
      return LogRecord(EpochStarted{Epoch{in.epoch_started().epoch()}});
    case v1::LogRecord::kTrashAdded: {
      const auto& added = in.trash_added();
      return LogRecord(TrashAdded{{InodeId{added.inode()}, from_proto(added.deleted()), added.path()}});
    }
    case v1::LogRecord::kTrashRemoved:
      return LogRecord(TrashRemoved{InodeId{in.trash_removed().inode()}});
    case v1::LogRecord::kQuotaChanged:
      return LogRecord(QuotaChanged{decode_quota(in.quota_changed())});
    case v1::LogRecord::kQuotaRemoved:
      return LogRecord(QuotaRemoved{InodeId{in.quota_removed().directory()}});
    case v1::LogRecord::kPolicyChanged: {
      const auto& changed = in.policy_changed();
      return LogRecord(PolicyChanged{{changed.rules(), changed.python(), changed.revision()}});
    }
    case v1::LogRecord::kVarsChanged: {
      const auto& changed = in.vars_changed();
      return LogRecord(VarsChanged{InodeId{changed.inode()}, {changed.vars().begin(), changed.vars().end()}});
    }
    case v1::LogRecord::RECORD_NOT_SET:
      break;
  }
  return data_loss(
      "an entry of the master's log holds a record of a kind that this fsdfs does not know: use a "
      "version as new as the one that wrote it",
      Reason::kNone);
}

}  // namespace

std::string encode_log_entry(const LogEntry& entry) {
  v1::LogEntry message;
  message.set_sequence(entry.sequence);
  message.set_epoch(entry.epoch.value);
  *message.mutable_time() = to_proto(entry.time);
  for (const LogRecord& record : entry.records) std::visit(Encoder{*message.add_records()}, record);
  return message.SerializeAsString();
}

Result<LogEntry> decode_log_entry(std::string_view bytes) {
  v1::LogEntry message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return data_loss("an entry of the master's log is damaged", Reason::kNone);
  }
  LogEntry entry{message.sequence(), Epoch{message.epoch()}, from_proto(message.time()), {}};
  for (const auto& record : message.records()) {
    FSDFS_ASSIGN(auto decoded, decode_record(record));
    entry.records.push_back(std::move(decoded));
  }
  return entry;
}

}  // namespace fsdfs::master
