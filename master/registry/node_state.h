// NodeState: the two things a master says of a node, apart from what the node says of itself.
// Plain values, shared by the registry (which decides them) and the scheduler (which obeys them).
#pragma once

#include <cstdint>
#include <string_view>

namespace fsdfs::master {

// Whether the node is heard. Decided by master/registry/liveness.h.
enum class Liveness : uint8_t {
  kUp = 0,
  kSilent = 1,  // reports are missing: no orders go there, its copies still count
  kDead = 2,    // silent for too long: its copies no longer count
};

// What the operator wants of the node.
enum class AdminState : uint8_t {
  kActive = 0,
  kReadonly = 1,  // keeps and serves what it has, takes nothing new
  kDraining = 2,  // its copies leave; it takes nothing new and is the source of last resort
  kRemoving = 3,  // its records are going, batch by batch; it may not attend, its copies no longer count
};

constexpr std::string_view name_of(Liveness liveness) {
  switch (liveness) {
    case Liveness::kUp:
      return "up";
    case Liveness::kSilent:
      return "silent";
    case Liveness::kDead:
      return "dead";
  }
  return "?";
}

constexpr std::string_view name_of(AdminState state) {
  switch (state) {
    case AdminState::kActive:
      return "active";
    case AdminState::kReadonly:
      return "readonly";
    case AdminState::kDraining:
      return "draining";
    case AdminState::kRemoving:
      return "removing";
  }
  return "?";
}

}  // namespace fsdfs::master
