#include "master/scheduler/want_queue.h"

#include <algorithm>

namespace fsdfs::master {

namespace {

// Front sizes: one file in 32, so that a sweep over all of them pays for itself.
size_t front_size(size_t files) {
  return std::max<size_t>(4096, files / 32);
}

}  // namespace

std::optional<Front::Entry> WantQueue::entry(Slot slot, const FileRecord& record,
                                             const Counts& counts) const {
  if (record.inode == 0 || model_.at_rest(record) || counts.sources == 0) return std::nullopt;
  if (record.parked == model_.generation || record.arriving >= kArrivingMax) return std::nullopt;
  Units need = model_.need(record, counts);
  if (need >= 0 && !model_.settings.fill) return std::nullopt;
  auto copies = static_cast<uint64_t>(counts.stays + record.arriving);
  return Front::Entry{need, slot, copies << 32 | static_cast<uint32_t>(~ordered_bits(record.weight)),
                      record.inode};
}

bool WantQueue::endangered(const FileRecord& record, const Counts& counts) const {
  return counts.live == 1 && record.arriving == 0 && record.target >= 2 * kCopy;
}

void WantQueue::offer(Slot slot, const FileRecord& record, const Counts& counts) {
  auto place = entry(slot, record, counts);
  if (!place) return;
  main_.offer(*place);
  if (endangered(record, counts)) lane_.offer(*place);
}

std::optional<Slot> WantQueue::pop_valid(Front& front, bool lane) {
  while (!front.empty()) {
    Front::Entry popped = front.pop();
    const FileRecord& record = model_.files.at(popped.slot);
    if (record.inode != popped.inode) continue;
    Counts counts = model_.count(record);
    auto now = entry(popped.slot, record, counts);
    if (!now || (lane && !endangered(record, counts))) continue;
    if (*now == popped) return popped.slot;
    // It became worse since: back to its place of now. Had it become better, it would have been offered then.
    if (popped < *now) front.offer(*now);
  }
  return std::nullopt;
}

std::optional<WantQueue::Pick> WantQueue::pick() {
  for (int turn = 0; turn < 2; ++turn) {
    bool lane = lane_turn_;
    lane_turn_ = !lane_turn_;
    if (auto slot = pop_valid(lane ? lane_ : main_, lane)) return Pick{*slot, lane};
  }
  return std::nullopt;
}

bool WantQueue::needs_sweep() const {
  return (main_.empty() && !main_.complete()) || (lane_.empty() && !lane_.complete());
}

void WantQueue::begin_sweep() {
  main_.begin_sweep(front_size(model_.files.size()));
  lane_.begin_sweep(front_size(model_.files.size()));
}

bool WantQueue::sweep_offer(Slot slot, const FileRecord& record, const Counts& counts, Outlook& outlook) {
  auto place = entry(slot, record, counts);
  if (!place) return true;
  if (!outlook.any_chance(record, place->major)) return false;
  main_.sweep_offer(*place);
  if (endangered(record, counts)) lane_.sweep_offer(*place);
  return true;
}

void WantQueue::end_sweep() {
  // Never forgotten, so never spoiled.
  (void)main_.end_sweep();
  (void)lane_.end_sweep();
}

}  // namespace fsdfs::master
