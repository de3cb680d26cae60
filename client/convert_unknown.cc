#include "client/convert_unknown.h"

#include "client/convert.h"

namespace fsdfs::client {

namespace {

UnknownHolder holder_from_wire(const v1::UnknownHolder& wire) {
  ReplicaState state = ReplicaState::kUnknown;
  if (wire.state() == v1::REPLICA_STATE_WHOLE) state = ReplicaState::kWhole;
  if (wire.state() == v1::REPLICA_STATE_QUARANTINED) state = ReplicaState::kQuarantined;
  return {.node = from_wire(wire.node()), .size = wire.content().size(), .state = state};
}

}  // namespace

ReplicaOrigin from_wire(const v1::ReplicaOrigin& wire) {
  return {.parent = InodeId{wire.parent()},
          .name = wire.name(),
          .metadata_counter = wire.metadata_counter(),
          .target = wire.target(),
          .mode = wire.mode(),
          .uid = wire.uid(),
          .gid = wire.gid(),
          .modified = from_wire(wire.modified())};
}

UnknownPage from_wire(const v1::ListUnknownReply& wire) {
  UnknownPage page{.replicas = {}, .end = wire.end(), .untracked = wire.untracked()};
  for (const auto& entry : wire.replicas()) {
    UnknownReplica replica{.replica = from_wire(entry.replica()), .holders = {}, .ticket = entry.ticket()};
    for (const auto& holder : entry.holders()) replica.holders.push_back(holder_from_wire(holder));
    page.replicas.push_back(std::move(replica));
  }
  return page;
}

void to_wire(const ReplicaOrigin& origin, v1::ReplicaOrigin* wire) {
  wire->set_parent(origin.parent.value);
  wire->set_name(origin.name);
  wire->set_metadata_counter(origin.metadata_counter);
  wire->set_target(origin.target);
  wire->set_mode(origin.mode);
  wire->set_uid(origin.uid);
  wire->set_gid(origin.gid);
  to_wire(origin.modified, wire->mutable_modified());
}

}  // namespace fsdfs::client
