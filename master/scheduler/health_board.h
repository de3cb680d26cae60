// HealthBoard: the swarm's health, kept up to date one file at a time.
//
// Each file's record remembers how it is counted (shown_*), so that a file can be taken out again whatever
// has changed since. Surpluses are counted by exact value; there are at most as many values as
// ten-thousandths in the range of K-N. Not thread-safe.
#pragma once

#include <cstdint>
#include <map>

#include "master/scheduler/file_table.h"
#include "master/scheduler/types.h"

namespace fsdfs::master {

class HealthBoard {
 public:
  // How a file is to be counted from now on.
  struct Standing {
    int copies = 0;       // K
    bool capped = false;  // N above the number of usable nodes
    bool below = false;   // K with arriving copies is below N
    bool parked = false;
  };

  // The file's target, size, trash and open fields may only change between take_out and put_in.
  void take_out(FileRecord& record);
  void put_in(FileRecord& record, const Standing& standing);
  // The same as both, and cheap when nothing changes.
  void refresh(FileRecord& record, const Standing& standing);

  void fill(Health& health) const;

 private:
  std::map<Units, uint64_t> uncapped_, capped_;  // surplus -> files
  uint64_t files_ = 0, bytes_ = 0, trash_ = 0, open_ = 0;
  uint64_t unavailable_ = 0, endangered_ = 0, below_ = 0, parked_ = 0;
};

}  // namespace fsdfs::master
