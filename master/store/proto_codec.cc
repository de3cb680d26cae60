#include "master/store/proto_codec.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace fsdfs::master {

v1::Version to_proto(const Version& version) {
  v1::Version message;
  message.set_epoch(version.epoch.value);
  message.set_counter(version.counter);
  return message;
}

v1::ReplicaId to_proto(const ReplicaId& id) {
  v1::ReplicaId message;
  message.set_inode(id.inode.value);
  *message.mutable_version() = to_proto(id.version);
  return message;
}

v1::FileTime to_proto(const FileTime& time) {
  v1::FileTime message;
  message.set_seconds(time.seconds);
  message.set_nanoseconds(time.nanoseconds);
  return message;
}

v1::Content to_proto(const Content& content) {
  v1::Content message;
  message.set_size(content.size);
  message.set_digest(encode_digest(content.digest));
  return message;
}

v1::NodeAddress to_proto(const NodeRecord& node) {
  v1::NodeAddress message;
  message.set_node(to_proto(node.id));
  message.set_address(node.address);
  message.set_zone(node.zone);
  message.set_host(node.host);
  return message;
}

v1::Attributes to_proto(const Inode& inode) {
  v1::Attributes message;
  message.set_inode(inode.id.value);
  message.set_type(static_cast<v1::FileType>(inode.type));
  message.set_mode(inode.mode);
  message.set_uid(inode.uid);
  message.set_gid(inode.gid);
  message.set_links(inode.links);
  message.set_size(inode.content.size);
  *message.mutable_accessed() = to_proto(inode.accessed);
  *message.mutable_modified() = to_proto(inode.modified);
  *message.mutable_changed() = to_proto(inode.changed);
  if (!inode.version.none()) {
    *message.mutable_version() = to_proto(inode.version);
    message.set_digest(encode_digest(inode.content.digest));
  }
  message.set_target(inode.target);
  message.set_link_target(inode.link_target);
  message.set_device(inode.device);
  message.set_metadata_counter(inode.metadata_counter);
  message.set_parent(inode.parent.value);
  if (inode.own_target) message.set_own_target(*inode.own_target);
  message.set_target_source(static_cast<v1::TargetSource>(inode.target_source));
  return message;
}

v1::AdminState to_proto(AdminState state) {
  switch (state) {
    case AdminState::kActive:
      return v1::ADMIN_STATE_ACTIVE;
    case AdminState::kReadonly:
      return v1::ADMIN_STATE_READONLY;
    case AdminState::kDraining:
      return v1::ADMIN_STATE_DRAINING;
    case AdminState::kRemoving:
      return v1::ADMIN_STATE_REMOVING;
  }
  return v1::ADMIN_STATE_UNSPECIFIED;
}

v1::ReplicaState to_proto(ReplicaState state) {
  return static_cast<v1::ReplicaState>(state);
}

Version from_proto(const v1::Version& version) {
  return {Epoch{version.epoch()}, version.counter()};
}

ReplicaId from_proto(const v1::ReplicaId& id) {
  return {InodeId{id.inode()}, from_proto(id.version())};
}

FileTime from_proto(const v1::FileTime& time) {
  return {time.seconds(), time.nanoseconds()};
}

Result<Content> from_proto(const v1::Content& content) {
  auto digest = decode_digest(content.digest());
  if (!digest.ok()) {
    return invalid_argument(
        fmt::format("a content's digest has {} bytes and must have 16", content.digest().size()));
  }
  return Content{content.size(), *digest};
}

Result<std::array<uint8_t, 16>> uuid_from_proto(std::string_view bytes, std::string_view what) {
  std::array<uint8_t, 16> id;
  if (bytes.size() != id.size()) {
    return invalid_argument(fmt::format("{} has {} bytes and must have 16", what, bytes.size()));
  }
  std::memcpy(id.data(), bytes.data(), id.size());
  return id;
}

Inode from_proto(const v1::Attributes& attributes) {
  Inode inode;
  inode.id = InodeId{attributes.inode()};
  inode.type = static_cast<FileType>(attributes.type());
  inode.mode = attributes.mode();
  inode.uid = attributes.uid();
  inode.gid = attributes.gid();
  inode.links = attributes.links();
  inode.content.size = attributes.size();
  std::memcpy(inode.content.digest.bytes.data(), attributes.digest().data(),
              std::min(attributes.digest().size(), inode.content.digest.bytes.size()));
  inode.accessed = from_proto(attributes.accessed());
  inode.modified = from_proto(attributes.modified());
  inode.changed = from_proto(attributes.changed());
  inode.version = from_proto(attributes.version());
  inode.target = attributes.target();
  inode.link_target = attributes.link_target();
  inode.device = attributes.device();
  inode.metadata_counter = attributes.metadata_counter();
  inode.parent = InodeId{attributes.parent()};
  if (attributes.has_own_target()) inode.own_target = attributes.own_target();
  inode.target_source = static_cast<TargetSource>(attributes.target_source());
  return inode;
}

AdminState from_proto(v1::AdminState state) {
  switch (state) {
    case v1::ADMIN_STATE_READONLY:
      return AdminState::kReadonly;
    case v1::ADMIN_STATE_DRAINING:
      return AdminState::kDraining;
    case v1::ADMIN_STATE_REMOVING:
      return AdminState::kRemoving;
    default:
      return AdminState::kActive;
  }
}

ReplicaState from_proto(v1::ReplicaState state) {
  switch (state) {
    case v1::REPLICA_STATE_STALE:
      return ReplicaState::kStale;
    case v1::REPLICA_STATE_DELETING:
      return ReplicaState::kDeleting;
    case v1::REPLICA_STATE_QUARANTINED:
      return ReplicaState::kQuarantined;
    default:
      return ReplicaState::kWhole;
  }
}

}  // namespace fsdfs::master
