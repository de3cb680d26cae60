// The wire's messages about replicas and where they come from, to the library's values and back. As
// client/convert.h.
#pragma once

#include "client/unknown.h"
#include "fsdfs/registry.pb.h"
#include "fsdfs/unknown.pb.h"

namespace fsdfs::client {

ReplicaOrigin from_wire(const v1::ReplicaOrigin& wire);
UnknownPage from_wire(const v1::ListUnknownReply& wire);
void to_wire(const ReplicaOrigin& origin, v1::ReplicaOrigin* wire);

}  // namespace fsdfs::client
