#include "node/transfer/segment_board.h"

#include <algorithm>

namespace fsdfs::node {

bool SegmentBoard::is_slow(const Entry& entry, Source asking, MonotonicTime now) const {
  auto pace = pace_.find(asking);
  return pace != pace_.end() && entry.by.size() == 1 && entry.by.front() != asking &&
         now - entry.since > 2 * pace->second;
}

std::vector<size_t> SegmentBoard::claim(Source source, bool alone, MonotonicTime now) {
  std::vector<size_t> row;
  const size_t end = std::min(entries_.size(), first_ + window_);
  const size_t most = alone ? kRowMax : 1;
  size_t head = entries_.size();  // the first that is not here
  for (size_t at = first_; at < (row.empty() ? end : entries_.size()) && row.size() < most; ++at) {
    Entry& entry = entries_[at];
    if (!entry.here) head = std::min(head, at);
    if (entry.here || !entry.by.empty()) {
      if (!row.empty()) break;
      continue;
    }
    entry.by = {source};
    entry.since = now;
    row.push_back(at);
  }
  if (row.empty() && head < end && is_slow(entries_[head], source, now)) {
    entries_[head].by.push_back(source);
    row.push_back(head);
  }
  return row;
}

bool SegmentBoard::arrived(size_t segment) {
  Entry& entry = entries_[segment];
  if (entry.here) return false;
  entry.here = true;
  ++here_;
  return true;
}

void SegmentBoard::let_go(Source source) {
  for (Entry& entry : entries_) std::erase(entry.by, source);
}

}  // namespace fsdfs::node
