// ReadAhead: which ranges of a file to fetch for a read, and which ahead of the next one. A pure value:
// offsets in, ranges out; FileReader holds it under its lock and does the fetching.
//
// A run begins with a read at 0 or where the last read ended, and goes on with reads near its front
// (kernels send the reads of one run side by side and out of order). Its ranges follow one another without
// gaps and double from kFirstRange to kRangeMax; each read lets at most one range be fetched ahead, so a
// run that has just begun fetches little, and no more than 2 * kRangeMax wait ahead of who reads. Reads out
// of the run get a range of their own and leave the run alone. A file of at most kWholeFile is one range.
#pragma once

#include <cstdint>
#include <vector>

#include "client/block_range.h"

namespace fsdfs::client {

class ReadAhead {
 public:
  static constexpr uint64_t kFirstRange = 256ULL << 10;
  static constexpr uint64_t kRangeMax = 4ULL << 20;
  static constexpr uint64_t kWholeFile = 1ULL << 20;
  static constexpr uint64_t kDisorder = 1ULL << 20;  // how far from the run's front a read may be

  explicit ReadAhead(uint64_t file_size) : size_(file_size) {}

  struct Plan {
    bool in_run = false;            // false: fetch[0] is for this read alone
    std::vector<BlockRange> fetch;  // new ranges, in order
    uint64_t drop_before = 0;       // ranges of the run that end here or earlier are needed no more
  };
  // A read of [offset, offset + length) within the file, length > 0.
  Plan on_read(uint64_t offset, uint64_t length);

 private:
  bool near_front(uint64_t offset) const;
  void begin_run(uint64_t offset);
  void extend(Plan& plan, uint64_t length_min);

  const uint64_t size_;
  bool running_ = false;
  uint64_t front_ = 0;     // where the furthest read of the run ended
  uint64_t window_ = 0;    // where the run's ranges end
  uint64_t next_ = 0;      // the length of the next range
  uint64_t last_end_ = 0;  // where the last read outside a run ended
};

}  // namespace fsdfs::client
