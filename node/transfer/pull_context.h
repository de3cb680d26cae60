// PullContext: what every copy that is pulled works with. Owned by whoever makes the puller, outlives it.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "common/clock.h"
#include "common/log.h"
#include "common/rpc/channel.h"
#include "node/store/store.h"
#include "node/transfer/access.h"
#include "node/transfer/idle_watch.h"
#include "node/transfer/meter.h"

namespace fsdfs::node {

// From which sizes on a copy is pulled in which way. In bytes, multiples of the block size.
struct PullSizes {
  uint64_t together_max = 1ULL << 20;      // up to this, several in one stream
  size_t orders_in_stream = 64;            // of those
  uint64_t bytes_in_stream = 16ULL << 20;  // likewise
  size_t streams_per_source = 4;           // likewise
  uint64_t several_sources_from = 64ULL << 20;
  size_t sources_at_once = 3;
  uint64_t segment = 8ULL << 20;
  size_t segments_in_memory = 4;  // of one copy
};

struct PullContext {
  ReplicaStore& store;
  Dialer& dialer;
  IdleWatch& watch;
  TransferMeter& meter;
  Logger& logger;
  Duration idle_timeout;
  const Access& access;  // prolongs the tickets of orders
  const Clock& clock;
  PullSizes sizes = {};
};

// How many streams the copies have open; one more than a copy's first is opened only while fewer than `most`
// are. Thread-safe.
class StreamSlots {
 public:
  explicit StreamSlots(size_t most) : most_(most) {}

  void take() { used_.fetch_add(1); }
  // Up to `wanted`, as many as are free.
  size_t try_take(size_t wanted) {
    size_t used = used_.load();
    while (true) {
      size_t taken = used >= most_ ? 0 : std::min(wanted, most_ - used);
      if (used_.compare_exchange_weak(used, used + taken)) return taken;
    }
  }
  void give(size_t count) { used_.fetch_sub(count); }

 private:
  const size_t most_;
  std::atomic<size_t> used_{0};
};

}  // namespace fsdfs::node
