// Sidecar: the file beside each replica in which it describes itself.
//
//   8 bytes   "fsdfsrd1"
//   8 bytes   length of the body, little-endian
//   body      ReplicaDescription (proto/fsdfs/replicas.proto), serialized
//   8 bytes   XXH3-64 of all that stands before, little-endian
//
// So one that is torn, damaged or another file's is told from a whole one. Functions without state.
#pragma once

#include <string>
#include <string_view>

#include "common/status.h"
#include "node/store/replica.h"

namespace fsdfs::node {

std::string encode_sidecar(const Description& description);

// kDataLoss: torn or damaged; the message says how. kInvalidArgument: of a newer format.
Result<Description> decode_sidecar(std::string_view bytes);

}  // namespace fsdfs::node
