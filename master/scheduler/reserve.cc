#include "master/scheduler/reserve.h"

#include <algorithm>

namespace fsdfs::master {

namespace {
constexpr size_t kVictimsPerTurn = 1'000;
}

void Reserve::work(MonotonicTime now) {
  Model& model = actions_.model();
  states_.resize(model.nodes.end());
  for (NodeIndex node = 0; node < model.nodes.end(); ++node) {
    // A node that is not to take anything needs no room for it; one that is full does.
    if (!model.nodes.has(node, kActive)) continue;
    State& state = states_[node];
    auto reserve = model.nodes.brief(node).reserve;
    int64_t room = model.nodes.room_promised(node);
    if (room < reserve / 2 || room < 0) state.refilling = true;
    if (room >= reserve) state.refilling = false;
    if (state.refilling && state.gave_up_at != model.wakes && !rests(node, now)) refill(node, now);
  }
}

// What a filesystem can hold falls by what was deleted where that made no room: somebody else has the bytes
// as well (a link, a snapshot), or has taken the room at once (another node on it).
bool Reserve::rests(NodeIndex node, MonotonicTime now) {
  State& state = states_[node];
  const uint64_t quota = actions_.model().nodes.at(node).info.quota;
  if (state.evicted > 0 && quota >= state.quota_then) state.rest = kRestMin;
  if (state.evicted > 0 && quota + state.evicted / 2 < state.quota_then) {
    state.rest_until = now + state.rest;
    state.rest = std::min(2 * state.rest, kRestMax);
  }
  if (state.evicted > 0 && quota != state.quota_then) state.evicted = 0;
  return now < state.rest_until;
}

void Reserve::refill(NodeIndex node, MonotonicTime now) {
  Model& model = actions_.model();
  if (model.spare.bytes_at_least(node, SpareBoard::bucket_of(kCopy), false) == 0) {
    states_[node].gave_up_at = model.wakes;
    return;
  }
  VictimIndex::Wish wish;
  wish.node = node;
  int64_t missing = model.nodes.brief(node).reserve - model.nodes.room_promised(node);
  wish.bytes = static_cast<uint64_t>(std::max<int64_t>(missing, 0));
  wish.surplus_min = kCopy;
  wish.partial = true;
  wish.victims_max = kVictimsPerTurn;
  VictimIndex::Harvest harvest = actions_.victims().gather(wish);
  if (harvest.outcome == VictimIndex::Harvest::Outcome::kTooLittle) states_[node].gave_up_at = model.wakes;
  State& state = states_[node];
  if (now - state.evicted_at > kTogether) state.evicted = 0;
  if (state.evicted == 0) state.quota_then = model.nodes.at(node).info.quota;
  state.evicted_at = now;
  for (Slot victim : harvest.victims) state.evicted += model.files.at(victim).size;
  for (Slot victim : harvest.victims) actions_.doom(victim, node, {DeleteCause::kReserve, {}, {}, {}}, now);
}

}  // namespace fsdfs::master
