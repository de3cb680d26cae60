#include "master/service/convert.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "master/control/node_warnings.h"

namespace fsdfs::master {
namespace {

template <typename Id>
Id id_or_none(std::string_view bytes) {
  Id id;
  if (bytes.size() == id.bytes.size()) std::memcpy(id.bytes.data(), bytes.data(), bytes.size());
  return id;
}

uint32_t milliseconds(Duration duration) {
  return static_cast<uint32_t>(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

// What one message of an inventory may carry.
constexpr int kRangesMax = 64;
constexpr int kReplicasMax = 4096;

Status check_ascending(const ReplicaId& before, const ReplicaId& next) {
  if (before < next) return {};
  return invalid_argument(
      fmt::format("an inventory is not in order: {} follows {}", next.to_string(), before.to_string()));
}

struct MessageEncoder {
  v1::MasterMessage& out;
  const std::string& swarm_name;

  void operator()(const WelcomeMessage& welcome) {
    auto* message = out.mutable_welcome();
    message->set_swarm(to_proto(welcome.swarm));
    message->set_swarm_name(swarm_name);
    message->set_report_interval_ms(milliseconds(welcome.report_interval));
    message->set_lease_ms(milliseconds(welcome.lease));
    message->set_time_ms(
        std::chrono::floor<std::chrono::milliseconds>(welcome.time.time_since_epoch()).count());
  }
  void operator()(const AcknowledgeMessage& acknowledge) {
    out.mutable_acknowledge()->set_sequence(acknowledge.sequence);
    out.mutable_acknowledge()->set_inventory(acknowledge.inventory);
  }
  void operator()(const CopyMessage& copy) {
    auto* message = out.mutable_copy();
    message->set_order(copy.order.value);
    *message->mutable_replica() = to_proto(copy.replica);
    *message->mutable_content() = to_proto(copy.content);
    for (const NodeRecord& source : copy.sources) *message->add_sources() = to_proto(source);
    *message->mutable_origin() = to_proto(copy.origin);
  }
  void operator()(const DeleteMessage& deletion) {
    out.mutable_delete_()->set_order(deletion.order.value);
    *out.mutable_delete_()->mutable_replica() = to_proto(deletion.replica);
  }
  void operator()(const CancelMessage& cancel) { out.mutable_cancel()->set_order(cancel.order.value); }
  void operator()(const AuditMessage& audit) {
    auto* message = out.mutable_audit();
    message->set_request(audit.request);
    for (const ReplicaId& id : audit.ids) *message->add_ids() = to_proto(id);
    if (audit.after != ReplicaId{}) *message->mutable_after() = to_proto(audit.after);
  }
  void operator()(const InventoryMessage& inventory) {
    for (const ReplicaSpan& asked : inventory.spans) {
      v1::ReplicaSpan& span = *out.mutable_inventory()->add_spans();
      if (asked.after != ReplicaId{}) *span.mutable_after() = to_proto(asked.after);
      *span.mutable_last() = to_proto(asked.last);
    }
  }
  void operator()(const ScrubMessage& scrub) { out.mutable_scrub()->set_request(scrub.request); }
};

}  // namespace

PathAt from_proto(const v1::Place& place) {
  return {InodeId{place.directory()}, place.path()};
}

Result<std::optional<RequestId>> request_from_proto(bool present, const v1::RequestId& request) {
  if (!present) return std::optional<RequestId>();
  FSDFS_ASSIGN(auto bytes, uuid_from_proto(request.client(), "the client id of a request"));
  return std::optional<RequestId>(RequestId{ClientId{bytes}, request.number()});
}

RemoveKind from_proto(v1::RemoveKind kind) {
  switch (kind) {
    case v1::REMOVE_KIND_FILE:
      return RemoveKind::kFile;
    case v1::REMOVE_KIND_DIRECTORY:
      return RemoveKind::kDirectory;
    default:
      return RemoveKind::kAny;
  }
}

AttributeChange from_proto(const v1::SetAttributesRequest& request) {
  AttributeChange change;
  if (request.has_mode()) change.mode = request.mode();
  if (request.has_uid()) change.uid = request.uid();
  if (request.has_gid()) change.gid = request.gid();
  if (request.has_accessed()) change.accessed = from_proto(request.accessed());
  if (request.has_modified()) change.modified = from_proto(request.modified());
  return change;
}

OpenRequest from_proto(const v1::OpenSessionRequest& request) {
  OpenRequest open;
  open.path = from_proto(request.place());
  open.size = request.size();
  open.attributes = {request.mode(), request.uid(), request.gid()};
  if (request.has_target()) open.target = request.target();
  open.no_replace = request.no_replace();
  return open;
}

Result<std::vector<NodeId>> nodes_from_proto(const google::protobuf::RepeatedPtrField<std::string>& ids) {
  std::vector<NodeId> nodes;
  for (const std::string& id : ids) {
    FSDFS_ASSIGN(auto bytes, uuid_from_proto(id, "a node id"));
    nodes.push_back(NodeId{bytes});
  }
  return nodes;
}

v1::NodeState to_proto(Liveness liveness) {
  switch (liveness) {
    case Liveness::kUp:
      return v1::NODE_STATE_UP;
    case Liveness::kSilent:
      return v1::NODE_STATE_SILENT;
    case Liveness::kDead:
      return v1::NODE_STATE_DEAD;
  }
  return v1::NODE_STATE_UNSPECIFIED;
}

v1::Load to_proto(const LoadReport& load) {
  v1::Load message;
  message.set_cpu(load.cpu);
  message.set_net_in(load.net_in);
  message.set_net_out(load.net_out);
  message.set_disk(load.disk_ms);
  message.set_copies(load.copies);
  message.set_readers(load.readers);
  message.set_foreground_ms(load.foreground_ms);
  return message;
}

v1::ScrubProgress to_proto(const ScrubReport& scrub) {
  v1::ScrubProgress message;
  message.set_running(scrub.running);
  message.set_bytes_done(scrub.bytes_done);
  message.set_bytes_total(scrub.bytes_total);
  message.set_replicas(scrub.replicas);
  message.set_bad(scrub.bad);
  message.set_passes(scrub.passes);
  if (scrub.passes != 0) *message.mutable_finished() = to_proto(scrub.finished);
  message.set_answered(scrub.answered);
  return message;
}

v1::Holder holder_to_proto(const NodeStatus& node) {
  v1::Holder holder;
  *holder.mutable_node() = to_proto(node.record);
  *holder.mutable_load() = to_proto(node.load);
  holder.set_state(to_proto(node.liveness));
  return holder;
}

v1::NodeInfo info_to_proto(const NodeStatus& node) {
  v1::NodeInfo info;
  *info.mutable_node() = to_proto(node.record);
  info.set_state(to_proto(node.liveness));
  info.set_admin_state(to_proto(node.record.admin_state));
  info.set_quota_bytes(node.record.quota);
  info.set_used_bytes(node.attending ? node.used : node.placed.used);
  info.set_files(node.placed.files);
  if (node.placed.has_max_surplus) info.set_max_surplus(node.placed.max_surplus);
  *info.mutable_load() = to_proto(node.load);
  info.set_unknown_replicas(node.unknown_replicas);
  info.set_incarnation(node.record.incarnation.value);
  info.set_attending(node.attending);
  info.set_only_copies(node.placed.only_copies);
  for (const DiskReport& disk : node.disks) {
    v1::DiskInfo& message = *info.add_disks();
    message.set_path(disk.path);
    message.set_quota_bytes(disk.quota);
    message.set_used_bytes(disk.used);
    message.set_free_bytes(disk.free_on_disk);
    message.set_replicas(disk.replicas);
    message.set_failed(disk.failed);
  }
  info.set_quarantined_replicas(node.quarantined_replicas);
  *info.mutable_scrub() = to_proto(node.scrub);
  if (node.record.admin_state == AdminState::kDraining) {
    info.set_drain_left(std::max(node.placed.drain_left, node.placed.only_copies));
    info.set_drained(is_drained(node));
  }
  return info;
}

uint32_t count_copies(const Inode& inode, const std::vector<ReplicaRecord>& replicas,
                      const SwarmView& swarm) {
  return static_cast<uint32_t>(
      std::count_if(replicas.begin(), replicas.end(), [&](const ReplicaRecord& replica) {
        return replica.replica.version == inode.version && replica.state == ReplicaState::kWhole &&
               swarm.is_live(replica.node);
      }));
}

Result<v1::Attributes> attributes_to_proto(ReadView& view, const SwarmView& swarm, const Inode& inode,
                                           InodeId parent) {
  v1::Attributes attributes = to_proto(inode);
  if (parent.value != 0) attributes.set_parent(parent.value);
  if (inode.type != FileType::kRegular) return attributes;
  FSDFS_ASSIGN(auto replicas, view.replicas(inode.id));
  attributes.set_copies(count_copies(inode, replicas, swarm));
  return attributes;
}

Result<NodeHello> from_proto(const v1::Hello& hello, uint64_t incarnation, const Fingerprint& key) {
  NodeHello out;
  FSDFS_ASSIGN(out.node.bytes, uuid_from_proto(hello.node(), "a node id"));
  if (!hello.swarm().empty()) {
    FSDFS_ASSIGN(out.swarm.bytes, uuid_from_proto(hello.swarm(), "a swarm id"));
  }
  if (incarnation == 0) return invalid_argument("a node's incarnation is 0; it counts its starts from 1");
  if (hello.address().empty()) return invalid_argument("a node said hello without its address");
  out.incarnation = Incarnation{incarnation};
  out.address = hello.address();
  out.zone = hello.zone();
  out.host = hello.host();
  out.quota = hello.quota();
  out.used = hello.used();
  out.highest_epoch = Epoch{hello.highest_epoch()};
  out.key = key;
  return out;
}

Result<HeldReplica> from_proto(const v1::HeldReplica& held) {
  HeldReplica out;
  out.replica = from_proto(held.replica());
  FSDFS_ASSIGN(out.content, from_proto(held.content()));
  out.state = from_proto(held.state());
  return out;
}

Result<InventoryRanges> from_proto(const v1::InventoryRanges& message) {
  InventoryRanges out{from_proto(message.after()), {}};
  if (message.ranges_size() < 1 || message.ranges_size() > kRangesMax) {
    return invalid_argument(
        fmt::format("an inventory came in {} ranges at once (1 to {})", message.ranges_size(), kRangesMax));
  }
  ReplicaId last = out.after;
  for (const auto& range : message.ranges()) {
    FSDFS_TRY(check_ascending(last, from_proto(range.last())));
    last = from_proto(range.last());
    if (range.count() > uint32_t{kReplicasMax}) {
      return invalid_argument(
          fmt::format("a range of an inventory has {} replicas, more than {}", range.count(), kReplicasMax));
    }
    out.ranges.push_back({last, range.count(), range.digest()});
  }
  return out;
}

Result<InventoryPage> from_proto(const v1::InventoryPage& message) {
  InventoryPage out{{from_proto(message.span().after()), from_proto(message.span().last())}, {}};
  FSDFS_TRY(check_ascending(out.span.after, out.span.last));
  if (message.held_size() > kReplicasMax) {
    return invalid_argument(fmt::format("a page of an inventory has {} replicas, more than {}",
                                        message.held_size(), kReplicasMax));
  }
  out.held.reserve(static_cast<size_t>(message.held_size()));
  ReplicaId before = out.span.after;
  for (const auto& held : message.held()) {
    FSDFS_ASSIGN(auto replica, from_proto(held));
    FSDFS_TRY(check_ascending(before, replica.replica));
    before = replica.replica;
    out.held.push_back(std::move(replica));
  }
  if (before != out.span.last) FSDFS_TRY(check_ascending(before, out.span.last));
  return out;
}

Result<NodeReport> from_proto(const v1::Report& report) {
  NodeReport out;
  const v1::Load& load = report.load();
  out.load = {load.cpu(),    load.net_in(),  load.net_out(),      load.disk(),
              load.copies(), load.readers(), load.foreground_ms()};
  out.quota = report.quota();
  out.used = report.used();
  out.free_on_disk = report.free_on_disk();
  if (report.has_capacity()) out.capacity = report.capacity();
  for (const auto& disk : report.disks()) {
    out.disks.push_back({disk.path(), disk.quota_bytes(), disk.used_bytes(), disk.free_bytes(),
                         disk.replicas(), disk.failed()});
  }
  const v1::ScrubProgress& scrub = report.scrub();
  out.scrub = {scrub.running(), scrub.bytes_done(), scrub.bytes_total(),          scrub.replicas(),
               scrub.bad(),     scrub.passes(),     from_proto(scrub.finished()), scrub.answered()};
  for (const auto& verified : report.verified()) {
    out.verified.push_back({from_proto(verified.replica()), from_proto(verified.at())});
  }
  for (const auto& change : report.changes()) {
    if (change.has_added()) {
      FSDFS_ASSIGN(auto added, from_proto(change.added()));
      out.changes.push_back({change.sequence(), std::move(added)});
    } else {
      out.changes.push_back({change.sequence(), from_proto(change.removed())});
    }
  }
  return out;
}

OrderOutcome from_proto(const v1::OrderOutcome& outcome) {
  OrderOutcome out;
  out.order = OrderId{outcome.order()};
  // An outcome is sent for what failed; a code that is none of ours fails like any other.
  bool known = outcome.code() > 0 && outcome.code() <= static_cast<uint32_t>(Code::kUnauthenticated);
  Code code = known ? static_cast<Code>(outcome.code()) : Code::kUnknown;
  out.status = Status(code, outcome.message(), static_cast<Reason>(outcome.reason()));
  out.failed_source = id_or_none<NodeId>(outcome.failed_source());
  return out;
}

v1::MasterMessage to_proto(Epoch epoch, const MasterMessage& message, const std::string& swarm_name) {
  v1::MasterMessage out;
  out.set_epoch(epoch.value);
  std::visit(MessageEncoder{out, swarm_name}, message);
  return out;
}

v1::ReplicaOrigin to_proto(const ReplicaOrigin& origin) {
  v1::ReplicaOrigin message;
  message.set_parent(origin.parent.value);
  message.set_name(origin.name);
  message.set_metadata_counter(origin.metadata_counter);
  message.set_target(origin.target);
  message.set_mode(origin.mode);
  message.set_uid(origin.uid);
  message.set_gid(origin.gid);
  *message.mutable_modified() = to_proto(origin.modified);
  if (origin.deleted) *message.mutable_deleted() = to_proto(*origin.deleted);
  return message;
}

ReplicaOrigin from_proto(const v1::ReplicaOrigin& origin) {
  ReplicaOrigin out;
  out.parent = InodeId{origin.parent()};
  out.name = origin.name();
  out.metadata_counter = origin.metadata_counter();
  out.target = origin.target();
  out.mode = origin.mode();
  out.uid = origin.uid();
  out.gid = origin.gid();
  out.modified = from_proto(origin.modified());
  if (origin.has_deleted()) out.deleted = from_proto(origin.deleted());
  return out;
}

}  // namespace fsdfs::master
