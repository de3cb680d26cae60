// Placement: which node gets the next copy of a file, and where it is read from. Looks, changes nothing.
//
// The order among nodes with room: fewest copies of the file in the zone, then on the host; a node that holds
// an older version (it can build the new one from it); room now before room that deletions will make; then
// free share of the quota less load. Not thread-safe (scratch space).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "master/scheduler/model.h"
#include "master/scheduler/throttle.h"

namespace fsdfs::master {

// Copies that failed lately: (inode, node) -> not before.
class Refusals {
 public:
  void failed(uint64_t inode, NodeIndex node, const SchedulerSettings& settings, MonotonicTime now);
  void succeeded(uint64_t inode, NodeIndex node) { entries_.erase({inode, node}); }
  bool blocks(uint64_t inode, NodeIndex node) const;
  // Forgets old ones; true when one has just ended.
  bool advance(MonotonicTime now);

 private:
  struct Entry {
    MonotonicTime until{};
    Duration wait{};
    bool ended = false;
  };
  std::map<std::pair<uint64_t, NodeIndex>, Entry> entries_;
};

class Placement {
 public:
  // Why a node does not take the file, or how it would.
  enum class Fit : uint8_t {
    kNow,
    kAfterDeletions,  // room is promised, not yet free
    kNoRoom,          // only if something is evicted
    kHas,             // holds it, or it is on its way there
    kGoing,           // a copy of it is being deleted there
    kNotTaking,       // down, not reported, readonly, draining, at its floor
    kFailedLately,
  };
  struct Candidate {
    NodeIndex node = kNoNode;
    Fit fit = Fit::kNotTaking;
    bool throttled = false;
    bool overloaded = false;
    uint32_t zone_copies = 0, host_copies = 0;
    bool old_base = false;
    double attraction = 0;
  };

  Placement(const Model& model, const Throttle& throttle, const Refusals& refusals)
      : model_(model), throttle_(throttle), refusals_(refusals) {}

  // What a copy (or a session's member) needs.
  struct Ask {
    uint64_t inode = 0;  // 0: of no file yet
    const FileRecord* record = nullptr;
    uint64_t bytes = 0;
    bool keep_reserve = false;  // beyond N: stays out of the write reserve
    bool lane = false;
    bool all_nodes = false;                           // also those that cannot take it, to say why
    bool beside_copies = false;                       // a session: nodes with copies are no worse than others
    const std::vector<NodeIndex>* members = nullptr;  // of the session, chosen before
  };
  // The nodes that could take it, now or after an eviction, by index.
  const std::vector<Candidate>& look(const Ask& ask);
  // Better first among those that fit.
  static bool better(const Candidate& a, const Candidate& b);

  // Up nodes with the file, best first, at most `most`; `ready`: the first of them may give one more now.
  struct Sources {
    std::vector<NodeIndex> nodes;
    bool ready = false;
  };
  Sources sources(const FileRecord& record, NodeIndex target, size_t most) const;

 private:
  Fit fit(const Ask& ask, NodeIndex node) const;
  void mark(const Ask& ask);
  void count_near(NodeIndex node);

  const Model& model_;
  const Throttle& throttle_;
  const Refusals& refusals_;
  std::vector<Candidate> candidates_;
  std::vector<uint8_t> marks_;  // by node
  std::vector<uint32_t> zone_copies_, host_copies_;
};

}  // namespace fsdfs::master
