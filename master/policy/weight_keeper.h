// WeightKeeper: where the weights of files are that their reads make: the scheduler, behind its control loop.
// Both are thread-safe and never wait for a write.
#pragma once

#include <functional>
#include <vector>

#include "common/clock.h"
#include "common/ids.h"

namespace fsdfs::master {

struct ReadCount {
  InodeId inode;
  uint64_t reads = 0;
};
struct ReadWeight {
  InodeId inode;
  float weight = 0;
};

class WeightKeeper {
 public:
  using Weights = std::function<void(std::vector<ReadWeight>)>;
  virtual ~WeightKeeper() = default;
  // Adds the reads to the weights, and says what they are now, on a thread of its own; where it is too busy
  // it does neither.
  virtual void note_reads(std::vector<ReadCount> counts, WallTime at, Weights changed) = 0;
  // As they were saved.
  virtual void restore_weights(std::vector<ReadWeight> weights) = 0;
};

}  // namespace fsdfs::master
