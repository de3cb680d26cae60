#include "node/transfer/copy_plan.h"

#include <utility>

namespace fsdfs::node {
namespace {

class Planner {
 public:
  explicit Planner(uint64_t segment_bytes) : segment_bytes_(segment_bytes) {}

  void add_own(const ByteRange& block) {
    plan_.own_bytes += block.length;
    if (!plan_.pieces.empty() && !plan_.pieces.back().segment) {
      plan_.pieces.back().range.length += block.length;
    } else {
      plan_.pieces.push_back({block});
    }
  }

  void add_pulled(const ByteRange& block) {
    plan_.pulled_bytes += block.length;
    bool next_to = !plan_.pieces.empty() && plan_.pieces.back().segment;
    if (!fits(block, next_to)) {
      plan_.segments.emplace_back();
      next_to = false;
    }
    Segment& segment = plan_.segments.back();
    segment.bytes += block.length;
    if (next_to) {
      segment.ranges.back().length += block.length;
      plan_.pieces.back().range.length += block.length;
    } else {
      segment.ranges.push_back(block);
      plan_.pieces.push_back({block, plan_.segments.size() - 1});
    }
  }

  CopyPlan take() { return std::move(plan_); }

 private:
  // Into the last segment.
  bool fits(const ByteRange& block, bool next_to) const {
    if (plan_.segments.empty()) return false;
    const Segment& last = plan_.segments.back();
    return last.bytes + block.length <= segment_bytes_ &&
           (next_to || last.ranges.size() < Segment::kRangesMax);
  }

  const uint64_t segment_bytes_;
  CopyPlan plan_;
};

}  // namespace

CopyPlan plan_copy(uint64_t size, const BlockSums& sums, uint64_t received, const Description* own,
                   uint64_t segment_bytes) {
  Planner planner(segment_bytes);
  for (uint64_t block = block_count(received); block < sums.size(); ++block) {
    ByteRange range{block * kBlockSize, block_length(size, block)};
    bool same = own != nullptr && block < own->sums.size() && own->sums[block] == sums[block] &&
                block_length(own->content.size, block) == range.length;
    same ? planner.add_own(range) : planner.add_pulled(range);
  }
  return planner.take();
}

}  // namespace fsdfs::node
