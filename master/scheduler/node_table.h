// NodeTable: the nodes, what each has room for, and what each may do.
//
// A node's index is its number in the table; it is used again only when no file record names it any more.
// What decisions look at lies close together, apart from the nodes themselves: traits, for counting a file's
// copies, and briefs, for choosing among all nodes. Not thread-safe.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/ids.h"
#include "master/scheduler/holder_pool.h"
#include "master/scheduler/types.h"

namespace fsdfs::master {

inline constexpr NodeIndex kNoNode = 0xFFFF;

// What a node's state lets its copies and it do.
enum Trait : uint8_t {
  kLive = 1,      // not dead: its copies are in K
  kStays = 2,     // and not draining: its copies are in the K of a file in need
  kSafe = 4,      // up, reported, not draining: its copies are in the K of a victim
  kSource = 8,    // up: can be copied from
  kTakes = 16,    // up, reported, active, above its floor: new copies may go there
  kSettled = 32,  // reported or dead: invariant 4
  kDrains = 64,   // not dead, draining
  kActive = 128,  // up, reported, active, whatever room it has
};

struct Node {
  NodeInfo info;
  bool exists = false;   // false: the index is free or being freed
  bool leaving = false;  // removed; file records may still name it
  bool reported = false;
  uint32_t zone = 0, host = 0;

  uint64_t used = 0;      // bytes of replicas, current, old and doomed ones
  uint64_t doomed = 0;    // of these: deletion ordered
  uint64_t arriving = 0;  // of ordered copies and granted sessions
  uint64_t waiting = 0;   // of copies and sessions that wait for deletions
  uint64_t files = 0;     // current copies
  int copies_in = 0, copies_out = 0, deletes_out = 0;
  double pace = 1;                    // share of the copy limits in use; halves while the foreground is slow
  double byte_credit = 0;             // of node_bytes_per_second
  std::deque<uint64_t> waiting_jobs;  // order ids, first come first served

  // As of the last sweep.
  bool has_max_surplus = false;
  int32_t max_surplus = 0;
  uint64_t drain_left = 0, only_copies = 0;
  bool drain_counted = false;  // by a pass that began while it was draining
};

// A node in as few bytes as a choice among all of them needs.
struct NodeBrief {
  int64_t room_promised = 0;  // free bytes once all deletions ordered are done and all that was promised
                              // came; negative: promised more than there is, because the quota shrank
  int64_t room_now = 0;       // free bytes at this moment, what is arriving taken off
  int64_t reserve = 0;        // of these, for writes
  double attraction = 0;      // free share of the quota less load
  uint32_t zone = 0, host = 0;
  int32_t places = 0;       // for copies more
  bool lane_place = false;  // the last place is for an endangered file
  bool has_credit = true;
  bool overloaded = false;
};

class NodeTable {
 public:
  NodeTable(const SchedulerGuards& guards, const SchedulerSettings& settings)
      : guards_(guards), settings_(settings) {}

  NodeIndex find(const NodeId& id) const;  // kNoNode
  // kNoNode when kNodesMax is reached.
  NodeIndex insert(const NodeInfo& info);
  void update(NodeIndex index, const NodeInfo& info);
  void set_reported(NodeIndex index, bool reported);
  // Two steps, since file records name nodes: after begin_removal it counts for nothing and cannot be found;
  // free_index makes the index available once no record names it.
  void begin_removal(NodeIndex index);
  void free_index(NodeIndex index);

  const Node& at(NodeIndex index) const { return nodes_[index]; }
  // To change it; its brief is made anew.
  Node& edit(NodeIndex index) {
    stale_[index] = 1;
    return nodes_[index];
  }
  const NodeBrief& brief(NodeIndex index) const {
    if (stale_[index] != 0) refresh_brief(index);
    return briefs_[index];
  }
  void settings_changed() { std::fill(stale_.begin(), stale_.end(), 1); }
  NodeIndex end() const { return static_cast<NodeIndex>(nodes_.size()); }
  uint8_t traits(NodeIndex index) const { return traits_[index]; }
  bool has(NodeIndex index, Trait trait) const { return (traits_[index] & trait) != 0; }

  int64_t room_promised(NodeIndex index) const { return brief(index).room_promised; }
  int64_t room_now(NodeIndex index) const { return brief(index).room_now; }
  uint64_t occupied(NodeIndex index) const { return nodes_[index].used + nodes_[index].info.other_bytes; }

  // Nodes that could hold a copy of a file: not dead, not draining.
  int usable() const { return usable_; }
  int count(Liveness liveness) const;
  bool all_settled() const;
  uint64_t quota_sum() const;
  size_t resident_bytes() const;

 private:
  void refresh(NodeIndex index);
  void refresh_brief(NodeIndex index) const;
  uint32_t label(std::map<std::string, uint32_t>& labels, const std::string& text);

  const SchedulerGuards guards_;
  const SchedulerSettings& settings_;
  std::vector<Node> nodes_;
  std::vector<uint8_t> traits_;
  mutable std::vector<uint8_t> stale_;  // the brief is
  mutable std::vector<NodeBrief> briefs_;
  std::vector<NodeIndex> free_;
  std::unordered_map<NodeId, NodeIndex> by_id_;
  std::map<std::string, uint32_t> zones_, hosts_;
  int usable_ = 0;
};

}  // namespace fsdfs::master
