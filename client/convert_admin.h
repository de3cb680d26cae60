// The messages of proto/fsdfs/admin.proto to the values of client/insight.h, as client/convert.h does for the
// rest. Used inside client/. Pure functions.
#pragma once

#include "client/insight.h"
#include "fsdfs/admin.pb.h"

namespace fsdfs::client {

AdminStateChange from_wire(const v1::SetAdminStateReply& wire);
RemovalProgress from_wire(const v1::RemoveNodeProgress& wire);
ScrubStarted from_wire(const v1::ScrubReply& wire);
FsckProgress from_wire(const v1::FsckProgress& wire);
Explanation from_wire(const v1::ExplainReply& wire);
WhatIf from_wire(const v1::WhatIfReply& wire);
EventBatch from_wire(const v1::EventsReply& wire);

}  // namespace fsdfs::client
