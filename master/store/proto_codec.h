// Domain values <-> the messages of proto/fsdfs/types.proto. Used by the log's codec and, at the service
// boundary, by master/service/convert.h; nothing else in the master sees protobuf. Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "common/status.h"
#include "fsdfs/types.pb.h"
#include "master/store/records.h"

namespace fsdfs::master {

v1::Version to_proto(const Version& version);
v1::ReplicaId to_proto(const ReplicaId& id);
v1::FileTime to_proto(const FileTime& time);
v1::Content to_proto(const Content& content);
v1::NodeAddress to_proto(const NodeRecord& node);  // who and where
// K and the parent of a file's name are not the inode's own: the caller sets them.
v1::Attributes to_proto(const Inode& inode);
v1::AdminState to_proto(AdminState state);
v1::ReplicaState to_proto(ReplicaState state);
template <typename Tag>
std::string to_proto(const Uuid<Tag>& id) {
  return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()};
}

Version from_proto(const v1::Version& version);
ReplicaId from_proto(const v1::ReplicaId& id);
FileTime from_proto(const v1::FileTime& time);
// kInvalidArgument: the digest has not 16 bytes.
Result<Content> from_proto(const v1::Content& content);
// kInvalidArgument: `bytes` are not 16; `what` names the id for the message.
Result<std::array<uint8_t, 16>> uuid_from_proto(std::string_view bytes, std::string_view what);
Inode from_proto(const v1::Attributes& attributes);
// The nearest state for what an older or newer peer may send.
AdminState from_proto(v1::AdminState state);
ReplicaState from_proto(v1::ReplicaState state);

}  // namespace fsdfs::master
