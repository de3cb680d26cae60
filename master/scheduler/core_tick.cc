// SchedulerCore: the turn, and sessions.
#include "master/scheduler/scheduler_core.h"

namespace fsdfs::master {

namespace {
// Within a turn what one step finds out may give the next one work; a bound keeps a turn short.
constexpr int kRoundsMax = 8;
}  // namespace

TickResult SchedulerCore::tick(MonotonicTime now) {
  actions_.review_orders();
  throttle_.advance(now);
  if (refusals_.advance(now)) model_.wake();
  check_deadlines(now);
  admissions_.expire(now);
  if (model_.recovering && model_.nodes.all_settled()) set_recovering(false);

  size_t sweep_budget = model_.settings.files_swept_per_tick;
  size_t decisions = model_.settings.decisions_per_tick;
  bool more = false;
  for (int round = 0; round < kRoundsMax; ++round) {
    if (sweep_.due(now) && sweep_budget > 0) {
      sweep_budget -= sweep_.work(sweep_budget, now);
      if (!sweep_.running()) admissions_.swept();
    }
    more = deletions_.work(model_.settings.decisions_per_tick, now);
    decider_.retry_held();
    decider_.start_waiting(now);
    decisions -= decider_.decide(decisions, now);
    reserve_.work(now);
    more = more || sweep_.due(now) || decisions == 0;
    if (!sweep_.due(now) || sweep_budget == 0 || decisions == 0) break;
  }
  decider_.relocate(now);
  return {actions_.take_orders(), more || sweep_.due(now)};
}

Admission SchedulerCore::admit(const AdmitRequest& request, MonotonicTime now) {
  Admission answer = admissions_.admit(request, now);
  // A small swarm is looked through at once; in a big one the ticks do it and the caller asks again.
  size_t budget = model_.settings.files_swept_per_tick;
  for (int round = 0; round < kRoundsMax && admissions_.needs_sweep() && budget > 0; ++round) {
    budget -= std::min(budget, std::max<size_t>(1, sweep_.work(budget, now)));
    if (sweep_.running()) break;
    admissions_.swept();
    answer = admissions_.admit(request, now);
  }
  return answer;
}

Admission SchedulerCore::extend(SessionId session, uint64_t more_bytes, MonotonicTime now) {
  Admission answer = admissions_.extend(session, more_bytes, now);
  size_t budget = model_.settings.files_swept_per_tick;
  for (int round = 0; round < kRoundsMax && admissions_.needs_sweep() && budget > 0; ++round) {
    budget -= std::min(budget, std::max<size_t>(1, sweep_.work(budget, now)));
    if (sweep_.running()) break;
    admissions_.swept();
    answer = admissions_.extend(session, more_bytes, now);
  }
  return answer;
}

size_t SchedulerCore::resident_bytes() const {
  return model_.files.resident_bytes() + model_.nodes.resident_bytes() + model_.leftovers.resident_bytes() +
         model_.jobs.resident_bytes() + wants_.resident_bytes() + victims_.resident_bytes();
}

}  // namespace fsdfs::master
