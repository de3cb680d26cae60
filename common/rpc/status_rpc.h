// Status <-> grpc::Status: the one mapping, at the service boundary. Codes have the same numbers; the Reason
// travels in the error details (trailing metadata "grpc-status-details-bin"). Thread-safe functions without
// state.
#pragma once

#include <grpcpp/support/status.h>

#include "common/status.h"

namespace fsdfs {

// A message over this length loses its middle: percent-encoded it must fit the trailing metadata
// (kMetadataBytesMax in common/rpc/limits.h), or the peer would see an error about that instead.
inline constexpr size_t kStatusMessageBytesMax = 12 << 10;

grpc::Status to_grpc(const Status& status);
// Details that are not ours leave Reason::kNone; the reason of a newer fsdfs keeps its number.
Status from_grpc(const grpc::Status& status);

}  // namespace fsdfs
