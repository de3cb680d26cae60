#include "node/store/wire.h"

#include <chrono>

namespace fsdfs::node::wire {
namespace {

v1::FileTime file_time(WallTime time) {
  auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  v1::FileTime message;
  message.set_seconds(seconds.time_since_epoch().count());
  message.set_nanoseconds(static_cast<uint32_t>((time - seconds).count()));
  return message;
}

WallTime wall_time(const v1::FileTime& message) {
  return WallTime(std::chrono::seconds(message.seconds()) + std::chrono::nanoseconds(message.nanoseconds()));
}

FileTime from_wire(const v1::FileTime& message) {
  return {message.seconds(), message.nanoseconds()};
}

v1::FileTime to_wire(const FileTime& time) {
  v1::FileTime message;
  message.set_seconds(time.seconds);
  message.set_nanoseconds(time.nanoseconds);
  return message;
}

DirectoryRecord from_wire(const v1::DirectoryRecord& message) {
  DirectoryRecord record;
  record.inode = InodeId{message.inode()};
  record.parent = InodeId{message.parent()};
  record.name = message.name();
  record.metadata_counter = message.metadata_counter();
  if (message.has_target()) record.target = message.target();
  record.mode = message.mode();
  record.uid = message.uid();
  record.gid = message.gid();
  record.modified = from_wire(message.modified());
  return record;
}

LogPosition from_wire(const v1::LogPosition& message) {
  return {message.sequence(), Epoch{message.epoch()}};
}

}  // namespace

v1::FileTime to_wire(WallTime time) {
  return file_time(time);
}

ReplicaId from_wire(const v1::ReplicaId& message) {
  return {InodeId{message.inode()}, {Epoch{message.version().epoch()}, message.version().counter()}};
}

v1::ReplicaId to_wire(const ReplicaId& replica) {
  v1::ReplicaId message;
  message.set_inode(replica.inode.value);
  message.mutable_version()->set_epoch(replica.version.epoch.value);
  message.mutable_version()->set_counter(replica.version.counter);
  return message;
}

Result<Content> from_wire(const v1::Content& message) {
  auto digest = decode_digest(message.digest());
  if (!digest.ok()) {
    return invalid_argument("content.digest has " + std::to_string(message.digest().size()) +
                            " bytes (16 expected)");
  }
  return Content{message.size(), *digest};
}

v1::Content to_wire(const Content& content) {
  v1::Content message;
  message.set_size(content.size);
  message.set_digest(encode_digest(content.digest));
  return message;
}

Origin from_wire(const v1::ReplicaOrigin& message) {
  Origin origin;
  origin.parent = InodeId{message.parent()};
  origin.name = message.name();
  origin.metadata_counter = message.metadata_counter();
  origin.target = message.target();
  origin.mode = message.mode();
  origin.uid = message.uid();
  origin.gid = message.gid();
  origin.modified = from_wire(message.modified());
  if (message.has_deleted()) origin.deleted = from_wire(message.deleted());
  return origin;
}

Result<Origin> named_origin(const v1::ReplicaOrigin& message) {
  Origin origin = from_wire(message);
  if (origin.parent.value != 0) FSDFS_TRY(check_name(origin.name));
  return origin;
}

v1::ReplicaOrigin to_wire(const Origin& origin) {
  v1::ReplicaOrigin message;
  message.set_parent(origin.parent.value);
  message.set_name(origin.name);
  message.set_metadata_counter(origin.metadata_counter);
  message.set_target(origin.target);
  message.set_mode(origin.mode);
  message.set_uid(origin.uid);
  message.set_gid(origin.gid);
  *message.mutable_modified() = to_wire(origin.modified);
  if (origin.deleted) *message.mutable_deleted() = to_wire(*origin.deleted);
  return message;
}

v1::HeldReplica to_wire(const HeldReplica& held) {
  v1::HeldReplica message;
  *message.mutable_replica() = to_wire(held.replica);
  *message.mutable_content() = to_wire(held.content);
  message.set_state(held.state == HeldState::kWhole ? v1::REPLICA_STATE_WHOLE
                                                    : v1::REPLICA_STATE_QUARANTINED);
  return message;
}

Result<Description> from_wire(const v1::ReplicaDescription& message) {
  if (message.format() != 1) {
    return invalid_argument("a replica description of format " + std::to_string(message.format()) +
                            " (this fsdfs reads 1; a newer one wrote it)");
  }
  Description description;
  FSDFS_ASSIGN(description.swarm, id_from_wire<SwarmId>(message.swarm()));
  description.replica = from_wire(message.replica());
  FSDFS_ASSIGN(description.content, from_wire(message.content()));
  FSDFS_ASSIGN(description.sums, decode_sums(message.sums()));
  std::string name = "the description of " + description.replica.to_string();
  if (description.sums.size() != block_count(description.content.size)) {
    return data_loss(name + " has " + std::to_string(description.sums.size()) + " sums for " +
                     std::to_string(description.content.size) + " bytes");
  }
  if (content_digest(description.sums, description.content.size) != description.content.digest) {
    return data_loss(name + " contradicts itself: its sums do not give its digest");
  }
  description.origin = from_wire(message.origin());
  description.created = wall_time(message.created());
  return description;
}

RecordPage from_wire(const v1::RecordsReply& message) {
  RecordPage page;
  page.position = from_wire(message.position());
  if (message.has_after()) page.after = from_wire(message.after());
  page.more = message.more();
  page.present_state = message.present_state();
  for (const auto& directory : message.directories()) page.directories.push_back(from_wire(directory));
  for (uint64_t gone : message.gone()) page.gone.push_back(InodeId{gone});
  for (const auto& file : message.files()) {
    page.files.push_back({from_wire(file.current()), from_wire(file.origin())});
  }
  return page;
}

v1::LogPosition to_wire(const LogPosition& position) {
  v1::LogPosition message;
  message.set_sequence(position.sequence);
  message.set_epoch(position.epoch.value);
  return message;
}

v1::ReplicaDescription to_wire(const Description& description) {
  v1::ReplicaDescription message;
  message.set_format(1);
  message.set_swarm(id_to_wire(description.swarm));
  *message.mutable_replica() = to_wire(description.replica);
  *message.mutable_content() = to_wire(description.content);
  message.set_sums(encode_sums(description.sums));
  *message.mutable_origin() = to_wire(description.origin);
  *message.mutable_created() = file_time(description.created);
  return message;
}

}  // namespace fsdfs::node::wire
