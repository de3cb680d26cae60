// IdleWatch: ends what has stood still for too long (invariant 8). One thread watches all streams of a node.
//
// watch() registers; whoever makes progress touches; after `limit` without a touch `on_idle` is called,
// without a lock held, and again after each further `limit`. Once a Watched is destroyed, its on_idle does
// not run and will not again (unless it is what destroys it). Thread-safe. on_idle must be quick.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <thread>

#include "common/clock.h"

namespace fsdfs::node {

class IdleWatch {
 private:
  struct Entry;

 public:
  class Watched {
   public:
    ~Watched();
    Watched(const Watched&) = delete;
    Watched& operator=(const Watched&) = delete;
    void touch();
    Duration idle() const;  // since the last touch

   private:
    friend class IdleWatch;
    Watched(IdleWatch& owner, std::shared_ptr<Entry> entry) : owner_(owner), entry_(std::move(entry)) {}
    IdleWatch& owner_;
    const std::shared_ptr<Entry> entry_;  // shared with the watching thread
  };

  explicit IdleWatch(const Clock& clock);
  ~IdleWatch();  // after every Watched
  IdleWatch(const IdleWatch&) = delete;
  IdleWatch& operator=(const IdleWatch&) = delete;

  std::unique_ptr<Watched> watch(Duration limit, std::function<void()> on_idle);

 private:
  struct Entry {
    std::function<void()> on_idle;
    Duration limit{};
    std::atomic<MonotonicTime> touched;
    MonotonicTime fired;  // guarded by mutex_: when on_idle was last called
    bool firing = false;  // guarded by mutex_
  };
  void run();
  std::shared_ptr<Entry> find_due(MonotonicTime now, MonotonicTime& next);
  void forget(const std::shared_ptr<Entry>& entry);

  const Clock& clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<std::shared_ptr<Entry>> entries_;  // guarded by mutex_
  bool stopping_ = false;                      // guarded by mutex_
  std::thread thread_;
};

}  // namespace fsdfs::node
