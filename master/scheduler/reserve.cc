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
    if (state.refilling && state.gave_up_at != model.wakes) refill(node, now);
  }
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
  for (Slot victim : harvest.victims) actions_.doom(victim, node, {DeleteCause::kReserve, {}, {}, {}}, now);
}

}  // namespace fsdfs::master
