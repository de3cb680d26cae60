// StreamContext: what every stream of the data service uses. Owned by the service, outlives the streams.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>

#include "common/clock.h"
#include "common/concurrency/thread_pool.h"
#include "common/log.h"
#include "common/rpc/channel.h"
#include "node/store/store.h"
#include "node/transfer/access.h"
#include "node/transfer/copy_governor.h"
#include "node/transfer/idle_watch.h"
#include "node/transfer/meter.h"

namespace fsdfs::node {

// Counts streams that live, so that a stop can wait for the last one. Thread-safe.
class StreamCount {
 public:
  class Member {
   public:
    explicit Member(StreamCount& count) : count_(count) { count_.change(1); }
    ~Member() { count_.change(-1); }
    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;

   private:
    StreamCount& count_;
  };

  int now() const {
    std::lock_guard lock(mutex_);
    return count_;
  }
  // True when none was left before the deadline.
  bool wait_for_none(MonotonicTime deadline) {
    std::unique_lock lock(mutex_);
    return none_.wait_until(lock, deadline, [&] { return count_ == 0; });
  }

 private:
  void change(int by) {
    // Under the lock, because the owner may go as soon as the last one has left.
    std::lock_guard lock(mutex_);
    count_ += by;
    if (count_ == 0) none_.notify_all();
  }

  mutable std::mutex mutex_;
  std::condition_variable none_;
  int count_ = 0;  // guarded by mutex_
};

// Clients come first: what copies take of the processors they take when nobody else wants it.
inline constexpr int kCopyNiceness = 10;

struct StreamContext {
  ReplicaStore& store;
  const Access& access;
  TransferMeter& meter;
  CopyGovernor& governor;
  const Clock& clock;
  Logger& logger;
  Dialer& dialer;
  IdleWatch& watch;
  ThreadPool& read_pool;
  ThreadPool& copy_pool;   // serves the copies that other nodes pull
  ThreadPool& write_pool;  // one of their own: a sync must not keep readers waiting
  ThreadPool& adopt_pool;  // the same: local files may be long to read
  StreamCount& count;
  int streams_max;  // one more is refused
  NodeId self;
  Duration idle_timeout;  // a stream on which nothing moves for so long is ended
  Duration sync_timeout;  // the same, while the members of a chain sync what was written
};

}  // namespace fsdfs::node
