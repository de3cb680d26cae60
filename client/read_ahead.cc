#include "client/read_ahead.h"

#include <algorithm>

#include "common/checksum.h"

namespace fsdfs::client {

BlockRange block_range(uint64_t offset, uint64_t length, uint64_t file_size) {
  offset = std::min(offset, file_size);
  uint64_t end = offset + std::min(length, file_size - offset);
  if (uint64_t rest = end % kBlockSize; rest != 0) end += std::min(file_size - end, kBlockSize - rest);
  return {offset - offset % kBlockSize, end};
}

bool ReadAhead::near_front(uint64_t offset) const {
  return running_ && offset + kDisorder >= front_ && offset <= window_ + kDisorder;
}

void ReadAhead::begin_run(uint64_t offset) {
  running_ = true;
  front_ = offset;
  window_ = size_ <= kWholeFile ? 0 : offset - offset % kBlockSize;
  next_ = size_ <= kWholeFile ? size_ : kFirstRange;
}

void ReadAhead::extend(Plan& plan, uint64_t length_min) {
  BlockRange range = block_range(window_, std::max(length_min, next_), size_);
  if (range.length() == 0) return;
  plan.fetch.push_back(range);
  window_ = range.end;
}

ReadAhead::Plan ReadAhead::on_read(uint64_t offset, uint64_t length) {
  Plan plan;
  const uint64_t end = offset + length;
  bool new_run = false;
  if (!near_front(offset)) {
    new_run = offset == 0 || offset == last_end_ || size_ <= kWholeFile;
    if (!new_run) {
      last_end_ = end;
      plan.fetch.push_back(block_range(offset, length, size_));
      return plan;
    }
    begin_run(offset);
  }
  plan.in_run = true;
  if (end > window_) extend(plan, end - window_);
  if (!new_run && window_ < size_ && window_ < end + next_) {
    extend(plan, 0);
    next_ = std::min(next_ * 2, kRangeMax);
  }
  front_ = std::max(front_, end);
  // Behind the front no more than the disorder is kept; of a new run everything older goes.
  plan.drop_before = new_run ? size_ : (front_ > kDisorder ? front_ - kDisorder : 0);
  return plan;
}

}  // namespace fsdfs::client
