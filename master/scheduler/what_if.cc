#include "master/scheduler/what_if.h"

#include <algorithm>
#include <functional>
#include <unordered_map>
#include <vector>

#include "master/scheduler/model.h"

namespace fsdfs::master {

namespace {

// Files that are alike in all that matters here.
struct Kind {
  Units target = 0;
  uint16_t live = 0;    // K
  uint16_t fixed = 0;   // of these, on nodes that take nothing and so give nothing up
  uint16_t drains = 0;  // of these, on draining nodes
  friend bool operator==(const Kind&, const Kind&) = default;
};
struct KindHash {
  size_t operator()(const Kind& kind) const {
    uint64_t copies = uint64_t{kind.live} << 32 | uint64_t{kind.fixed} << 16 | kind.drains;
    return std::hash<uint64_t>()((copies << 17) ^ static_cast<uint32_t>(kind.target) * 0x9E3779B97F4A7C15ULL);
  }
};
struct Amount {
  uint64_t files = 0, bytes = 0, size_max = 0;
  void add(uint64_t size) {
    ++files;
    bytes += size;
    size_max = std::max(size_max, size);
  }
};
using Census = std::unordered_map<Kind, Amount, KindHash>;

// What the nodes can hold.
struct Capacity {
  int takers = 0;
  int usable = 0;
  uint64_t bytes = 0;          // of all takers
  uint64_t reserve = 0;        // of these, for writes
  std::vector<uint64_t> each;  // the same of each taker
  std::vector<int64_t> rooms;  // free on each taker
  std::vector<int64_t> rooms_above_reserve;

  void add(int64_t room, int64_t held_or_free, int64_t reserved) {
    ++takers;
    auto own = static_cast<uint64_t>(std::max<int64_t>(0, held_or_free));
    bytes += own;
    reserve += std::min(own, static_cast<uint64_t>(reserved));
    each.push_back(own);
    rooms.push_back(room);
    rooms_above_reserve.push_back(room - reserved);
  }
};

Capacity capacity_without(const Model& model, NodeIndex without) {
  Capacity capacity;
  capacity.usable = model.nodes.usable();
  if (without != kNoNode && model.nodes.has(without, kStays)) --capacity.usable;
  for (NodeIndex node = 0; node < model.nodes.end(); ++node) {
    if (node == without || !model.nodes.has(node, kTakes)) continue;
    const NodeInfo& info = model.nodes.at(node).info;
    // One that is over its quota keeps what is needed.
    uint64_t bytes = std::max(info.quota, model.nodes.occupied(node));
    capacity.add(model.nodes.room_promised(node),
                 static_cast<int64_t>(bytes) - static_cast<int64_t>(info.other_bytes),
                 model.nodes.brief(node).reserve);
  }
  return capacity;
}

// One walk: how the files stand now, and how without the node.
struct Walk {
  Census now, then;
  uint64_t lost = 0, left_one = 0;
  bool trash = false;  // there is some
};

void add_file(const Model& model, const FileRecord& record, NodeIndex without, Walk& walk) {
  Kind kind;
  kind.target = record.target;
  uint8_t of_lost = 0;
  for (NodeIndex node : model.files.holders(record)) {
    uint8_t traits = model.nodes.traits(node);
    if ((traits & kLive) == 0) continue;
    ++kind.live;
    kind.fixed = static_cast<uint16_t>(kind.fixed + ((traits & kTakes) == 0));
    kind.drains = static_cast<uint16_t>(kind.drains + ((traits & kDrains) != 0));
    if (node == without) of_lost = traits;
  }
  walk.now[kind].add(record.size);
  if (of_lost == 0) {
    walk.then[kind].add(record.size);
    return;
  }
  --kind.live;
  kind.fixed = static_cast<uint16_t>(kind.fixed - ((of_lost & kTakes) == 0));
  kind.drains = static_cast<uint16_t>(kind.drains - ((of_lost & kDrains) != 0));
  walk.lost += kind.live == 0;
  walk.left_one += kind.live == 1;
  walk.then[kind].add(record.size);
}

Walk walk_all(const Model& model, NodeIndex without) {
  Walk walk;
  for (Slot slot = 0; slot < model.files.slots(); ++slot) {
    const FileRecord& record = model.files.at(slot);
    if (record.inode == 0 || record.removed || record.open) continue;
    walk.trash = walk.trash || record.trash;
    if (!record.trash) add_file(model, record, without, walk);
  }
  return walk;
}

int copies_for(Units units) {
  return units <= 0 ? 0 : static_cast<int>((static_cast<int64_t>(units) + kCopy - 1) / kCopy);
}

// The arithmetic over a census and what the nodes can hold.
class Reckoning {
 public:
  Reckoning(const Model& model, const Census& files, const Capacity& capacity)
      : model_(model), files_(files), capacity_(capacity) {}

  WhatIf::MinSurplus right_away() const {
    return lowest([](const Kind& kind) { return copies_units(kind.live) - kind.target; });
  }

  // The highest K-N to which all files can be raised that are not short of nodes.
  Units level() const {
    Units low = -to_units(kTargetMax),
          high = model_.settings.fill ? copies_units(static_cast<int>(kNodesMax)) : 0;
    while (low < high) {
      Units middle = low + (high - low + 1) / 2;
      if (bytes_at(middle) <= capacity_at(middle)) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  WhatIf::MinSurplus settled(Units level) const {
    bool all_stay = !model_.settings.fill && level == 0;
    return lowest([&](const Kind& kind) {
      int copies = kind.live == 0 ? 0 : wanted(kind, level, kind.fixed);
      if (all_stay) copies = std::max<int>(copies, kind.live);
      return copies_units(copies) - kind.target;
    });
  }

  void add_copies_to_targets(WhatIf& answer) const {
    uint64_t kept = 0;
    answer.fits = true;
    for (const auto& [kind, amount] : files_) {
      if (kind.live == 0) continue;
      // What is on draining nodes has to be made anew.
      int stay = kind.live - kind.drains, fixed = kind.fixed - kind.drains;
      int enough = wanted(kind, 0, fixed);
      int missing = std::max(0, enough - stay);
      answer.copies += amount.files * static_cast<uint64_t>(missing);
      answer.bytes += amount.bytes * static_cast<uint64_t>(missing);
      kept += amount.bytes * static_cast<uint64_t>(std::max(0, std::min(stay, enough) - fixed));
      if (missing > 0 && takers_for(amount.size_max) < enough - fixed) answer.fits = false;
    }
    answer.room = capacity_.bytes - std::min(capacity_.bytes, kept);
    answer.fits = answer.fits && answer.bytes <= answer.room;
  }

  // No order of copying can leave room in pieces too small: were a file stuck, every taker without it would
  // be filled by more than its room less the largest file, and there are not that many bytes to be made.
  bool sure_to_reach(Units level) const {
    uint64_t bytes = 0, size_max = 0;
    size_t copies_max = 1;
    for (const auto& [kind, amount] : files_) {
      if (kind.live == 0) continue;
      int copies = wanted(kind, level, kind.fixed);
      copies_max = std::max(copies_max, static_cast<size_t>(copies));
      if (copies <= kind.live) continue;
      bytes += amount.bytes * static_cast<uint64_t>(copies - kind.live);
      size_max = std::max(size_max, amount.size_max);
    }
    std::vector<int64_t> rooms = level > 0 ? capacity_.rooms_above_reserve : capacity_.rooms;
    std::sort(rooms.rbegin(), rooms.rend());
    uint64_t certain = 0;
    for (size_t i = copies_max - 1; i < rooms.size(); ++i) {
      certain += static_cast<uint64_t>(std::max<int64_t>(0, rooms[i] - static_cast<int64_t>(size_max)));
    }
    return bytes <= certain;
  }
  // Beyond it there is nothing to fill idle room with.
  bool is_top(Units level) const {
    return std::all_of(files_.begin(), files_.end(), [&](const auto& entry) {
      const Kind& kind = entry.first;
      return kind.live == 0 || wanted(kind, level, kind.fixed) >= capacity_.takers + kind.fixed;
    });
  }

 private:
  int takers_for(uint64_t size) const {
    return static_cast<int>(std::count_if(capacity_.each.begin(), capacity_.each.end(),
                                          [size](uint64_t bytes) { return bytes >= size; }));
  }
  // Copies in all at this level, of which `fixed` are where they are.
  int wanted(const Kind& kind, Units level, int fixed) const {
    int floor = kind.target >= 2 * kCopy ? model_.settings.min_copies : 1;
    int copies = std::max(copies_for(kind.target + level), std::min<int>(kind.live, std::max(1, floor)));
    return std::clamp(copies, fixed, fixed + capacity_.takers);
  }

  uint64_t bytes_at(Units level) const {
    uint64_t bytes = 0;
    for (const auto& [kind, amount] : files_) {
      if (kind.live == 0) continue;
      bytes += amount.bytes * static_cast<uint64_t>(wanted(kind, level, kind.fixed) - kind.fixed);
    }
    return bytes;
  }
  uint64_t capacity_at(Units level) const {
    return level > 0 ? capacity_.bytes - capacity_.reserve : capacity_.bytes;
  }

  template <typename Surplus>
  WhatIf::MinSurplus lowest(Surplus surplus) const {
    WhatIf::MinSurplus found;
    for (const auto& [kind, amount] : files_) {
      double value = from_units(surplus(kind));
      found.all = std::min(found.all.value_or(value), value);
      if (kind.target > copies_units(capacity_.usable)) continue;
      found.uncapped = std::min(found.uncapped.value_or(value), value);
    }
    return found;
  }

  const Model& model_;
  const Census& files_;
  const Capacity& capacity_;
};

// Nothing but copying is going on that could change what is reckoned with.
bool is_calm(const Model& model, bool trash) {
  if (model.recovering || trash || model.leftovers.size() > 0 || !model.jobs.all().empty()) return false;
  for (NodeIndex node = 0; node < model.nodes.end(); ++node) {
    const Node& n = model.nodes.at(node);
    if (n.leaving || n.arriving + n.waiting > 0) return false;
    if (!n.exists || n.info.liveness == Liveness::kDead) continue;
    if (n.info.liveness != Liveness::kUp || !n.reported || n.info.admin == AdminState::kDraining)
      return false;
    if (n.info.at_floor) return false;  // it takes nothing, and may give copies back
  }
  return true;
}

WhatIf reckon(const Model& model, const Walk& walk, const Capacity& before, const Capacity& after) {
  WhatIf answer;
  answer.files_lost = walk.lost;
  answer.files_left_one = walk.left_one;
  answer.now = Reckoning(model, walk.now, before).right_away();
  Reckoning then(model, walk.then, after);
  answer.right_away = then.right_away();
  then.add_copies_to_targets(answer);

  Units level = then.level();
  answer.settled = then.settled(level);
  // Copies that stand in the reserve stay there.
  answer.settled.all = std::max(answer.settled.all, answer.right_away.all);
  answer.settled.uncapped = std::max(answer.settled.uncapped, answer.right_away.uncapped);

  // Copying never lowers the least K-N; refilling the reserve may, where it is above 0.
  bool reserve_idle = model.settings.write_reserve == 0 || answer.right_away.all.value_or(0) <= 0;
  bool cannot_change =
      answer.settled == answer.right_away && reserve_idle && (answer.copies == 0 || !answer.fits);
  bool reaches_it = then.sure_to_reach(level) && (!model.settings.fill || then.is_top(level));
  answer.exact = is_calm(model, walk.trash) && (cannot_change || reaches_it);
  return answer;
}

}  // namespace

WhatIf what_if_lost(const Model& model, NodeId id) {
  NodeIndex node = model.nodes.find(id);
  return reckon(model, walk_all(model, node), capacity_without(model, kNoNode),
                capacity_without(model, node));
}

WhatIf what_if_added(const Model& model, uint64_t quota) {
  Capacity before = capacity_without(model, kNoNode), after = before;
  auto bytes = static_cast<int64_t>(std::min<uint64_t>(quota, INT64_MAX));
  after.add(bytes, bytes, static_cast<int64_t>(model.settings.write_reserve * static_cast<double>(bytes)));
  ++after.usable;
  return reckon(model, walk_all(model, kNoNode), before, after);
}

}  // namespace fsdfs::master
