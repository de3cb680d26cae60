// Outlook: what the nodes could take at best, as of a moment: tells quickly that a file has no chance.
//
// Most parked files stay parked at most changes. Asking every node about each of them would cost more than
// anything else; instead the nodes are sorted once by their room, and by room and what they could evict, and
// a file is held against the few best of them. An upper bound: a chance may turn out to be none, never the
// other way round, as long as made_room() tells what was made free since refresh(). Not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "master/scheduler/model.h"
#include "master/scheduler/throttle.h"

namespace fsdfs::master {

class Outlook {
 public:
  // kFree leaves out the nodes that are at their limits of copies just now.
  enum class Nodes : uint8_t { kAll, kFree };
  Outlook(const Model& model, const Throttle& throttle, Nodes nodes)
      : model_(model), throttle_(throttle), nodes_(nodes) {}

  void refresh();
  // An eviction freed more than the file it was for takes.
  void made_room(uint64_t bytes) { bonus_ += static_cast<int64_t>(bytes); }
  // `need`: the file's K-N as the one in need.
  bool any_chance(const FileRecord& record, Units need);
  // Whether the node's room and what it could evict for a file of this need might do for `bytes`.
  bool might_evict(NodeIndex node, Units need, uint64_t bytes, bool keep_reserve) const;

 private:
  struct Room {
    int64_t bytes;
    NodeIndex node;
  };
  struct ByBucket {
    bool known = false;
    std::vector<Room> rooms;  // with what could be evicted
  };
  static void sort(std::vector<Room>& rooms);
  bool fits_some(const FileRecord& record, const std::vector<Room>& rooms) const;
  bool on_or_coming(const FileRecord& record, NodeIndex node) const;
  Units surplus_min(Units need) const;

  const Model& model_;
  const Throttle& throttle_;
  const Nodes nodes_;
  int64_t bonus_ = 0;
  std::vector<NodeIndex> taking_;
  std::vector<Room> rooms_, rooms_above_reserve_;  // most first
  std::array<ByBucket, 64> by_bucket_;  // of the least surplus that may be evicted; found when asked for
};

}  // namespace fsdfs::master
