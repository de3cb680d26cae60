// What the client library speaks of when operators ask: why a file has its copies, what would become of the
// swarm, what it did, and how a node goes. Plain values, like client/types.h; client/convert_admin.h makes
// them of the wire's messages.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/types.h"

namespace fsdfs::client {

// --- nodes ---

struct AdminStateChange {
  NodeAddress node;
  AdminState before = AdminState::kUnknown;
  AdminState state = AdminState::kUnknown;
};

// A scrub that was asked for: done at a node when its ScrubProgress::answered reaches `request`.
struct ScrubStarted {
  uint64_t request = 0;
  std::vector<NodeAddress> nodes;
  std::vector<NodeAddress> absent;  // they do not attend
};

// What fsck found, and how far it is.
struct FsckFinding {
  std::string kind;  // "missing", "only_bad", ...
  InodeId inode;     // 0: it is of no inode
  std::string path;  // empty: it has no name
  NodeAddress node;  // none: it is of no node
  std::string what;
  std::string remedy;  // empty: nothing is done about it
  bool repaired = false;
};
struct FsckProgress {
  std::string what;  // is being looked at
  uint64_t records = 0;
  std::vector<FsckFinding> findings;   // since the last one
  std::vector<NodeAddress> not_asked;  // likewise
  bool done = false;
};

struct SoleCopy {
  InodeId inode;
  std::string path;  // empty: it has no name
  uint64_t size = 0;
};

enum class RemovalPhase : uint8_t { kUnknown = 0, kChecking = 1, kRemoving = 2, kDone = 3 };

struct RemovalProgress {
  NodeAddress node;
  RemovalPhase phase = RemovalPhase::kUnknown;
  uint64_t records = 0;               // replica records checked, or removed, so far
  std::vector<SoleCopy> sole_copies;  // found since the last one
};

// --- why ---

enum class PlaceState : uint8_t {
  kUnknown = 0,
  kCurrent = 1,
  kArriving = 2,
  kWaiting = 3,
  kOld = 4,
  kDoomed = 5,
};

struct ReplicaPlace {
  NodeAddress node;
  PlaceState state = PlaceState::kUnknown;
  bool counts = false;  // in K
  NodeState node_state = NodeState::kUnknown;
  AdminState admin_state = AdminState::kUnknown;
};

struct NoPlace {
  NodeAddress node;
  std::string why;
  NodeState node_state = NodeState::kUnknown;
  AdminState admin_state = AdminState::kUnknown;
};

struct Explanation {
  Attributes attributes;
  double target = 0;          // N
  std::string target_origin;  // who decides it: "its own", "rule 2 (line 7, /music/**)"
  uint32_t copies = 0;        // K
  uint32_t arriving = 0;
  double surplus = 0;
  bool open = false;
  bool trash = false;
  std::vector<ReplicaPlace> places;
  std::vector<NoPlace> not_on;
  std::string next;
};

// --- what if ---

struct MinSurplus {
  std::optional<double> all;       // none without files
  std::optional<double> uncapped;  // over files whose N the nodes could hold
};

struct WhatIf {
  NodeAddress node;  // that would be lost
  MinSurplus now;
  MinSurplus right_away;
  MinSurplus settled;
  uint64_t files_lost = 0;
  uint64_t files_left_one = 0;
  uint64_t copies = 0;
  uint64_t bytes = 0;
  uint64_t room = 0;
  bool fits = false;
  bool exact = false;
};

// --- events ---

struct Event {
  uint64_t sequence = 0;
  FileTime time;
  std::string kind;
  InodeId inode;     // none: it concerns no file
  std::string path;  // empty: it has no name any more
  NodeAddress node;  // none: it concerns no node
  std::string cause;
  std::string text;
};

struct EventBatch {
  Epoch epoch;            // in which the master began
  uint64_t missed = 0;    // no longer kept, before these
  uint64_t position = 0;  // where a later stream goes on
  std::vector<Event> events;
};

struct EventQuery {
  uint32_t last = 100;  // how many of the past
  bool follow = false;
};

}  // namespace fsdfs::client
