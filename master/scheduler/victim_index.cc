#include "master/scheduler/victim_index.h"

#include <algorithm>

namespace fsdfs::master {

VictimIndex::PerNode& VictimIndex::of(NodeIndex node) {
  while (nodes_.size() <= node) {
    nodes_.emplace_back();
    nodes_.back().front.forget();
  }
  return nodes_[node];
}

std::optional<int32_t> VictimIndex::rank(const FileRecord& record, const Counts& counts) const {
  if (record.inode == 0 || record.open || record.removed || record.size == 0) return std::nullopt;
  if (!model_.deletable(record, counts)) return std::nullopt;
  int safe = counts.safe;
  if (!model_.guards.count_doomed && record.has_old) {
    for (const Leftover& leftover : *model_.leftovers.find(record.inode)) {
      safe += leftover.version == record.version && model_.nodes.has(leftover.node, kSafe);
    }
  }
  if (record.trash) {
    if (safe == 0) return std::nullopt;
    return safe > 1 ? kRankSpareTrash : kRankLastTrash;
  }
  if (safe - 1 < model_.floor_of(record)) return std::nullopt;
  return rank_of_surplus(copies_units(safe) - record.target);
}

SpareBoard::Bucket VictimIndex::bucket(const FileRecord& record, const Counts& counts) const {
  auto r = rank(record, counts);
  if (!r) return SpareBoard::kNotSpare;
  if (*r == kRankSpareTrash) return SpareBoard::kSpareTrash;
  if (*r == kRankLastTrash && record.trash) return SpareBoard::kLastTrash;
  return SpareBoard::bucket_of(*r / 2);
}

Front::Entry VictimIndex::entry(Slot slot, const FileRecord& record, int32_t rank) const {
  uint64_t tie = record.trash ? record.deleted_at : ordered_bits(record.weight);
  return Front::Entry{-rank, slot, tie, record.inode};
}

void VictimIndex::offer(Slot slot, const FileRecord& record, const Counts& counts) {
  if (!built_any_) return;
  auto r = rank(record, counts);
  if (!r) return;
  Front::Entry e = entry(slot, record, *r);
  for (NodeIndex node : model_.files.holders(record)) {
    if (model_.nodes.has(node, kSafe)) of(node).front.offer(e);
  }
}

std::optional<Front::Entry> VictimIndex::pop_valid(NodeIndex node) {
  Front& front = of(node).front;
  while (!front.empty()) {
    Front::Entry popped = front.pop();
    const FileRecord& record = model_.files.at(popped.slot);
    if (record.inode != popped.inode || !model_.files.holds(record, node)) continue;
    auto r = rank(record, model_.count(record));
    if (!r) continue;
    Front::Entry now = entry(popped.slot, record, *r);
    if (now == popped) return popped;
    if (popped < now) front.offer(now);
  }
  return std::nullopt;
}

std::optional<int32_t> VictimIndex::best_rank(NodeIndex node) {
  if (auto best = pop_valid(node)) {
    of(node).front.offer(*best);
    return -best->major;
  }
  PerNode& index = of(node);
  if (index.front.complete()) return std::nullopt;
  index.wanted = wanted_any_ = true;
  return INT32_MAX;
}

VictimIndex::Harvest VictimIndex::gather(const Wish& wish) {
  Harvest harvest;
  PerNode& index = of(wish.node);
  int32_t rank_min = rank_of_surplus(wish.surplus_min);
  int32_t search_to = wish.last_of_trash ? std::min(rank_min, kRankLastTrash) : rank_min;
  std::vector<Front::Entry> looked_at, taken;
  uint64_t sum = 0;
  bool dry = false;
  while (sum < wish.bytes && taken.size() < wish.victims_max) {
    auto best = pop_valid(wish.node);
    if (!best) {
      dry = !index.front.complete();
      break;
    }
    if (!looked_at.empty() && looked_at.back() == *best) continue;  // offered twice
    looked_at.push_back(*best);
    int32_t r = -best->major;
    if (r < search_to) break;
    const FileRecord& record = model_.files.at(best->slot);
    bool allowed = record.trash ? r == kRankSpareTrash || wish.last_of_trash : r >= rank_min;
    if (!allowed || best->inode == wish.except_inode) continue;
    taken.push_back(*best);
    sum += record.size;
  }
  for (const Front::Entry& e : looked_at) index.front.offer(e);
  if (dry) {
    index.wanted = wanted_any_ = true;
    // Many small victims: the next list has to be longer, until it holds all that the node has.
    size_t all = std::max<size_t>(model_.nodes.at(wish.node).files, usual_keep(wish.node));
    if (!looked_at.empty()) index.keep = std::min(all, 2 * std::max(index.keep, usual_keep(wish.node)));
  }
  if (sum < wish.bytes) {
    bool enough = wish.partial || !model_.guards.victims_make_it_fit;
    harvest.outcome =
        dry ? Harvest::Outcome::kUnknown
            : (enough && !taken.empty() ? Harvest::Outcome::kEnough : Harvest::Outcome::kTooLittle);
    if (harvest.outcome != Harvest::Outcome::kEnough) return harvest;
  } else {
    harvest.outcome = Harvest::Outcome::kEnough;
  }
  // What turned out not to be needed stays; those worst to lose are spared first.
  uint64_t excess = sum > wish.bytes ? sum - wish.bytes : 0;
  for (auto it = taken.rbegin(); it != taken.rend(); ++it) {
    uint64_t size = model_.files.at(it->slot).size;
    if (size <= excess) {
      excess -= size;
      continue;
    }
    if (harvest.victims.empty()) harvest.worst_rank = -it->major;
    harvest.victims.push_back(it->slot);
  }
  std::reverse(harvest.victims.begin(), harvest.victims.end());
  return harvest;
}

void VictimIndex::forget_all() {
  for (PerNode& index : nodes_) index.front.forget();
  built_any_ = false;
  for (const PerNode& index : nodes_) built_any_ = built_any_ || index.front.sweeping();
}

void VictimIndex::forget(NodeIndex node) {
  of(node).front.forget();
}

size_t VictimIndex::usual_keep(NodeIndex node) const {
  return std::max<size_t>(256, model_.nodes.at(node).files / 32);
}

void VictimIndex::begin_sweep() {
  for (NodeIndex node = 0; node < nodes_.size(); ++node) {
    PerNode& index = nodes_[node];
    if (!index.wanted) continue;
    index.wanted = false;
    index.front.begin_sweep(std::max(index.keep, usual_keep(node)));
    built_any_ = true;
  }
  wanted_any_ = false;
}

void VictimIndex::sweep_offer(Slot slot, const FileRecord& record, const Counts& counts) {
  if (!built_any_) return;
  std::optional<int32_t> r;
  for (NodeIndex node : model_.files.holders(record)) {
    if (node >= nodes_.size() || !nodes_[node].front.sweeping() || !model_.nodes.has(node, kSafe)) continue;
    if (!r) r = rank(record, counts);
    if (!r) return;
    nodes_[node].front.sweep_offer(entry(slot, record, *r));
  }
}

void VictimIndex::end_sweep() {
  for (PerNode& index : nodes_) {
    if (index.front.sweeping() && !index.front.end_sweep()) index.wanted = wanted_any_ = true;
  }
}

size_t VictimIndex::resident_bytes() const {
  size_t bytes = nodes_.capacity() * sizeof(PerNode);
  for (const PerNode& index : nodes_) bytes += index.front.resident_bytes();
  return bytes;
}

}  // namespace fsdfs::master
