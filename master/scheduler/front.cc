#include "master/scheduler/front.h"

#include <algorithm>
#include <functional>

namespace fsdfs::master {

void Front::offer(const Entry& entry) {
  if (sweeping_) add_found(entry);
  if (!before_floor(entry)) return;
  heap_.push_back(entry);
  std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
  if (heap_.size() > 2 * keep_) cut_heap();
}

Front::Entry Front::pop() {
  std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
  Entry best = heap_.back();
  heap_.pop_back();
  return best;
}

void Front::forget() {
  heap_.clear();
  floor_ = Entry{INT32_MIN, kNoSlot, 0, 0};
  floor_is_end_ = false;
  spoiled_ = sweeping_;
}

void Front::begin_sweep(size_t keep) {
  keep_ = std::max<size_t>(keep, 16);
  sweeping_ = true;
  spoiled_ = false;
  found_.clear();
  found_floor_is_end_ = true;
}

void Front::sweep_offer(const Entry& entry) {
  add_found(entry);
}

void Front::add_found(const Entry& entry) {
  if (!found_floor_is_end_ && !(entry < found_floor_)) return;
  found_.push_back(entry);
  if (found_.size() <= 2 * keep_) return;
  auto cut = found_.begin() + static_cast<std::ptrdiff_t>(keep_);
  std::nth_element(found_.begin(), cut, found_.end());
  found_floor_ = *cut;
  found_floor_is_end_ = false;
  found_.erase(cut, found_.end());
}

bool Front::end_sweep() {
  sweeping_ = false;
  if (spoiled_) {
    found_ = {};
    return false;
  }
  heap_ = std::move(found_);
  found_ = {};
  std::sort(heap_.begin(), heap_.end());
  heap_.erase(std::unique(heap_.begin(), heap_.end()), heap_.end());
  floor_ = found_floor_;
  floor_is_end_ = found_floor_is_end_;
  return true;
}

void Front::cut_heap() {
  auto cut = heap_.begin() + static_cast<std::ptrdiff_t>(keep_);
  std::nth_element(heap_.begin(), cut, heap_.end());
  floor_ = *cut;
  floor_is_end_ = false;
  heap_.erase(cut, heap_.end());
  std::make_heap(heap_.begin(), heap_.end(), std::greater<>());
}

}  // namespace fsdfs::master
