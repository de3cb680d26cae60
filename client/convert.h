// The wire's messages to the library's values and back: the only place where the two meet.
//
// Used inside client/. Pure functions. Ids of a wrong length become "none", unknown values of enums become
// kUnknown: a newer master's words are never taken for others.
#pragma once

#include <google/protobuf/repeated_ptr_field.h>

#include <string>
#include <vector>

#include "client/types.h"
#include "fsdfs/namespace.pb.h"
#include "fsdfs/policy.pb.h"
#include "fsdfs/quotas.pb.h"
#include "fsdfs/trash.pb.h"
#include "fsdfs/types.pb.h"

namespace fsdfs::client {

template <typename Id>
Id id_from_wire(const std::string& bytes) {
  Id id;
  if (bytes.size() == id.bytes.size()) std::copy(bytes.begin(), bytes.end(), id.bytes.begin());
  return id;
}
template <typename Id>
std::string id_to_wire(const Id& id) {
  return {id.bytes.begin(), id.bytes.end()};
}

Version from_wire(const v1::Version& wire);
ReplicaId from_wire(const v1::ReplicaId& wire);
FileTime from_wire(const v1::FileTime& wire);
Attributes from_wire(const v1::Attributes& wire);
NodeAddress from_wire(const v1::NodeAddress& wire);
ScrubProgress from_wire(const v1::ScrubProgress& wire);
Holder from_wire(const v1::Holder& wire);
Location from_wire(const v1::Location& wire);
DirectoryPage from_wire(const v1::ReadDirectoryReply& wire);
FileStat from_wire(const v1::StatReply& wire);
PolicyState from_wire(const v1::GetPolicyReply& wire);
CheckedFile from_wire(const v1::CheckedFile& wire);
SwarmStatus from_wire(const v1::GetStatusReply& wire);
NodeInfo from_wire(const v1::NodeInfo& wire);
OpenedSession from_wire(const v1::OpenSessionReply& wire);
TrashPage from_wire(const v1::ListTrashReply& wire);
Quota from_wire(const v1::Quota& wire);
std::vector<Holder> from_wire(const google::protobuf::RepeatedPtrField<v1::Holder>& wire);

void to_wire(const Version& version, v1::Version* wire);
void to_wire(const ReplicaId& replica, v1::ReplicaId* wire);
void to_wire(const FileTime& time, v1::FileTime* wire);
void to_wire(const Place& place, v1::Place* wire);
void to_wire(const NodeAddress& node, v1::NodeAddress* wire);
void to_wire(const RequestId& request, v1::RequestId* wire);
void to_wire(const TrashChoice& choice, v1::TrashChoice* wire);
void to_wire(const std::optional<uint64_t>& limit, v1::Limit* wire);
void to_wire(const PolicyText& text, v1::PolicyText* wire);

}  // namespace fsdfs::client
