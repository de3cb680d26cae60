#include "master/scheduler/decider.h"

#include <algorithm>
#include <map>

namespace fsdfs::master {

namespace {

// Files set aside at once. Beyond it the limits, not the order of files, decide what comes next anyway.
constexpr size_t kHeldMax = 1024;
constexpr size_t kSourcesMax = 4;
constexpr int kRelocationsPerTurn = 4;

// The surplus a live victim must have for a file of this need: a whole copy would still be between them.
Units surplus_min_for(const Model& model, Units need) {
  return need + (model.guards.strict_gap ? 2 : 0) * kCopy;
}

}  // namespace

Decider::Plan Decider::plan(Slot slot, bool lane) {
  Model& model = actions_.model();
  const FileRecord& record = model.files.at(slot);
  Counts counts = model.count(record);
  Plan plan;
  plan.need = model.need(record, counts);
  Units with_draining = copies_units(counts.live + record.arriving) - record.target;
  plan.cause = plan.need >= 0       ? CopyCause::kFill
               : with_draining >= 0 ? CopyCause::kDraining
               : lane               ? CopyCause::kEndangered
                                    : CopyCause::kBelowTarget;
  if (model.at_rest(record) || counts.sources == 0) return plan;

  Placement::Ask ask;
  ask.inode = record.inode;
  ask.record = &record;
  ask.bytes = record.size;
  ask.keep_reserve = plan.need >= 0;
  ask.lane = lane;
  const Placement::Candidate* best = nullptr;
  const Placement::Candidate* best_free = nullptr;
  const std::vector<Placement::Candidate>& candidates = placement_.look(ask);
  for (const Placement::Candidate& candidate : candidates) {
    if (candidate.fit >= Placement::Fit::kNoRoom) continue;
    if (best == nullptr || Placement::better(candidate, *best)) best = &candidate;
    if (candidate.throttled) continue;
    if (best_free == nullptr || Placement::better(candidate, *best_free)) best_free = &candidate;
  }
  if (best == nullptr) return plan_eviction(std::move(plan), record, ask.keep_reserve, candidates);
  // A better zone or host is worth waiting for its turn, except for an endangered file.
  bool worse_spread = best_free != nullptr && (best_free->zone_copies > best->zone_copies ||
                                               best_free->host_copies > best->host_copies);
  if (best_free == nullptr || (worse_spread && !lane)) {
    plan.verdict = Verdict::kHeld;
    plan.node = best->node;
    return plan;
  }
  plan.node = best_free->node;
  if (placement_.sources(record, plan.node, 1).ready) {
    plan.verdict = Verdict::kPlaced;
  } else {
    plan.verdict = Verdict::kHeld;
    plan.node = kNoNode;
  }
  return plan;
}

Decider::Plan Decider::plan_eviction(Plan plan, const FileRecord& record, bool keep_reserve,
                                     const std::vector<Placement::Candidate>& candidates) {
  Model& model = actions_.model();
  VictimIndex& victims = actions_.victims();
  VictimIndex::Wish wish;
  wish.surplus_min = surplus_min_for(model, plan.need);
  wish.last_of_trash = plan.need < 0;
  wish.except_inode = record.inode;
  int32_t rank_min = wish.last_of_trash ? std::min(rank_of_surplus(wish.surplus_min), kRankLastTrash)
                                        : rank_of_surplus(wish.surplus_min);
  struct Option {
    int32_t rank;
    Placement::Candidate candidate;
  };
  std::vector<Option> options;
  bool throttled = false;
  for (const Placement::Candidate& candidate : candidates) {
    if (candidate.fit != Placement::Fit::kNoRoom) continue;
    if (!outlook_.might_evict(candidate.node, plan.need, record.size, keep_reserve)) continue;
    auto rank = victims.best_rank(candidate.node);
    if (!rank || *rank < rank_min) continue;
    throttled = throttled || candidate.throttled;
    if (!candidate.throttled) options.push_back({*rank, candidate});
  }
  std::sort(options.begin(), options.end(), [](const Option& a, const Option& b) {
    if (a.rank != b.rank) return a.rank > b.rank;
    return Placement::better(a.candidate, b.candidate);
  });
  bool unknown = false;
  for (const Option& option : options) {
    wish.node = option.candidate.node;
    int64_t reserve = keep_reserve ? model.nodes.brief(wish.node).reserve : 0;
    int64_t missing = static_cast<int64_t>(record.size) + reserve - model.nodes.room_promised(wish.node);
    wish.bytes = static_cast<uint64_t>(std::max<int64_t>(missing, 0));
    VictimIndex::Harvest harvest = victims.gather(wish);
    if (harvest.outcome == VictimIndex::Harvest::Outcome::kUnknown) unknown = true;
    if (harvest.outcome != VictimIndex::Harvest::Outcome::kEnough) continue;
    if (!placement_.sources(record, wish.node, 1).ready) {
      plan.verdict = Verdict::kHeld;
      return plan;
    }
    plan.verdict = Verdict::kPlaced;
    plan.node = wish.node;
    plan.victims = std::move(harvest.victims);
    return plan;
  }
  plan.verdict = unknown ? Verdict::kUnknown : throttled ? Verdict::kHeld : Verdict::kNowhere;
  return plan;
}

uint64_t Decider::carry_out(Slot slot, const Plan& plan, const Actions::Reason& reason, MonotonicTime now) {
  Model& model = actions_.model();
  const FileRecord& record = model.files.at(slot);
  for (Slot victim : plan.victims) actions_.doom(victim, plan.node, reason, now);
  int64_t spared = model.nodes.room_promised(plan.node) - static_cast<int64_t>(record.size);
  if (!plan.victims.empty()) {
    outlook_.made_room(static_cast<uint64_t>(std::max<int64_t>(spared, 0)));
    free_outlook_.made_room(static_cast<uint64_t>(std::max<int64_t>(spared, 0)));
  }
  CopyJob job;
  job.slot = slot;
  job.inode = record.inode;
  job.version = record.version;
  job.size = record.size;
  job.target = plan.node;
  job.cause = plan.cause;
  job.surplus = plan.need;
  job.deadline = now + model.settings.copy_timeout;
  CopyJob& added = model.add_job(job);
  start(added, now);
  actions_.touch(slot, true);
  return added.id;
}

void Decider::relocate(MonotonicTime now) {
  Model& model = actions_.model();
  for (int i = 0; i < kRelocationsPerTurn; ++i) {
    auto move = relocation_.next();
    if (!move) return;
    const FileRecord& moved = model.files.at(move->moved);
    Actions::Reason reason{
        DeleteCause::kRoomForFile, InodeId{model.files.at(move->helped).inode}, {}, InodeId{moved.inode}};
    Plan plan;
    plan.node = move->to;
    plan.victims = std::move(move->victims);
    plan.cause = CopyCause::kMakeWay;
    plan.need = model.need(moved, model.count(moved));
    relocation_.began(*move, carry_out(move->moved, plan, reason, now));
  }
}

bool Decider::start(CopyJob& job, MonotonicTime now) {
  Model& model = actions_.model();
  if (static_cast<int64_t>(job.size) > model.nodes.room_now(job.target)) return false;
  const FileRecord& record = model.files.at(job.slot);
  Placement::Sources sources = placement_.sources(record, job.target, kSourcesMax);
  if (!sources.ready) return false;
  auto seconds_at_worst = job.size / std::max<uint64_t>(1, model.settings.copy_rate_min);
  model.order_job(job, sources.nodes.front(),
                  now + model.settings.copy_timeout + std::chrono::seconds(seconds_at_worst));
  throttle_.spend(job.target, job.size);
  CopyOrder order;
  order.id = OrderId{job.id};
  order.replica = {InodeId{job.inode}, unpack_version(job.version)};
  order.size = job.size;
  order.target = model.nodes.at(job.target).info.id;
  for (NodeIndex source : sources.nodes) order.sources.push_back(model.nodes.at(source).info.id);
  order.cause = job.cause;
  order.surplus = from_units(job.surplus);
  actions_.emit(std::move(order));
  return true;
}

void Decider::start_waiting(MonotonicTime now) {
  Model& model = actions_.model();
  for (NodeIndex index = 0; index < model.nodes.end(); ++index) {
    const Node& node = model.nodes.at(index);
    // Promised more than there is now, or nothing may go there any more: the latest promises are taken back.
    while (!node.waiting_jobs.empty() &&
           (!model.nodes.has(index, kTakes) || model.nodes.room_promised(index) < 0)) {
      actions_.give_up_job(node.waiting_jobs.back(), CancelCause::kNoRoom);
    }
    // First come, first served: a later, smaller copy never takes the space an earlier one waits for.
    while (!node.waiting_jobs.empty()) {
      CopyJob& job = *model.jobs.find(node.waiting_jobs.front());
      if (start(job, now)) continue;
      if (job.deadline > now && model.count(model.files.at(job.slot)).sources > 0) break;
      actions_.give_up_job(job.id, CancelCause::kTooSlow);
    }
  }
}

// Most files that cannot be placed now are told by a glance. kPlaced: perhaps.
Decider::Verdict Decider::glance(const FileRecord& record) {
  const Model& model = actions_.model();
  Units need = model.need(record, model.count(record));
  if (!outlook_.any_chance(record, need)) return Verdict::kNowhere;
  auto holders = model.files.holders(record);
  bool source_free = std::any_of(holders.begin(), holders.end(), [&](NodeIndex node) {
    return model.nodes.has(node, kSource) && throttle_.can_give(node);
  });
  return source_free && free_outlook_.any_chance(record, need) ? Verdict::kPlaced : Verdict::kHeld;
}

size_t Decider::decide(size_t most, MonotonicTime now) {
  Model& model = actions_.model();
  outlook_.refresh();
  free_outlook_.refresh();
  size_t looked_at = 0;
  while (looked_at < most && held_.size() < kHeldMax && throttle_.any_can_take()) {
    auto pick = wants_.pick();
    if (!pick) break;
    ++looked_at;
    FileRecord& record = model.files.at(pick->slot);
    Plan found;
    found.verdict = glance(record);
    if (found.verdict == Verdict::kPlaced) found = plan(pick->slot, pick->lane);
    switch (found.verdict) {
      case Verdict::kPlaced:
        carry_out(pick->slot, found, {DeleteCause::kRoomForFile, InodeId{record.inode}, {}, {}}, now);
        break;
      case Verdict::kHeld:
      case Verdict::kUnknown:
        held_.push_back({pick->slot, found.node});
        break;
      case Verdict::kNowhere:
        model.park(record);
        relocation_.note_stuck(pick->slot, record, model.count(record));
        actions_.touch(pick->slot, false);
        break;
    }
  }
  return looked_at;
}

void Decider::retry_held() {
  const Model& model = actions_.model();
  std::map<NodeIndex, int> places;  // free ones, not promised to a held file yet
  for (const Held& held : std::exchange(held_, {})) {
    if (held.waits_for != kNoNode && held.waits_for < model.nodes.end()) {
      int& free = places.try_emplace(held.waits_for, throttle_.places(held.waits_for)).first->second;
      // A node that takes nothing any more is not waited for.
      if (free-- <= 0 && model.nodes.has(held.waits_for, kTakes)) {
        held_.push_back(held);
        continue;
      }
    }
    const FileRecord& record = model.files.at(held.slot);
    if (record.inode != 0) wants_.offer(held.slot, record, model.count(record));
  }
}

}  // namespace fsdfs::master
