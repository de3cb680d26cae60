// Scrubber: reads every replica of a node once per period, from the disk itself, and checks its sidecar and
// each of its blocks; what is bad the store sets aside and reports (invariant 5). On the way it makes the
// SHA-256 of each, and at the end of a pass the store's SHA256SUMS, by which `sha256sum -c` can check the
// disk without fsdfs. Between passes it reads what has arrived since, for the same list.
//
// A pass goes through the replicas in the order of their ids; how far it is survives restarts
// (scrub_state.h). A request by an operator begins a pass anew, so that everything is read after the request.
//
// It works in steps: step() does one bounded piece of work and says how long to rest before the next, by the
// rate and by how clients fare: while their reads are slow it only creeps. step() and save() belong to one
// thread (ScrubThread); request_pass() and figures() to any.
//
// Crash: a pass goes on from a position at most kSaveInterval old; what was read twice was read twice.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/io/disk.h"
#include "common/log.h"
#include "node/scrub/scrub_state.h"
#include "node/scrub/verified_log.h"
#include "node/store/store.h"

namespace fsdfs::node {

struct ScrubSettings {
  Duration period = std::chrono::hours(24 * 30);  // of a pass; 0: only what operators ask for [scrub.period]
  uint64_t rate = 20ULL * 1024 * 1024;            // bytes per second at most; 0: no limit [scrub.rate]
};

struct ScrubFigures {
  ScrubState state;
  // The change by which the master knows all that the last pass found: before it is acknowledged, the request
  // that the pass answered is not answered.
  uint64_t answered_at_change = 0;
};

class Scrubber {
 public:
  static constexpr size_t kChunkBytes = 1024 * 1024;
  // What a replica costs at the least, so that a million small files are not a million seeks a second.
  static constexpr uint64_t kReplicaCost = 64 * 1024;
  static constexpr size_t kPage = 256;
  static constexpr Duration kSaveInterval = std::chrono::seconds(10);
  static constexpr Duration kFreshInterval = std::chrono::hours(1);  // between looks for what has arrived
  static constexpr Duration kCreep = std::chrono::seconds(1);        // a rest while clients' reads are slow
  static constexpr Duration kSlow = std::chrono::milliseconds(50);
  static constexpr Duration kRetry = std::chrono::minutes(1);  // after the index or the disk gave an error
  static constexpr Duration kIdle = std::chrono::hours(24);    // nothing to do

  // Mean latency of clients' reads and writes here since the last call; zero when there were none.
  using Foreground = std::function<Duration()>;

  // `path`: of the state file. All outlive the scrubber.
  Scrubber(ReplicaStore& store, Disk& disk, std::string path, VerifiedLog& verified, const Clock& clock,
           Logger& logger, const ScrubSettings& settings, Foreground foreground);

  // Returns how long to rest.
  Duration step();
  // Keeps the position. An error is logged.
  void save();

  // Begins a pass, now; a pass under way starts over. `request` is above all earlier ones; one that is not
  // was begun already.
  void request_pass(uint64_t request);
  ScrubFigures figures() const;

 private:
  // One walk over replicas: all of them, or those that have no SHA-256 yet.
  struct Walk {
    bool fresh = false;
    std::vector<HeldReplica> page;
    size_t next = 0;  // in the page
    std::optional<ReplicaId> after;
    uint64_t hashed = 0;
  };
  struct Open {
    std::shared_ptr<const OpenReplica> replica;  // shared with the store
    uint64_t offset = 0;
    Sha256Summer sha256;
  };

  void load();
  void begin_pass(uint64_t request);
  Duration begin_what_is_due();
  Duration advance();
  Result<bool> turn_page();
  Duration open_next();
  Duration check_some();
  void verified();
  void found_bad();
  void finish_walk();
  void finish_pass();
  void write_list();
  Duration rest_after(uint64_t bytes);
  void set_due(MonotonicTime begun);

  template <typename Apply>
  void change(Apply apply) {
    std::lock_guard lock(mutex_);
    apply(figures_.state);
  }

  ReplicaStore& store_;
  Disk& disk_;
  const std::string path_;
  VerifiedLog& verified_;
  const Clock& clock_;
  Logger& logger_;
  const ScrubSettings settings_;
  const Foreground foreground_;

  // Of the stepping thread.
  std::optional<Walk> walk_;
  std::optional<Open> open_;
  std::string buffer_;
  MonotonicTime pass_begun_{};
  MonotonicTime due_{};        // the next pass
  MonotonicTime fresh_due_{};  // the next look for what has arrived
  MonotonicTime paid_until_{};
  MonotonicTime saved_at_{};

  mutable std::mutex mutex_;
  ScrubFigures figures_;    // guarded by mutex_; written by the stepping thread
  uint64_t requested_ = 0;  // guarded by mutex_
};

}  // namespace fsdfs::node
