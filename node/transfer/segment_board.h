// SegmentBoard: which source fetches which segment of a copy. Pure: no threads, no clock, no bytes.
//
// Segments are given out in order, those of a window at most, so that what waits in memory for its turn stays
// bounded; each goes to one source. But what everyone waits for, the first segment that is not here, goes to
// a second source once the first has been at it for more than twice as long as the second one took for its
// last: so one that is slow, or hangs, holds nobody up. A source that is the only one gets a row of segments,
// whose tail may lie behind the window. Not thread-safe.
#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "common/clock.h"

namespace fsdfs::node {

class SegmentBoard {
 public:
  using Source = size_t;
  static constexpr size_t kRowMax = 16;  // segments for a source that is alone

  SegmentBoard(size_t segments, size_t window) : entries_(segments), window_(window) {}

  // What the source is to fetch next, in order; empty: nothing just now.
  std::vector<size_t> claim(Source source, bool alone, MonotonicTime now);
  // A segment is here. False: it was already.
  bool arrived(size_t segment);
  // The source has fetched what it claimed, `took` for each segment.
  void fetched(Source source, Duration took) { pace_[source] = took; }
  // What the source claimed and did not bring is for others.
  void let_go(Source source);
  // The segment and all before it have been taken out of memory.
  void passed(size_t segment) { first_ = segment + 1; }

  bool in_window(size_t segment) const { return segment < first_ + window_; }
  bool is_here(size_t segment) const { return entries_[segment].here; }
  bool all_here() const { return here_ == entries_.size(); }

 private:
  struct Entry {
    bool here = false;
    std::vector<Source> by;  // who fetches it
    MonotonicTime since{};   // when the first of them began
  };
  bool is_slow(const Entry& entry, Source asking, MonotonicTime now) const;

  std::vector<Entry> entries_;
  const size_t window_;
  size_t first_ = 0;  // of the window
  size_t here_ = 0;
  std::map<Source, Duration> pace_;
};

}  // namespace fsdfs::node
