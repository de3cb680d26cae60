// Shelf: arrivals of copies that broke off, kept with their verified bytes so that the next order for the
// same replica and content goes on from there.
//
// Invariant 7: what lies here stays staged and its reservation counted; it is given up, oldest first, as soon
// as anybody needs the room, when it has lain for too long, when there are too many, and at once when the
// replica's deletion is ordered or another content is to come in its place. Thread-safe; arrivals end without
// its lock held. Crash: nothing survives, stages are swept at the next start.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>

#include "common/clock.h"
#include "node/store/replica.h"

namespace fsdfs::node {

class Arrival;

struct Shelved {
  std::unique_ptr<Arrival> arrival;
  Content content;  // of the whole
  BlockSums sums;   // likewise: they give content.digest

  Shelved();
  Shelved(std::unique_ptr<Arrival> broken, const Content& whole, BlockSums verified);
  Shelved(Shelved&&) noexcept;
  Shelved& operator=(Shelved&&) noexcept;
  ~Shelved();
};

class Shelf {
 public:
  struct Limits {
    size_t most = 16;
    Duration time = std::chrono::minutes(15);
    uint64_t bytes_min = 8ULL * 1024 * 1024;  // fewer are not worth a place
  };

  Shelf(const Limits& limits, const Clock& clock);
  ~Shelf();

  // Ends the arrival instead where it is dead, doomed or too small.
  void put(Shelved shelved);
  // What is kept of the replica, if it is of this content; of another content it is given up.
  std::optional<Shelved> take(const ReplicaId& replica, const Content& content);
  void drop(const ReplicaId& replica);
  bool drop_oldest();  // false: nothing is kept
  void drop_expired();
  void clear();

  struct Totals {
    uint64_t reserved = 0;  // bytes counted to the quota
    uint64_t staged = 0;    // of these, on the disk already
  };
  Totals totals() const;

 private:
  struct Kept {
    Shelved shelved;
    MonotonicTime since{};
  };
  using List = std::list<Kept>;
  void move_out(const ReplicaId& replica, List& into);  // with mutex_ held

  const Limits limits_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  List kept_;  // guarded by mutex_: oldest first
};

}  // namespace fsdfs::node
