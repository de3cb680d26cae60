#include "client/reader.h"

#include <algorithm>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

#include "client/block_fetch.h"
#include "client/holder_access.h"
#include "client/read_ahead.h"

namespace fsdfs::client {

namespace {

// A range of the file on its way: from one holder, or from several in turn when they fail.
class Segment {
 public:
  Segment(HolderAccess& access, BlockRange blocks) : range(blocks), access_(access), left_(blocks.length()) {}

  // Lets the bytes come, if that takes no question to the master.
  void begin() {
    std::lock_guard lock(mutex_);
    if (fetches_.empty()) add_locked(access_.try_start(range));
  }

  // Some bytes from `offset` on, at least one.
  Result<size_t> read(uint64_t offset, std::span<std::byte> out, Duration attempt, MonotonicTime deadline) {
    size_t index = 0;
    while (true) {
      FSDFS_ASSIGN(auto fetch, fetch_at(index, deadline));
      FSDFS_ASSIGN(bool arrived, await(*fetch, offset, attempt, deadline));
      if (!arrived) {
        ++index;
        continue;
      }
      size_t count = std::min<uint64_t>(out.size(), range.end - offset);
      return fetch->copy(offset, out.first(count));
    }
  }

  // Tells that so many bytes were handed out; true when nothing is left that nobody has read.
  bool consumed(size_t bytes) {
    std::lock_guard lock(mutex_);
    left_ -= std::min<uint64_t>(left_, bytes);
    return left_ == 0;
  }

  const BlockRange range;

 private:
  void add_locked(std::shared_ptr<BlockFetch> fetch) {
    if (fetch) fetches_.push_back(std::move(fetch));
  }

  // The segment's fetch number `index`; if it is the next one, made now, to go on where the last broke off.
  Result<std::shared_ptr<BlockFetch>> fetch_at(size_t index, MonotonicTime deadline) {
    uint64_t begin = range.begin;
    {
      std::lock_guard lock(mutex_);
      if (index < fetches_.size()) return fetches_[index];
      if (index > 0) {
        // Whole blocks have come: a fetch breaks off between messages.
        BlockFetch& broken = *fetches_[index - 1];
        BlockFetch::Progress progress = broken.wait(range.end, MonotonicTime{});
        begin = progress.arrived;
        Status fault = progress.ended ? progress.status : mute(broken.request().holder);
        if (std::exchange(reported_, index) != index) access_.failed(broken.request().holder, fault);
        broken.cancel();
      }
    }
    FSDFS_ASSIGN(auto fetch, access_.start({begin, range.end}, deadline));
    std::lock_guard lock(mutex_);
    if (index == fetches_.size()) fetches_.push_back(std::move(fetch));  // else another reader was faster
    return fetches_[index];
  }

  // True: what is at `offset` can be copied. False: this fetch will not bring it, the next one may.
  Result<bool> await(BlockFetch& fetch, uint64_t offset, Duration attempt, MonotonicTime deadline) {
    MonotonicTime until = std::min(deadline, std::chrono::steady_clock::now() + attempt);
    while (true) {
      BlockFetch::Progress progress = fetch.wait(offset, until);
      if (progress.arrived > offset) return true;
      if (progress.ended) return false;
      MonotonicTime now = std::chrono::steady_clock::now();
      if (now >= deadline) {
        return deadline_exceeded("inode " + to_string(access_.attributes().inode) +
                                 " could not be read in time: " + mute(fetch.request().holder).message());
      }
      if (now - progress.last >= attempt) return false;
      until = std::min(deadline, progress.last + attempt);
    }
  }

  static Status mute(const NodeAddress& holder) {
    return unavailable("the node at " + holder.address + " stayed mute");
  }

  HolderAccess& access_;
  std::mutex mutex_;
  size_t reported_ = 0;  // guarded by mutex_: fetches before this one are known to have failed
  std::vector<std::shared_ptr<BlockFetch>>
      fetches_;    // guarded by mutex_; each goes on where the last one broke off
  uint64_t left_;  // guarded by mutex_
};

}  // namespace

class FileReader::Core {
 public:
  Core(SwarmClient& client, OpenFile file)
      : client_(client), access_(client, std::move(file)), ahead_(access_.attributes().size) {}

  Result<size_t> read(uint64_t offset, std::span<std::byte> out) {
    const uint64_t size = access_.attributes().size;
    if (offset >= size || out.empty()) return size_t{0};
    out = out.first(std::min<uint64_t>(out.size(), size - offset));
    MonotonicTime deadline = std::chrono::steady_clock::now() + client_.options().deadline;
    plan(offset, out.size());
    size_t done = 0;
    while (done < out.size()) {
      std::shared_ptr<Segment> segment = segment_at(offset + done, out.size() - done);
      FSDFS_ASSIGN(size_t count,
                   segment->read(offset + done, out.subspan(done), client_.options().attempt, deadline));
      if (segment->consumed(count)) drop(*segment);
      done += count;
    }
    return done;
  }

  const Attributes& attributes() const { return access_.attributes(); }

 private:
  // Lets come what the read needs and what will be needed next.
  void plan(uint64_t offset, uint64_t length) {
    std::vector<std::shared_ptr<Segment>> fresh;
    {
      std::lock_guard lock(mutex_);
      ReadAhead::Plan plan = ahead_.on_read(offset, length);
      if (!plan.in_run) return;
      std::erase_if(run_, [&](const auto& segment) { return segment->range.end <= plan.drop_before; });
      for (const BlockRange& range : plan.fetch) {
        run_.push_back(std::make_shared<Segment>(access_, range));
        fresh.push_back(run_.back());
      }
    }
    for (const auto& segment : fresh) segment->begin();
  }

  // The run's segment there, or a new one for this read alone.
  std::shared_ptr<Segment> segment_at(uint64_t offset, uint64_t length) {
    std::lock_guard lock(mutex_);
    for (const auto& segment : run_) {
      if (segment->range.contains(offset)) return segment;
    }
    for (const auto& segment : run_) {
      if (segment->range.begin > offset) length = std::min(length, segment->range.begin - offset);
    }
    return std::make_shared<Segment>(access_, block_range(offset, length, access_.attributes().size));
  }

  void drop(const Segment& used_up) {
    std::lock_guard lock(mutex_);
    std::erase_if(run_, [&](const auto& segment) { return segment.get() == &used_up; });
  }

  SwarmClient& client_;
  HolderAccess access_;
  std::mutex mutex_;
  ReadAhead ahead_;                           // guarded by mutex_
  std::deque<std::shared_ptr<Segment>> run_;  // guarded by mutex_; in order
};

FileReader::FileReader(SwarmClient& client, OpenFile file)
    : core_(std::make_unique<Core>(client, std::move(file))) {}
FileReader::~FileReader() = default;

Result<size_t> FileReader::read(uint64_t offset, std::span<std::byte> out) {
  return core_->read(offset, out);
}

const Attributes& FileReader::attributes() const {
  return core_->attributes();
}

}  // namespace fsdfs::client
