#include "node/link/scrub_report.h"

#include <algorithm>

#include "node/store/wire.h"

namespace fsdfs::node {

v1::ScrubProgress scrub_progress(const ScrubFigures& figures, const ChangeLog& changes) {
  const ScrubState& state = figures.state;
  v1::ScrubProgress progress;
  progress.set_running(state.running);
  progress.set_bytes_done(state.bytes);
  progress.set_bytes_total(std::max(state.total, state.bytes));
  progress.set_replicas(state.replicas);
  progress.set_bad(state.bad);
  progress.set_passes(state.passes);
  if (state.passes != 0) *progress.mutable_finished() = wire::to_wire(state.finished);
  auto pending = changes.pending_after(0, 1);
  bool told = pending.empty() || pending.front().sequence > figures.answered_at_change;
  if (told) progress.set_answered(state.answered);
  return progress;
}

bool take_verified(VerifiedLog& verified, v1::Report& report) {
  for (const Verified& each : verified.take(kVerifiedInReport)) {
    v1::Verified& out = *report.add_verified();
    *out.mutable_replica() = wire::to_wire(each.replica);
    *out.mutable_at() = wire::to_wire(each.at);
  }
  return report.verified_size() != 0;
}

}  // namespace fsdfs::node
