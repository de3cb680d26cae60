// LivenessTracker: who is up, silent or dead, and whose word counts. A pure state machine: time comes in.
//
//   up      its last report is younger than missed_reports * report_interval
//   silent  reports are missing; it costs nothing yet, orders do not go there
//   dead    nothing was heard for dead_after (and it is silent): its copies no longer count
//
// A node that was registered before the master's start and was never heard since begins as silent at the
// start: it has dead_after to come.
//
// Incarnations: a node's number of starts. Messages of an older one are refused; so is the same one from
// another process (a copied data directory). When both copies start anew by turns, each throws the other out:
// the message of the one thrown out is refused as stale, and counted, for a warning.
//
// Used by the master's control thread and by tests/sim. Not thread-safe. Nothing survives a crash: the known
// incarnations come from the database by expect().
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "common/ids.h"
#include "common/status.h"
#include "master/registry/node_state.h"

namespace fsdfs::master {

struct LivenessSettings {
  Duration report_interval = std::chrono::seconds(5);
  int missed_reports = 3;
  Duration dead_after = std::chrono::seconds(60);  // since the last report; never before the node is silent

  Duration silent_after() const { return report_interval * missed_reports; }
  Duration lost_after() const { return std::max(silent_after(), dead_after); }
};

// kInvalidArgument names the setting.
Status check_liveness_settings(const LivenessSettings& settings);

class LivenessTracker {
 public:
  explicit LivenessTracker(const LivenessSettings& settings) : settings_(settings) {}

  // Transitions by the new settings show at the next advance.
  void set_settings(const LivenessSettings& settings) { settings_ = settings; }

  // A registered node, last seen in `incarnation` (0: never). Known nodes stay as they are.
  void expect(NodeId node, Incarnation incarnation, MonotonicTime now);
  void forget(NodeId node) { nodes_.erase(node); }

  struct Greeting {
    bool restarted = false;  // a new incarnation: what was under way to it is lost
    bool changed = false;    // its liveness
  };
  // A node says hello at its join and whenever it connects anew. `process` tells two processes apart (its
  // address). kFailedPrecondition with kStaleIncarnation, or kWrongIdentity for a copied data directory.
  Result<Greeting> hello(NodeId node, Incarnation incarnation, std::string_view process, MonotonicTime now);

  // A report. True when its liveness changed. kNotFound before hello; kFailedPrecondition/kStaleIncarnation.
  Result<bool> heard(NodeId node, Incarnation incarnation, MonotonicTime now);

  struct Change {
    NodeId node;
    Liveness before = Liveness::kSilent;
    Liveness after = Liveness::kSilent;
    friend bool operator==(const Change&, const Change&) = default;
  };
  // What the time alone has changed, by node id.
  std::vector<Change> advance(MonotonicTime now);
  // When advance has something to say at the earliest; none when only a message could change anything.
  std::optional<MonotonicTime> next_change() const;

  Liveness liveness(NodeId node) const;  // dead when unknown
  std::optional<MonotonicTime> last_heard(NodeId node) const;
  // Messages of an older incarnation since the node's present one said hello: two processes fight for its id.
  uint64_t stale_messages(NodeId node) const;

 private:
  struct State {
    Incarnation incarnation;
    std::string process;  // empty: not heard by this master
    MonotonicTime heard{};
    Liveness liveness = Liveness::kSilent;
    uint64_t stale = 0;
  };
  Liveness by_time(const State& state, MonotonicTime now) const;

  LivenessSettings settings_;
  std::map<NodeId, State> nodes_;  // ordered: the same events give the same changes
};

}  // namespace fsdfs::master
