#include "master/scheduler/health_board.h"

#include <algorithm>
#include <limits>

namespace fsdfs::master {

namespace {

void count(std::map<Units, uint64_t>& surpluses, Units surplus, bool add) {
  auto it = surpluses.try_emplace(surplus, 0).first;
  if (add) {
    ++it->second;
  } else if (--it->second == 0) {
    surpluses.erase(it);
  }
}

}  // namespace

void HealthBoard::take_out(FileRecord& record) {
  if (!record.shown) return;
  record.shown = false;
  if (record.trash) {
    --trash_;
    return;
  }
  if (record.open) {
    --open_;
    return;
  }
  --files_;
  bytes_ -= record.size;
  Units surplus = copies_units(record.shown_copies) - record.target;
  count(record.shown_capped ? capped_ : uncapped_, surplus, false);
  if (record.shown_copies == 0) --unavailable_;
  if (record.shown_copies == 1 && record.target >= 2 * kCopy) --endangered_;
  if (record.shown_below) --(record.shown_parked ? parked_ : below_);
}

void HealthBoard::put_in(FileRecord& record, const Standing& standing) {
  if (record.removed) return;
  record.shown = true;
  record.shown_copies = static_cast<uint16_t>(standing.copies);
  record.shown_capped = standing.capped;
  record.shown_below = standing.below;
  record.shown_parked = standing.parked;
  if (record.trash) {
    ++trash_;
    return;
  }
  if (record.open) {
    ++open_;
    return;
  }
  ++files_;
  bytes_ += record.size;
  Units surplus = copies_units(record.shown_copies) - record.target;
  count(record.shown_capped ? capped_ : uncapped_, surplus, true);
  if (record.shown_copies == 0) ++unavailable_;
  if (record.shown_copies == 1 && record.target >= 2 * kCopy) ++endangered_;
  if (record.shown_below) ++(record.shown_parked ? parked_ : below_);
}

void HealthBoard::refresh(FileRecord& record, const Standing& standing) {
  bool same = record.shown && record.shown_copies == standing.copies &&
              record.shown_capped == standing.capped && record.shown_below == standing.below &&
              record.shown_parked == standing.parked;
  if (same && !record.removed) return;
  take_out(record);
  put_in(record, standing);
}

void HealthBoard::fill(Health& health) const {
  health.files = files_;
  health.bytes = bytes_;
  health.trash_files = trash_;
  health.open_files = open_;
  health.unavailable = unavailable_;
  health.endangered = endangered_;
  health.copies_queued = below_;
  health.copies_parked = parked_;
  health.has_uncapped = !uncapped_.empty();
  if (health.has_uncapped) health.min_surplus_uncapped = from_units(uncapped_.begin()->first);
  health.has_surplus = !uncapped_.empty() || !capped_.empty();
  Units lowest = std::numeric_limits<Units>::max(), highest = std::numeric_limits<Units>::min();
  for (const auto* surpluses : {&uncapped_, &capped_}) {
    for (const auto& [surplus, files] : *surpluses) health.histogram[floor_units(surplus)] += files;
    if (surpluses->empty()) continue;
    lowest = std::min(lowest, surpluses->begin()->first);
    highest = std::max(highest, surpluses->rbegin()->first);
  }
  if (health.has_surplus) {
    health.min_surplus = from_units(lowest);
    health.max_surplus = from_units(highest);
  }
  for (const auto& [surplus, files] : capped_) health.capped += files;
}

}  // namespace fsdfs::master
