#include "master/scheduler/outlook.h"

#include <algorithm>

namespace fsdfs::master {

void Outlook::sort(std::vector<Room>& rooms) {
  std::sort(rooms.begin(), rooms.end(), [](const Room& a, const Room& b) { return a.bytes > b.bytes; });
}

void Outlook::refresh() {
  bonus_ = 0;
  taking_.clear();
  rooms_.clear();
  rooms_above_reserve_.clear();
  for (ByBucket& by_bucket : by_bucket_) by_bucket.known = false;
  for (NodeIndex node = 0; node < model_.nodes.end(); ++node) {
    if (!model_.nodes.has(node, kTakes)) continue;
    if (nodes_ == Nodes::kFree && !throttle_.can_take(node, true)) continue;
    taking_.push_back(node);
    int64_t room = model_.nodes.room_promised(node);
    rooms_.push_back({room, node});
    rooms_above_reserve_.push_back({room - model_.nodes.brief(node).reserve, node});
  }
  sort(rooms_);
  sort(rooms_above_reserve_);
}

bool Outlook::on_or_coming(const FileRecord& record, NodeIndex node) const {
  if (model_.files.holds(record, node)) return true;
  if (record.arriving == 0) return false;
  const auto* ids = model_.jobs.of_inode(record.inode);
  return ids != nullptr && std::any_of(ids->begin(), ids->end(),
                                       [&](uint64_t id) { return model_.jobs.find(id)->target == node; });
}

bool Outlook::fits_some(const FileRecord& record, const std::vector<Room>& rooms) const {
  for (const Room& room : rooms) {
    if (room.bytes + bonus_ < static_cast<int64_t>(record.size)) return false;
    if (!on_or_coming(record, room.node)) return true;
  }
  return false;
}

Units Outlook::surplus_min(Units need) const {
  return need + (model_.guards.strict_gap ? 2 : 0) * kCopy;
}

bool Outlook::might_evict(NodeIndex node, Units need, uint64_t bytes, bool keep_reserve) const {
  auto evictable = model_.spare.bytes_at_least(node, SpareBoard::bucket_of(surplus_min(need)), need < 0);
  int64_t room = model_.nodes.room_promised(node);
  if (keep_reserve) room -= model_.nodes.brief(node).reserve;
  bool enough = room + static_cast<int64_t>(evictable) >= static_cast<int64_t>(bytes);
  return evictable > 0 && (enough || !model_.guards.victims_make_it_fit);
}

bool Outlook::any_chance(const FileRecord& record, Units need) {
  if (!model_.guards.victims_make_it_fit) return true;
  if (fits_some(record, need < 0 ? rooms_ : rooms_above_reserve_)) return true;
  // A need below 0 never shares a bucket with one above: what they may take differs.
  SpareBoard::Bucket bucket = SpareBoard::bucket_of(surplus_min(need));
  ByBucket& by_bucket = by_bucket_[static_cast<size_t>(bucket)];
  if (!by_bucket.known) {
    by_bucket.known = true;
    by_bucket.rooms.clear();
    for (NodeIndex node : taking_) {
      auto evictable = static_cast<int64_t>(model_.spare.bytes_at_least(node, bucket, need < 0));
      if (evictable == 0) continue;
      int64_t room = model_.nodes.room_promised(node);
      if (need >= 0) room -= model_.nodes.brief(node).reserve;
      by_bucket.rooms.push_back({room + evictable, node});
    }
    sort(by_bucket.rooms);
  }
  return fits_some(record, by_bucket.rooms);
}

}  // namespace fsdfs::master
