// IdSource: numbers that no earlier epoch and nobody in this one has been given (invariant 9). The epoch in
// their high bits is what makes them new after a restart, so nothing of it is kept on disk. Thread-safe.
#pragma once

#include <atomic>

#include "common/ids.h"

namespace fsdfs::master {

class IdSource {
 public:
  explicit IdSource(Epoch epoch) : epoch_(epoch.value) {}

  Epoch epoch() const { return Epoch{epoch_.load()}; }
  void raise(Epoch epoch) { epoch_.store(epoch.value); }

  InodeId inode() { return InodeId{compose_with_epoch(epoch(), ++inodes_)}; }
  SessionId session() { return SessionId{compose_with_epoch(epoch(), ++sessions_)}; }
  uint64_t cookie() { return compose_with_epoch(epoch(), ++cookies_); }
  Version version() {
    uint64_t counter = ++versions_;
    return {epoch(), counter};
  }

 private:
  std::atomic<uint64_t> epoch_;
  std::atomic<uint64_t> inodes_{0};
  std::atomic<uint64_t> sessions_{0};
  std::atomic<uint64_t> cookies_{0};
  std::atomic<uint64_t> versions_{0};
};

}  // namespace fsdfs::master
