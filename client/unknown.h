// Replicas that the master does not know, as a client sees them. Plain values, of `fsdfs unknown`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "client/types.h"
#include "common/status.h"

namespace fsdfs::client {

struct UnknownHolder {
  NodeAddress node;
  uint64_t size = 0;
  ReplicaState state = ReplicaState::kUnknown;  // whole or quarantined
};

struct UnknownReplica {
  ReplicaId replica;
  std::vector<UnknownHolder> holders;
  std::string ticket;  // to ask a holder what it says of itself
};

struct UnknownPage {
  std::vector<UnknownReplica> replicas;  // in order
  bool end = false;
  uint64_t untracked = 0;  // more, which the master only counts until some of these are settled
};

struct AdoptedUnknown {
  Attributes attributes;
  std::string path;
  uint32_t holders = 0;  // whose copies are whole
};

struct PurgedUnknown {
  uint32_t holders = 0;
  uint64_t bytes = 0;  // of all its copies
};

}  // namespace fsdfs::client
