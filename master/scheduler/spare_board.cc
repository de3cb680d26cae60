#include "master/scheduler/spare_board.h"

#include <algorithm>

namespace fsdfs::master {

SpareBoard::Bucket SpareBoard::bucket_of(Units surplus) {
  return static_cast<Bucket>(std::clamp<int64_t>(floor_units(surplus) + kZero, 0, kHighest));
}

void SpareBoard::add(const FileRecord& record, std::span<const NodeIndex> nodes) {
  if (record.shown_bucket == kNotSpare) return;
  for (NodeIndex node : nodes) {
    if (nodes_.size() <= node) nodes_.resize(node + size_t{1});
    nodes_[node][static_cast<size_t>(record.shown_bucket)] += record.size;
  }
}

void SpareBoard::remove(const FileRecord& record, std::span<const NodeIndex> nodes) {
  if (record.shown_bucket == kNotSpare) return;
  for (NodeIndex node : nodes) nodes_[node][static_cast<size_t>(record.shown_bucket)] -= record.size;
}

uint64_t SpareBoard::bytes_at_least(NodeIndex node, Bucket bucket, bool last_of_trash) const {
  if (node >= nodes_.size()) return 0;
  const auto& buckets = nodes_[node];
  uint64_t bytes = buckets[kSpareTrash] + (last_of_trash ? buckets[kLastTrash] : 0);
  for (int i = bucket; i <= kHighest; ++i) bytes += buckets[static_cast<size_t>(i)];
  return bytes;
}

SpareBoard::Bucket SpareBoard::best(NodeIndex node) const {
  if (node >= nodes_.size()) return kNotSpare;
  const auto& buckets = nodes_[node];
  if (buckets[kSpareTrash] > 0) return kSpareTrash;
  for (int i = kHighest; i >= 0; --i) {
    if (buckets[static_cast<size_t>(i)] > 0) return static_cast<Bucket>(i);
  }
  return buckets[kLastTrash] > 0 ? kLastTrash : kNotSpare;
}

void SpareBoard::forget(NodeIndex node) {
  if (node < nodes_.size()) nodes_[node] = {};
}

}  // namespace fsdfs::master
