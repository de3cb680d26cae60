#include "client/convert.h"

#include <algorithm>
#include <utility>

#include "client/convert_unknown.h"

namespace fsdfs::client {

namespace {

template <typename Enum>
Enum enum_from_wire(int value, Enum last) {
  return value >= 0 && value <= static_cast<int>(last) ? static_cast<Enum>(value) : Enum::kUnknown;
}

Load load_from_wire(const v1::Load& wire) {
  return {.cpu = wire.cpu(),
          .net_in = wire.net_in(),
          .net_out = wire.net_out(),
          .disk = wire.disk(),
          .copies = wire.copies(),
          .readers = wire.readers(),
          .foreground_ms = wire.foreground_ms()};
}

NodeState node_state(v1::NodeState state) {
  return enum_from_wire(state, NodeState::kDead);
}

Duration milliseconds(uint32_t count) {
  return std::chrono::milliseconds(count);
}

}  // namespace

Version from_wire(const v1::Version& wire) {
  return {.epoch = Epoch{wire.epoch()}, .counter = wire.counter()};
}

ReplicaId from_wire(const v1::ReplicaId& wire) {
  return {.inode = InodeId{wire.inode()}, .version = from_wire(wire.version())};
}

FileTime from_wire(const v1::FileTime& wire) {
  return {.seconds = wire.seconds(), .nanoseconds = std::min(wire.nanoseconds(), 999'999'999U)};
}

Attributes from_wire(const v1::Attributes& wire) {
  Attributes attributes;
  attributes.inode = InodeId{wire.inode()};
  attributes.type = enum_from_wire(wire.type(), FileType::kBlockDevice);
  attributes.mode = wire.mode();
  attributes.uid = wire.uid();
  attributes.gid = wire.gid();
  attributes.links = wire.links();
  attributes.size = wire.size();
  attributes.accessed = from_wire(wire.accessed());
  attributes.modified = from_wire(wire.modified());
  attributes.changed = from_wire(wire.changed());
  attributes.version = from_wire(wire.version());
  if (auto digest = decode_digest(wire.digest()); digest.ok()) attributes.digest = *digest;
  attributes.target = wire.target();
  if (wire.has_own_target()) attributes.own_target = wire.own_target();
  if (v1::TargetSource_IsValid(wire.target_source())) {
    attributes.target_source = static_cast<TargetSource>(wire.target_source());
  }
  attributes.copies = wire.copies();
  attributes.link_target = wire.link_target();
  attributes.device = wire.device();
  attributes.metadata_counter = wire.metadata_counter();
  attributes.parent = InodeId{wire.parent()};
  return attributes;
}

NodeAddress from_wire(const v1::NodeAddress& wire) {
  return {.node = id_from_wire<NodeId>(wire.node()),
          .address = wire.address(),
          .zone = wire.zone(),
          .host = wire.host()};
}

Holder from_wire(const v1::Holder& wire) {
  return {
      .node = from_wire(wire.node()), .load = load_from_wire(wire.load()), .state = node_state(wire.state())};
}

std::vector<Holder> from_wire(const google::protobuf::RepeatedPtrField<v1::Holder>& wire) {
  std::vector<Holder> holders;
  holders.reserve(static_cast<size_t>(wire.size()));
  for (const auto& holder : wire) holders.push_back(from_wire(holder));
  return holders;
}

Location from_wire(const v1::Location& wire) {
  Location location;
  if (wire.code() != 0) {
    location.status =
        Status(static_cast<Code>(wire.code()), wire.message(), static_cast<Reason>(wire.reason()));
  }
  location.attributes = from_wire(wire.attributes());
  location.holders = from_wire(wire.holders());
  return location;
}

DirectoryPage from_wire(const v1::ReadDirectoryReply& wire) {
  DirectoryPage page{.directory = InodeId{wire.directory()},
                     .parent = InodeId{wire.parent()},
                     .entries = {},
                     .end = wire.end()};
  page.entries.reserve(static_cast<size_t>(wire.entries_size()));
  for (const auto& entry : wire.entries()) {
    page.entries.push_back(
        {.name = entry.name(), .cookie = entry.cookie(), .attributes = from_wire(entry.attributes())});
  }
  return page;
}

FileStat from_wire(const v1::StatReply& wire) {
  FileStat stat{.attributes = from_wire(wire.attributes()),
                .replicas = {},
                .vars = {wire.vars().begin(), wire.vars().end()},
                .target_origin = wire.target_origin(),
                .directory_target = wire.directory_target()};
  for (const auto& replica : wire.replicas()) {
    stat.replicas.push_back({.node = from_wire(replica.node()),
                             .version = from_wire(replica.version()),
                             .state = enum_from_wire(replica.state(), ReplicaState::kQuarantined),
                             .verified = from_wire(replica.verified()),
                             .node_state = node_state(replica.node_state())});
  }
  return stat;
}

PolicyState from_wire(const v1::GetPolicyReply& wire) {
  return {.text = {.rules = wire.policy().rules(),
                   .python = wire.policy().python(),
                   .rules_name = wire.policy().rules_name(),
                   .python_name = wire.policy().python_name()},
          .revision = wire.revision(),
          .evaluating = wire.evaluating(),
          .share = wire.share(),
          .hook = wire.hook(),
          .warnings = {wire.warnings().begin(), wire.warnings().end()}};
}

CheckedFile from_wire(const v1::CheckedFile& wire) {
  CheckedFile file{
      .status = {}, .target = wire.target(), .origin = wire.origin(), .target_now = wire.target_now()};
  if (wire.code() != 0) {
    file.status = Status(static_cast<Code>(wire.code()), wire.message(), static_cast<Reason>(wire.reason()));
  }
  return file;
}

void to_wire(const PolicyText& text, v1::PolicyText* wire) {
  wire->set_rules(text.rules);
  wire->set_python(text.python);
  wire->set_rules_name(text.rules_name);
  wire->set_python_name(text.python_name);
}

SwarmStatus from_wire(const v1::GetStatusReply& wire) {
  SwarmStatus status;
  status.swarm_name = wire.swarm_name();
  status.swarm = id_from_wire<SwarmId>(wire.swarm());
  status.master_address = wire.master_address();
  status.epoch = Epoch{wire.epoch()};
  status.files = wire.files();
  status.directories = wire.directories();
  status.bytes = wire.bytes();
  status.stored_bytes = wire.stored_bytes();
  if (wire.has_min_surplus()) status.min_surplus = wire.min_surplus();
  if (wire.has_max_surplus()) status.max_surplus = wire.max_surplus();
  status.surplus_histogram = {wire.surplus_histogram().begin(), wire.surplus_histogram().end()};
  status.unavailable = wire.unavailable();
  status.endangered = wire.endangered();
  status.capped = wire.capped();
  if (wire.has_min_surplus_uncapped()) status.min_surplus_uncapped = wire.min_surplus_uncapped();
  status.open = wire.open();
  status.copies_in_flight = wire.copies_in_flight();
  status.copies_queued = wire.copies_queued();
  status.copies_parked = wire.copies_parked();
  status.nodes_up = wire.nodes_up();
  status.nodes_silent = wire.nodes_silent();
  status.nodes_dead = wire.nodes_dead();
  status.warnings = {wire.warnings().begin(), wire.warnings().end()};
  status.quota_bytes = wire.quota_bytes();
  status.used_bytes = wire.used_bytes();
  status.default_target = wire.default_target();
  status.trash_files = wire.trash_files();
  status.trash_bytes = wire.trash_bytes();
  return status;
}

ScrubProgress from_wire(const v1::ScrubProgress& wire) {
  ScrubProgress scrub;
  scrub.running = wire.running();
  scrub.bytes_done = wire.bytes_done();
  scrub.bytes_total = wire.bytes_total();
  scrub.replicas = wire.replicas();
  scrub.bad = wire.bad();
  scrub.passes = wire.passes();
  if (wire.has_finished()) scrub.finished = from_wire(wire.finished());
  scrub.answered = wire.answered();
  return scrub;
}

NodeInfo from_wire(const v1::NodeInfo& wire) {
  NodeInfo node;
  node.node = from_wire(wire.node());
  node.state = node_state(wire.state());
  node.admin_state = enum_from_wire(wire.admin_state(), AdminState::kRemoving);
  node.quota_bytes = wire.quota_bytes();
  node.used_bytes = wire.used_bytes();
  node.files = wire.files();
  if (wire.has_max_surplus()) node.max_surplus = wire.max_surplus();
  node.load = load_from_wire(wire.load());
  node.unknown_replicas = wire.unknown_replicas();
  node.incarnation = Incarnation{wire.incarnation()};
  node.drain_left = wire.drain_left();
  node.drained = wire.drained();
  node.attending = wire.attending();
  for (const auto& disk : wire.disks()) {
    node.disks.push_back({disk.path(), disk.quota_bytes(), disk.used_bytes(), disk.free_bytes(),
                          disk.replicas(), disk.failed()});
  }
  node.scrub = from_wire(wire.scrub());
  node.quarantined_replicas = wire.quarantined_replicas();
  return node;
}

OpenedSession from_wire(const v1::OpenSessionReply& wire) {
  OpenedSession session{.session = SessionId{wire.session()},
                        .replica = from_wire(wire.replica()),
                        .chain = {},
                        .ticket = wire.ticket(),
                        .lease = milliseconds(wire.lease_ms()),
                        .wanted_members = wire.wanted_members(),
                        .origin = from_wire(wire.origin())};
  for (const auto& node : wire.chain()) session.chain.push_back(from_wire(node));
  return session;
}

void to_wire(const Version& version, v1::Version* wire) {
  wire->set_epoch(version.epoch.value);
  wire->set_counter(version.counter);
}

void to_wire(const ReplicaId& replica, v1::ReplicaId* wire) {
  wire->set_inode(replica.inode.value);
  to_wire(replica.version, wire->mutable_version());
}

void to_wire(const FileTime& time, v1::FileTime* wire) {
  wire->set_seconds(time.seconds);
  wire->set_nanoseconds(time.nanoseconds);
}

void to_wire(const Place& place, v1::Place* wire) {
  wire->set_directory(place.directory.value);
  wire->set_path(place.path);
}

void to_wire(const NodeAddress& node, v1::NodeAddress* wire) {
  wire->set_node(id_to_wire(node.node));
  wire->set_address(node.address);
  wire->set_zone(node.zone);
  wire->set_host(node.host);
}

void to_wire(const RequestId& request, v1::RequestId* wire) {
  wire->set_client(id_to_wire(request.client));
  wire->set_number(request.number);
}

// --- trash and quotas ---

TrashPage from_wire(const v1::ListTrashReply& wire) {
  TrashPage page;
  page.end = wire.end();
  for (const auto& entry : wire.entries()) {
    page.entries.push_back({.inode = InodeId{entry.inode()},
                            .path = entry.path(),
                            .size = entry.size(),
                            .deleted = from_wire(entry.deleted()),
                            .purged = from_wire(entry.purged()),
                            .copies = entry.copies(),
                            .target = entry.target()});
  }
  return page;
}

Quota from_wire(const v1::Quota& wire) {
  Quota quota;
  quota.directory = InodeId{wire.directory()};
  quota.path = wire.path();
  if (wire.has_bytes_limit()) quota.bytes_limit = wire.bytes_limit();
  if (wire.has_files_limit()) quota.files_limit = wire.files_limit();
  quota.bytes_used = wire.bytes_used();
  quota.files_used = wire.files_used();
  return quota;
}

void to_wire(const TrashChoice& choice, v1::TrashChoice* wire) {
  if (choice.path.empty()) {
    wire->set_inode(choice.inode.value);
  } else {
    wire->set_path(choice.path);
  }
}

void to_wire(const std::optional<uint64_t>& limit, v1::Limit* wire) {
  wire->set_none(!limit);
  wire->set_value(limit.value_or(0));
}

}  // namespace fsdfs::client
