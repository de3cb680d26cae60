// ScrubState: how far the scrubber is, as DATA/scrub.state keeps it over restarts:
//
//   fsdfs-scrub 1
//   running: 1
//   started: 1790000000000000000      (of this pass, or the last one; nanoseconds since 1970)
//   finished: 1789000000000000000     (of the last pass that was finished; 0: none was)
//   passes: 3                         (finished)
//   after: 1099511628032.1.77         (the last replica that was checked; empty: none yet)
//   bytes: 734003200                  (content checked in this pass)
//   total: 1073741824                 (content held when it began)
//   replicas: 700
//   bad: 0                            (found in this pass, or the last one)
//   request: 1099511627777            (the operator's request that it answers; 0: none)
//   answered: 0                       (the last request whose pass was finished)
//   sum: 9f86d081884c7d65             (XXH3-64 of the lines above)
//
// Plain values and pure functions. A file that is lost or damaged costs one pass begun anew, nothing else.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/clock.h"
#include "common/ids.h"
#include "common/status.h"

namespace fsdfs::node {

struct ScrubState {
  bool running = false;
  WallTime started{};
  WallTime finished{};
  uint64_t passes = 0;
  std::optional<ReplicaId> after;
  uint64_t bytes = 0;
  uint64_t total = 0;
  uint64_t replicas = 0;
  uint64_t bad = 0;
  uint64_t request = 0;
  uint64_t answered = 0;
  friend bool operator==(const ScrubState&, const ScrubState&) = default;
};

std::string encode_scrub_state(const ScrubState& state);
// kDataLoss says what is wrong with the text.
Result<ScrubState> decode_scrub_state(std::string_view text);

}  // namespace fsdfs::node
