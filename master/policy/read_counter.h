// ReadCounter: how often files are read, from each OpenForRead to the scheduler's weights, the automatic var
// reads_per_day and the database.
//
// count() never waits: it leaves the inode in a small buffer, or drops it where that is full or busy. A
// thread of its own empties the buffers every second into the scheduler (through the control loop), saves the
// weights that changed once in save_interval, and once in `interval` lets the policy see those rates that
// moved by a tenth since it last did: so automatic vars change N no more often than that.
//
// count() from any thread; start() and stop() from the owner's. Crash: what was not saved is forgotten, a
// minute of reads.
#pragma once

#include <array>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "common/clock.h"
#include "common/log.h"
#include "master/policy/weight_keeper.h"
#include "master/store/store.h"

namespace fsdfs::master {

struct ReadCounterSettings {
  Duration drain_interval = std::chrono::seconds(1);
  Duration save_interval = std::chrono::minutes(1);
  Duration interval = std::chrono::minutes(10);  // between two looks that the policy gets
};

class ReadCounter {
 public:
  // Files whose rate, as the policy sees it, has changed.
  using Seen = std::function<void(const std::vector<InodeId>&)>;

  // All outlive the counter; the store is closed after stop().
  ReadCounter(MetadataStore& store, WeightKeeper& keeper, const Clock& clock, Logger& logger,
              ReadCounterSettings settings, Seen seen);
  ~ReadCounter();
  ReadCounter(const ReadCounter&) = delete;
  ReadCounter& operator=(const ReadCounter&) = delete;

  void start();
  // Saves what is known, and ends the thread. Idempotent.
  void stop();

  void count(InodeId inode);

  // One turn of the thread each, for tests without it.
  void drain();
  Status save();
  Status show_policy();

 private:
  struct Shard {
    std::mutex mutex;
    std::vector<InodeId> reads;  // guarded by mutex
  };

  void run(const std::stop_token& token);
  Status restore(const std::stop_token& token);
  Status show_page(const std::vector<ReadsRecord>& page, WallTime now);

  MetadataStore& store_;
  WeightKeeper& keeper_;
  const Clock& clock_;
  Logger& logger_;
  const ReadCounterSettings settings_;
  const Seen seen_;
  std::array<Shard, 8> shards_;

  std::mutex mutex_;
  std::map<InodeId, float> unsaved_;  // guarded by mutex_; weights
  std::condition_variable_any rung_;

  std::mutex stop_mutex_;  // one stop() at a time
  std::jthread thread_;    // joined under stop_mutex_
};

}  // namespace fsdfs::master
