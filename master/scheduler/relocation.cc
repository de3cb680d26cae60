#include "master/scheduler/relocation.h"

#include <algorithm>

namespace fsdfs::master {

namespace {
constexpr size_t kStuckMax = 64;
constexpr size_t kSearchesMost = 2;  // a call of next()
constexpr size_t kMovablePerNode = 8;
constexpr size_t kLooksMost = 500;  // at what a node could give up, a search: milliseconds
}  // namespace

void Relocation::note_stuck(Slot slot, const FileRecord& record, const Counts& counts) {
  const Model& model = actions_.model();
  Units need = model.need(record, counts);
  // One that is everywhere would only keep others out of the list.
  if (need >= 0 || counts.stays >= model.nodes.usable() || under_way_.contains(record.inode)) return;
  Stuck stuck{need, slot, record.inode};
  auto before = [](const Stuck& a, const Stuck& b) {
    return a.need != b.need ? a.need < b.need : a.inode < b.inode;
  };
  auto place = std::lower_bound(stuck_.begin(), stuck_.end(), stuck, before);
  if (place != stuck_.end() && place->inode == record.inode) return;
  if (place == stuck_.end() && stuck_.size() >= kStuckMax) return;
  stuck_.insert(place, stuck);
  if (stuck_.size() > kStuckMax) stuck_.pop_back();
}

void Relocation::began(const Move& move, uint64_t job) {
  under_way_[actions_.model().files.at(move.helped).inode] = job;
}

bool Relocation::still_stuck(const Stuck& stuck) const {
  const Model& model = actions_.model();
  const FileRecord& record = model.files.at(stuck.slot);
  return record.inode == stuck.inode && !model.at_rest(record) && record.arriving == 0 &&
         record.parked == model.generation && model.need(record, model.count(record)) == stuck.need;
}

std::optional<Relocation::Move> Relocation::next() {
  const Model& model = actions_.model();
  std::erase_if(under_way_, [&model](const auto& entry) { return model.jobs.find(entry.second) == nullptr; });
  std::vector<Stuck> later;
  std::optional<Move> found;
  for (size_t searches = 0; !stuck_.empty() && searches < kSearchesMost && !found; ++searches) {
    Stuck stuck = stuck_.front();
    stuck_.erase(stuck_.begin());
    if (!still_stuck(stuck)) continue;
    Move move;
    Answer answer = search(stuck, move);
    if (answer == Answer::kFound) found = std::move(move);
    if (answer == Answer::kLater) later.push_back(stuck);
  }
  for (const Stuck& stuck : later) {
    const FileRecord& record = model.files.at(stuck.slot);
    note_stuck(stuck.slot, record, model.count(record));
  }
  return found;
}

Relocation::Answer Relocation::find_donors(const Stuck& stuck, std::vector<NodeIndex>& donors) {
  const Model& model = actions_.model();
  Answer answer = Answer::kNo;
  for (NodeIndex node : model.files.holders(model.files.at(stuck.slot))) {
    if (!model.nodes.has(node, kTakes)) continue;
    SpareBoard::Bucket least = SpareBoard::bucket_of(stuck.need + 2 * kCopy);
    if (model.spare.bytes_at_least(node, least, false) == 0) continue;
    auto rank = actions_.victims().best_rank(node);
    if (!rank || *rank < rank_of_surplus(stuck.need + 2 * kCopy)) continue;
    donors.push_back(node);
    if (*rank == INT32_MAX || !throttle_.can_take(node, false)) answer = Answer::kLater;
  }
  return answer;
}

Relocation::Answer Relocation::search(const Stuck& stuck, Move& move) {
  Model& model = actions_.model();
  const FileRecord& helped = model.files.at(stuck.slot);
  std::vector<NodeIndex> donors;
  Answer answer = find_donors(stuck, donors);
  if (donors.empty()) return Answer::kNo;
  looks_left_ = kLooksMost;
  for (NodeIndex passed = 0; passed < model.nodes.end() && looks_left_ > 0; ++passed) {
    // Where the last search ended: in a big swarm each looks at others.
    if (++cursor_ >= model.nodes.end()) cursor_ = 0;
    NodeIndex from = cursor_;
    if (!model.nodes.has(from, kTakes) || model.files.holds(helped, from)) continue;
    // It could not go there even if there were room.
    bool going = model.leftovers.find(helped.inode, helped.version, from) != nullptr;
    if (going || refusals_.blocks(helped.inode, from)) continue;
    Answer here = search_from(stuck, from, donors, move);
    if (here == Answer::kFound) return here;
    if (here == Answer::kLater) answer = here;
  }
  return answer;
}

Relocation::Answer Relocation::search_from(const Stuck& stuck, NodeIndex from,
                                           const std::vector<NodeIndex>& donors, Move& move) {
  const Model& model = actions_.model();
  uint64_t size = model.files.at(stuck.slot).size;
  VictimIndex::Wish wish;
  wish.node = from;
  wish.bytes = UINT64_MAX;  // all, up to the limit
  wish.surplus_min = stuck.need + kCopy;
  wish.except_inode = stuck.inode;
  wish.partial = true;
  wish.victims_max = kMovablePerNode;
  --looks_left_;
  VictimIndex::Harvest movable = actions_.victims().gather(wish);
  if (movable.outcome == VictimIndex::Harvest::Outcome::kUnknown) return Answer::kLater;
  Answer answer = Answer::kNo;
  for (Slot moved : movable.victims) {
    const FileRecord& record = model.files.at(moved);
    bool makes_way =
        model.nodes.room_promised(from) + static_cast<int64_t>(record.size) >= static_cast<int64_t>(size);
    if (!makes_way || record.trash || record.arriving > 0 || record.has_old) continue;
    for (NodeIndex to : donors) {
      if (looks_left_ == 0) return answer;
      Answer here = try_move(stuck, moved, to, move);
      if (here == Answer::kFound) return here;
      if (here == Answer::kLater) answer = here;
    }
  }
  return answer;
}

Relocation::Answer Relocation::try_move(const Stuck& stuck, Slot moved, NodeIndex to, Move& move) {
  const Model& model = actions_.model();
  const FileRecord& record = model.files.at(moved);
  if (model.files.holds(record, to) || refusals_.blocks(record.inode, to)) return Answer::kNo;
  if (!throttle_.can_take(to, false) || !placement_.sources(record, to, 1).ready) return Answer::kLater;
  Counts counts = model.count(record);
  const NodeBrief& brief = model.nodes.brief(to);
  VictimIndex::Wish wish;
  wish.node = to;
  // Free room may be used but for the reserve; what is promised already has to be made up for.
  int64_t room = brief.room_promised > brief.reserve ? brief.room_promised - brief.reserve
                                                     : std::min<int64_t>(brief.room_promised, 0);
  wish.bytes = static_cast<uint64_t>(std::max<int64_t>(0, static_cast<int64_t>(record.size) - room));
  wish.surplus_min = std::max(stuck.need + 2 * kCopy, copies_units(counts.live) - record.target + kCopy);
  wish.except_inode = stuck.inode;
  --looks_left_;
  VictimIndex::Harvest harvest = actions_.victims().gather(wish);
  if (harvest.outcome == VictimIndex::Harvest::Outcome::kUnknown) return Answer::kLater;
  if (harvest.outcome != VictimIndex::Harvest::Outcome::kEnough) return Answer::kNo;
  move = {stuck.slot, moved, to, std::move(harvest.victims)};
  return Answer::kFound;
}

}  // namespace fsdfs::master
