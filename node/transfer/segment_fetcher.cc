#include "node/transfer/segment_fetcher.h"

#include <algorithm>

namespace fsdfs::node {
namespace {

// How often a source without work looks whether another one has become slow.
constexpr Duration kLook = std::chrono::milliseconds(50);

}  // namespace

// Puts the answer to one call together, and checks it, range by range.
class SegmentFetcher::Answer {
 public:
  Answer(SegmentFetcher& fetcher, const Running& running) : fetcher_(fetcher), running_(running) {}

  v1::ReadRequest question() const {
    v1::ReadRequest request;
    for (size_t segment : running_.row) {
      for (const ByteRange& range : fetcher_.segments_[segment].ranges) {
        v1::ReadItem& item = *request.add_items();
        if (request.items_size() == 1) {
          fetcher_.copy_.ask_range(item, range.offset, range.length);
        } else {  // of one ticket, so that the source lets the whole stream in with it
          item = request.items(0);
          item.set_offset(range.offset);
          item.set_length(range.length);
        }
      }
    }
    return request;
  }

  Status take(const v1::ReadChunk& chunk) {
    if (chunk.code() != 0) return failure_of(chunk);
    if (at_ == running_.row.size() || chunk.item() != item_) return unasked();
    if (bytes_.empty() && done_ == 0) FSDFS_TRY(fetcher_.wait_for_room(segment()));
    FSDFS_TRY(add(chunk));
    if (!chunk.last()) return {};
    if (done_ < range().length) return unavailable("it ended the range too early");
    return next_range();
  }

 private:
  static Status unasked() { return data_loss("the source sends bytes that it was not asked for"); }
  size_t segment() const { return running_.row[at_]; }
  const ByteRange& range() const { return fetcher_.segments_[segment()].ranges[range_]; }

  Status add(const v1::ReadChunk& chunk) {
    std::string_view data = chunk.data();
    if (data.empty()) return {};
    uint64_t left = range().length - done_;
    bool whole = data.size() % kBlockSize == 0 || data.size() == left;
    if (chunk.offset() != range().offset + done_ || data.size() > left || !whole) return unasked();
    uint64_t block = chunk.offset() / kBlockSize;
    for (uint64_t at = 0; at < data.size(); at += kBlockSize, ++block) {
      FSDFS_TRY(verify_block(data.substr(at, kBlockSize), block, fetcher_.copy_.sums()[block],
                             "arriving " + fetcher_.copy_.order().replica.to_string()));
    }
    if (bytes_.empty()) bytes_.reserve(fetcher_.segments_[segment()].bytes);
    bytes_.append(data);
    done_ += data.size();
    return {};
  }

  Status next_range() {
    ++item_;
    done_ = 0;
    if (++range_ < fetcher_.segments_[segment()].ranges.size()) return {};
    fetcher_.deliver(segment(), std::move(bytes_), running_);
    bytes_.clear();
    range_ = 0;
    ++at_;
    return {};
  }

  SegmentFetcher& fetcher_;
  const Running& running_;
  size_t at_ = 0;     // in the row
  size_t range_ = 0;  // of the segment
  uint32_t item_ = 0;
  uint64_t done_ = 0;  // bytes of the range
  std::string bytes_;  // of the segment
};

SegmentFetcher::SegmentFetcher(const PullContext& context, const IncomingCopy& copy,
                               std::vector<CopySource> sources, std::vector<Segment> segments, size_t streams)
    : context_(context),
      copy_(copy),
      sources_(std::move(sources)),
      segments_(std::move(segments)),
      board_(segments_.size(), context.sizes.segments_in_memory) {
  for (size_t source = 0; source < sources_.size(); ++source) fresh_.push_back(source);
  active_ = std::min({streams, sources_.size(), segments_.size()});
  for (size_t i = active_; i > 0; --i) threads_.emplace_back([this] { work(); });
}

SegmentFetcher::~SegmentFetcher() {
  cancel();
  for (std::thread& thread : threads_) thread.join();
}

void SegmentFetcher::cancel() {
  std::lock_guard lock(mutex_);
  ended_ = true;
  for (Running* running : running_) running->call.cancel();
  changed_.notify_all();
}

NodeId SegmentFetcher::failed_source() const {
  std::lock_guard lock(mutex_);
  return failed_source_;
}

Result<std::string> SegmentFetcher::take(size_t segment) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return ended_ || here_.contains(segment) || active_ == 0; });
  if (ended_) return Status(Code::kCancelled, "the copy was cancelled");
  auto found = here_.find(segment);
  if (found == here_.end()) return error_.ok() ? unavailable("no source is left to copy from") : error_;
  std::string bytes = std::move(found->second);
  here_.erase(found);
  board_.passed(segment);
  changed_.notify_all();
  return bytes;
}

void SegmentFetcher::work() {
  std::unique_lock lock(mutex_);
  std::optional<size_t> source = next_source();
  while (source && !is_over()) {
    MonotonicTime begin = context_.clock.now();
    std::vector<size_t> row = board_.claim(*source, active_ == 1, begin);
    if (row.empty()) {
      changed_.wait_for(lock, kLook);
      continue;
    }
    Running running{{context_, sources_[*source]}, row};
    running_.push_back(&running);
    lock.unlock();
    Answer answer(*this, running);
    Status status =
        running.call.run(answer.question(), [&](const v1::ReadChunk& chunk) { return answer.take(chunk); });
    lock.lock();
    running_.remove(&running);
    auto count = static_cast<Duration::rep>(row.size());
    source = settle(*source, row, status, (context_.clock.now() - begin) / count);
  }
  --active_;
  changed_.notify_all();
}

std::optional<size_t> SegmentFetcher::settle(size_t source, const std::vector<size_t>& row,
                                             const Status& status, Duration took) {
  bool all_here = std::all_of(row.begin(), row.end(), [&](size_t at) { return board_.is_here(at); });
  board_.let_go(source);
  changed_.notify_all();
  if (ended_) return source;
  if (status.ok()) {
    board_.fetched(source, took);
    return source;
  }
  if (all_here) {
    slow_.push_back(source);
    return next_source();
  }
  error_ = status;
  failed_source_ = sources_[source].node;
  context_.logger.warning("copying {} from node {} at {} failed: {}", copy_.order().replica.to_string(),
                          to_string(failed_source_), sources_[source].address, status.message());
  return next_source();
}

std::optional<size_t> SegmentFetcher::next_source() {
  std::deque<size_t>* from = !fresh_.empty() ? &fresh_ : active_ <= 1 && !slow_.empty() ? &slow_ : nullptr;
  if (from == nullptr) return std::nullopt;
  size_t source = from->front();
  from->pop_front();
  return source;
}

Status SegmentFetcher::wait_for_room(size_t segment) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return ended_ || board_.in_window(segment); });
  return ended_ ? Status(Code::kCancelled, "the copy was cancelled") : Status();
}

void SegmentFetcher::deliver(size_t segment, std::string bytes, const Running& from) {
  std::lock_guard lock(mutex_);
  if (!board_.arrived(segment)) return;
  here_[segment] = std::move(bytes);
  for (Running* other : running_) {
    if (other != &from && other->row == std::vector<size_t>{segment}) other->call.cancel();
  }
  changed_.notify_all();
}

}  // namespace fsdfs::node
