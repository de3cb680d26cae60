// Front: the best few of all files by some order, without an entry for each file.
//
// A queue of ten million files would cost more than the files' records. A Front keeps only the best; the rest
// lies beyond its floor, and is found again by a sweep over all files when the Front runs dry. Invariant:
// every file whose entry is before floor() has been offered since it took that place, so best() is the best
// of all.
//
// Entries are not taken back when a file changes: the user compares what it pops with the file's entry of
// now, and offers that again when the file has become worse. A file that becomes better must be offered at
// once. Not thread-safe.
#pragma once

#include <compare>
#include <cstdint>
#include <vector>

#include "master/scheduler/file_table.h"

namespace fsdfs::master {

class Front {
 public:
  // Ascending: the least is the best.
  struct Entry {
    int32_t major = 0;
    Slot slot = 0;  // of the inode; not part of the order
    uint64_t minor = 0;
    uint64_t inode = 0;
    friend bool operator==(const Entry& a, const Entry& b) {
      return a.major == b.major && a.minor == b.minor && a.inode == b.inode;
    }
    friend auto operator<=>(const Entry& a, const Entry& b) {
      if (auto order = a.major <=> b.major; order != 0) return order;
      if (auto order = a.minor <=> b.minor; order != 0) return order;
      return a.inode <=> b.inode;
    }
  };

  // Without files everything is known: an empty Front is complete.
  Front() = default;

  void offer(const Entry& entry);
  bool empty() const { return heap_.empty(); }
  const Entry& best() const { return heap_.front(); }
  Entry pop();
  size_t size() const { return heap_.size(); }
  // Nothing lies beyond the floor.
  bool complete() const { return floor_is_end_; }
  bool sweeping() const { return sweeping_; }

  // Forgets everything: until a sweep that begins after this has passed nothing is known.
  void forget();
  // Between the two every file's entry is offered by sweep_offer, and changes by offer as ever. `keep`: how
  // many entries to keep about.
  void begin_sweep(size_t keep);
  void sweep_offer(const Entry& entry);
  // False: it was forgotten meanwhile, another sweep is needed.
  bool end_sweep();

  size_t resident_bytes() const { return (heap_.capacity() + found_.capacity()) * sizeof(Entry); }

 private:
  bool before_floor(const Entry& entry) const { return floor_is_end_ || entry < floor_; }
  void add_found(const Entry& entry);
  void cut_heap();

  std::vector<Entry> heap_;  // a heap whose front is the best
  Entry floor_;
  bool floor_is_end_ = true;
  size_t keep_ = 4096;

  bool sweeping_ = false;
  bool spoiled_ = false;      // forgotten while sweeping
  std::vector<Entry> found_;  // by the sweep in progress, unordered
  Entry found_floor_;
  bool found_floor_is_end_ = true;
};

}  // namespace fsdfs::master
