// CopyGovernor: copies that other nodes pull from here make way for clients that read. While such are served,
// copies get a share of what clients get, and kFloor bytes a second in any case, so that repair never stands
// still; when no client was served for kIdle they get all there is.
//
// Asked by the streams of copies before each chunk. Thread-safe; await_turn() waits in its caller's thread,
// in bounded time. In memory.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "common/clock.h"
#include "common/units.h"

namespace fsdfs::node {

class CopyGovernor {
 public:
  static constexpr double kShare =
      0.33;  // a copied byte costs the machines about three times what a read one does
  static constexpr uint64_t kFloor = 4 * kMiB;
  static constexpr Duration kIdle = std::chrono::seconds(1);
  // What a small chunk counts as: its bytes are not what it costs.
  static constexpr uint64_t kChunkCost = 64 * kKiB;
  static constexpr uint64_t kCreditMax = 4 * kMiB;

  explicit CopyGovernor(const Clock& clock) : clock_(clock), refilled_at_(clock.now()) {}

  // A client that reads was given so many bytes.
  void served(uint64_t bytes);
  // So many bytes of a copy were given.
  void copied(uint64_t bytes);
  // Whether a copy may go on now.
  bool may_go_on();
  void await_turn();

 private:
  static int64_t cost(uint64_t bytes) { return static_cast<int64_t>(std::max(bytes, kChunkCost)); }
  bool turn_has_come();

  const Clock& clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_: what copies may still take, in bytes; below 0 they wait.
  int64_t credit_ = 0;
  MonotonicTime refilled_at_;
  MonotonicTime served_at_;
};

}  // namespace fsdfs::node
