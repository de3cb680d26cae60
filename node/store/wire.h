// Values of node/store to and from the messages of proto/: for the sidecar, the data service and the link.
// Functions without state. What comes from outside is checked: kInvalidArgument names the field that is
// wrong.
#pragma once

#include "common/status.h"
#include "fsdfs/registry.pb.h"
#include "fsdfs/replicas.pb.h"
#include "fsdfs/types.pb.h"
#include "node/store/records.h"
#include "node/store/replica.h"

namespace fsdfs::node::wire {

v1::FileTime to_wire(WallTime time);

ReplicaId from_wire(const v1::ReplicaId& message);
v1::ReplicaId to_wire(const ReplicaId& replica);

Result<Content> from_wire(const v1::Content& message);
v1::Content to_wire(const Content& content);

Origin from_wire(const v1::ReplicaOrigin& message);
// Of what a client says: kInvalidArgument when its name can be none in a directory.
Result<Origin> named_origin(const v1::ReplicaOrigin& message);
v1::ReplicaOrigin to_wire(const Origin& origin);

v1::HeldReplica to_wire(const HeldReplica& held);

RecordPage from_wire(const v1::RecordsReply& message);
v1::LogPosition to_wire(const LogPosition& position);

// kDataLoss when the sums do not fit the size or the digest.
Result<Description> from_wire(const v1::ReplicaDescription& message);
v1::ReplicaDescription to_wire(const Description& description);

// An id of 16 bytes. Empty bytes are an empty id.
template <typename Id>
Result<Id> id_from_wire(const std::string& bytes) {
  Id id;
  if (bytes.empty()) return id;
  if (bytes.size() != id.bytes.size()) {
    return invalid_argument("an id of " + std::to_string(bytes.size()) + " bytes (16 expected)");
  }
  std::copy(bytes.begin(), bytes.end(), id.bytes.begin());
  return id;
}
template <typename Id>
std::string id_to_wire(const Id& id) {
  return id.none() ? std::string() : std::string(id.bytes.begin(), id.bytes.end());
}

}  // namespace fsdfs::node::wire
