#include "node/transfer/ranged_pull.h"

#include <algorithm>

#include "node/transfer/segment_fetcher.h"
#include "node/transfer/source_call.h"

namespace fsdfs::node {
namespace {

constexpr uint64_t kOwnPortion = 512 * 1024;  // bytes read from the own disk at once
static_assert(kOwnPortion % kBlockSize == 0);

// Ends `called` where the copy is cancelled, as long as this lives.
template <typename Called>
class CancelWith {
 public:
  CancelWith(IncomingCopy& copy, Called& called) : copy_(copy) {
    copy_.on_cancel([&called] { called.cancel(); });
  }
  ~CancelWith() { (void)copy_.on_cancel(nullptr); }
  CancelWith(const CancelWith&) = delete;
  CancelWith& operator=(const CancelWith&) = delete;

 private:
  IncomingCopy& copy_;
};

}  // namespace

Status RangedPull::run() {
  FSDFS_TRY(describe());
  CopyPlan plan = plan_copy(copy_.order().content.size, copy_.sums(), copy_.received(),
                            own_ ? &own_->description() : nullptr, context_.sizes.segment);
  FSDFS_TRY(fetch(plan));
  context_.logger.info("copied {}: {} bytes pulled, {} bytes taken from {}",
                       copy_.order().replica.to_string(), pulled_bytes_, own_bytes_,
                       own_ ? own_->id().to_string() : "no other version");
  return {};
}

Status RangedPull::describe() {
  Status status = unavailable("an order to copy names no source");
  while (!copy_.described() && !sources_.empty()) {
    const CopySource source = sources_.front();
    SourceCall call(context_, source);
    CancelWith cancel(copy_, call);
    v1::ReadRequest request;
    copy_.ask_description(*request.add_items());
    status = call.run(request, [this](const v1::ReadChunk& chunk) { return copy_.take(chunk); });
    if (copy_.described()) break;
    if (status.ok()) status = unavailable("it does not say what it holds");
    if (status.code() == Code::kCancelled) return status;
    failed_source_ = source.node;
    context_.logger.warning("asking node {} at {} for {} failed: {}", to_string(source.node), source.address,
                            copy_.order().replica.to_string(), status.message());
    sources_.erase(sources_.begin());
  }
  return copy_.described() ? Status() : status;
}

size_t RangedPull::streams_wanted() const {
  bool several = copy_.order().content.size >= context_.sizes.several_sources_from;
  return several ? std::min(sources_.size(), context_.sizes.sources_at_once) : 1;
}

Status RangedPull::fetch(const CopyPlan& plan) {
  size_t more = slots_.try_take(std::min(streams_wanted(), std::max<size_t>(plan.segments.size(), 1)) - 1);
  struct GiveBack {
    StreamSlots& slots;
    size_t count;
    ~GiveBack() { slots.give(count); }
  } give_back{slots_, more};
  SegmentFetcher fetcher(context_, copy_, sources_, plan.segments, 1 + more);
  std::string bytes;
  std::optional<size_t> current;  // the segment that `bytes` are the rest of
  size_t used = 0;                // of them
  for (const CopyPlan::Piece& piece : plan.pieces) {
    if (!piece.segment) {
      FSDFS_TRY(copy_own(piece.range));
      continue;
    }
    if (piece.segment != current) {
      CancelWith cancel(copy_, fetcher);
      auto taken = fetcher.take(*piece.segment);
      if (!taken.ok()) {
        failed_source_ = fetcher.failed_source();
        return taken.status();
      }
      bytes = std::move(*taken);
      current = piece.segment;
      used = 0;
    }
    FSDFS_TRY(copy_.append(piece.range.offset, std::string_view(bytes).substr(used, piece.range.length)));
    used += piece.range.length;
    pulled_bytes_ += piece.range.length;
  }
  return {};
}

Status RangedPull::copy_own(const ByteRange& piece) {
  std::string bytes;
  for (uint64_t done = 0; done < piece.length; done += bytes.size()) {
    if (copy_.cancelled()) return {Code::kCancelled, "the copy was cancelled"};
    ByteRange portion{piece.offset + done, std::min(kOwnPortion, piece.length - done)};
    bytes.resize(portion.length);
    Status status = context_.store.read(*own_, portion.offset, std::span<char>(bytes));
    if (status.ok()) status = copy_.append(portion.offset, bytes);
    if (status.ok()) {
      own_bytes_ += portion.length;
      continue;
    }
    if (copy_.is_local(status)) return status;
    FSDFS_TRY(pull_now(portion));
  }
  return {};
}

Status RangedPull::pull_now(const ByteRange& range) {
  std::vector<Segment> all = {Segment{{range}, range.length}};
  SegmentFetcher fetcher(context_, copy_, sources_, std::move(all), 1);
  CancelWith cancel(copy_, fetcher);
  auto taken = fetcher.take(0);
  if (!taken.ok()) {
    failed_source_ = fetcher.failed_source();
    return taken.status();
  }
  FSDFS_TRY(copy_.append(range.offset, *taken));
  pulled_bytes_ += range.length;
  return {};
}

}  // namespace fsdfs::node
