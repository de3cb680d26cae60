// CopyJobs: the copies decided and not done: ordered, waiting for space, or cancelled and not answered.
//
// Bounded by the copy limits of the nodes. Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <unordered_map>
#include <vector>

#include "common/clock.h"
#include "master/scheduler/file_table.h"
#include "master/scheduler/node_table.h"
#include "master/scheduler/types.h"

namespace fsdfs::master {

struct CopyJob {
  enum class State : uint8_t {
    kWaiting,  // the space it will take is still occupied by doomed replicas
    kOrdered,
    kCancelled,  // its space stays reserved until the node answers
  };
  uint64_t id = 0;
  Slot slot = kNoSlot;  // of a file that may be gone if cancelled
  uint64_t inode = 0;
  uint64_t version = 0;  // packed
  uint64_t size = 0;
  NodeIndex target = kNoNode;
  NodeIndex source = kNoNode;  // the one charged with it
  State state = State::kWaiting;
  CopyCause cause = CopyCause::kBelowTarget;
  Units surplus = 0;  // before it
  MonotonicTime deadline{};
};

class CopyJobs {
 public:
  using Map = std::map<uint64_t, CopyJob>;  // by id: in the order of decision

  CopyJob& add(const CopyJob& job);  // gives it the next id
  CopyJob* find(uint64_t id);
  const CopyJob* find(uint64_t id) const;
  void erase(uint64_t id);
  // Ids of the inode's jobs, oldest first; null when it has none.
  const std::vector<uint64_t>* of_inode(uint64_t inode) const;
  const Map& all() const { return jobs_; }
  Map& all() { return jobs_; }
  uint64_t in_flight() const { return in_flight_; }
  void count_in_flight(int by) { in_flight_ += by; }
  size_t resident_bytes() const;

 private:
  Map jobs_;
  std::unordered_map<uint64_t, std::vector<uint64_t>> by_inode_;
  uint64_t next_id_ = 1;
  uint64_t in_flight_ = 0;  // ordered or cancelled
};

}  // namespace fsdfs::master
