#include "client/upload.h"

#include <algorithm>
#include <string>
#include <utility>

#include "client/chain_stream.h"
#include "client/retry_plan.h"
#include "common/checksum.h"
#include "common/rpc/call.h"
#include "common/units.h"

namespace fsdfs::client {

namespace {

constexpr size_t kMessageBytes = kMiB;           // DESIGN 7: 256 KiB to 1 MiB are fastest
constexpr uint64_t kFirstGuess = 64 * kMiB;      // reserved for content of unknown size
constexpr uint64_t kGuessStepMax = 1024 * kMiB;  // and doubled up to steps of this
constexpr Duration kAbortPatience = std::chrono::seconds(2);
// After the last byte the chain syncs what its disks have not written yet; even a slow one writes so fast.
constexpr uint64_t kSyncBytesPerSecond = 16 * kMiB;

// One try: one session, from its opening to its commit or its end.
class Try {
 public:
  Try(SwarmClient& client, const Place& place, ContentSource& source, const UploadOptions& options,
      RetryPlan& plan)
      : client_(client), place_(place), source_(source), options_(options), plan_(plan) {}

  Result<UploadResult> run() {
    FSDFS_TRY(open());
    Result<UploadResult> result = transfer();
    if (!result.ok()) abort(result.status());
    return result;
  }

 private:
  Status open() {
    reserved_ = source_.size().value_or(kFirstGuess);
    NewContent content{.place = place_,
                       .size = reserved_,
                       .mode = options_.mode,
                       .uid = options_.uid,
                       .gid = options_.gid,
                       .target = options_.target,
                       .no_replace = options_.no_replace,
                       .avoid = plan_.avoid()};
    Result<OpenedSession> opened = client_.open_session(content, plan_.deadline());
    if (opened.status().reason() == Reason::kQuota && !source_.size()) {
      // What was guessed is more than a directory's quota leaves; the content itself may fit.
      reserved_ = content.size = 0;
      opened = client_.open_session(content, plan_.deadline());
    }
    FSDFS_ASSIGN(session_, std::move(opened));
    if (session_.chain.empty()) return unavailable("the master names no node to write to");
    renewed_ = client_.clock().now();
    return {};
  }

  Result<UploadResult> transfer() {
    ChainOpening opening{.session = session_, .size = reserved_, .origin = session_.origin};
    opening.origin.modified = options_.modified.value_or(FileTime{});
    stream_ = ChainStream::start(client_.node_channels(), opening);
    FSDFS_TRY(send_all());
    ContentDigest digest = content_digest(sums_, offset_);
    stream_->finish(offset_, digest);
    FSDFS_ASSIGN(auto receipts, await_receipts());
    tell_progress();
    SessionResult content{
        .size = offset_, .digest = digest, .receipts = std::move(receipts), .modified = options_.modified};
    FSDFS_ASSIGN(CommittedSession committed,
                 client_.commit_session(session_.session, content, plan_.deadline()));
    return UploadResult{.attributes = std::move(committed.attributes),
                        .synced_copies = committed.synced_copies,
                        .wanted_copies = std::max(session_.wanted_members, committed.synced_copies)};
  }

  Status send_all() {
    while (true) {
      std::string data(message_size(), '\0');
      Result<size_t> count = source_.read(std::as_writable_bytes(std::span(data)));
      if (!count.ok()) return plan_.source_failed(count.status());
      bool last = *count < data.size();
      data.resize(*count);
      if (*count > 0) FSDFS_TRY(send(std::move(data), last));
      if (last) return {};
    }
  }

  // Whole blocks, and one byte more than is expected, so that the end is seen by the read that reaches it.
  size_t message_size() const {
    uint64_t expected = source_.size().value_or(offset_ + kMessageBytes);
    if (expected >= offset_ + kMessageBytes) return kMessageBytes;
    uint64_t rest = expected > offset_ ? expected - offset_ : 0;
    return (rest / kBlockSize + 1) * kBlockSize;
  }

  Status send(std::string data, bool last) {
    FSDFS_TRY(make_room(offset_ + data.size()));
    BlockSums sums;
    for (size_t at = 0; at < data.size(); at += kBlockSize) {
      sums.push_back(block_sum(std::string_view(data).substr(at, kBlockSize)));
    }
    sums_.insert(sums_.end(), sums.begin(), sums.end());
    Status room = stream_->wait_for_room(client_.clock().now() + 2 * client_.options().attempt);
    tell_progress();
    FSDFS_TRY(blame(std::move(room)));
    offset_ += data.size();
    stream_->write(std::move(data), sums, last);
    return {};
  }

  // The session shall live, and its chain have room for `size` bytes.
  Status make_room(uint64_t size) {
    if (size > reserved_) {
      uint64_t guess = reserved_ + std::clamp(reserved_, kFirstGuess, kGuessStepMax);
      Status extended = extend(guess);
      if (extended.code() == Code::kResourceExhausted) extended = extend(size);
      return extended;
    }
    if (client_.clock().now() - renewed_ < session_.lease / 3) return {};
    return extend(reserved_);
  }

  Status extend(uint64_t size) {
    FSDFS_ASSIGN(ExtendedSession extended, client_.extend_session(session_.session, size, plan_.deadline()));
    reserved_ = size;
    session_.lease = extended.lease;
    renewed_ = client_.clock().now();
    return {};
  }

  // The chain takes what is still on its way, as quickly as before, and then syncs, which may take its time.
  Result<std::vector<std::string>> await_receipts() {
    const Clock& clock = client_.clock();
    const Duration stall = 2 * client_.options().attempt;
    const Duration sync =
        client_.options().deadline / 2 + std::chrono::seconds(offset_ / kSyncBytesPerSecond);
    MonotonicTime moved = clock.now();
    while (true) {
      bool all_taken = stream_->acked_bytes() == offset_;
      MonotonicTime end = moved + (all_taken ? sync : stall);
      auto receipts = stream_->receipts(std::min(end, clock.now() + kReceiptsStep));
      if (receipts.ok()) return receipts;
      bool moves = tell_progress();
      if (moves) moved = clock.now();
      if (receipts.status().code() != Code::kDeadlineExceeded || (!moves && clock.now() >= end)) {
        return blame(receipts.status());
      }
      if (clock.now() - renewed_ >= session_.lease / 3) FSDFS_TRY(extend(reserved_));
    }
  }

  // What the chain said; remembers who is at fault.
  Status blame(Status status) {
    if (!status.ok()) plan_.chain_failed(session_.chain, status);
    return status;
  }

  // Whether there was any since the last call.
  bool tell_progress() {
    uint64_t acked = stream_->acked_bytes();
    if (acked == told_) return false;
    plan_.progressed();
    if (options_.on_progress) options_.on_progress(static_cast<int64_t>(acked - told_));
    told_ = acked;
    return true;
  }

  void abort(const Status& why) {
    stream_.reset();
    if (told_ > 0 && options_.on_progress) options_.on_progress(-static_cast<int64_t>(told_));
    // A session whose master is away or that is lost already ends by its lease.
    if (why.reason() == Reason::kSessionLost || plan_.master_is_away(why)) return;
    Status ended = client_.abort_session(session_.session, client_.clock().now() + kAbortPatience);
    if (!ended.ok()) client_.logger().debug("session {}: {}", session_.session.value, ended.message());
  }

  static constexpr Duration kReceiptsStep = std::chrono::milliseconds(200);

  SwarmClient& client_;
  const Place& place_;
  ContentSource& source_;
  const UploadOptions& options_;
  RetryPlan& plan_;

  OpenedSession session_;
  std::unique_ptr<ChainStream> stream_;
  uint64_t reserved_ = 0;
  MonotonicTime renewed_;
  uint64_t offset_ = 0;
  uint64_t told_ = 0;
  BlockSums sums_;
};

}  // namespace

Result<UploadResult> upload(SwarmClient& client, const Place& place, ContentSource& source,
                            const UploadOptions& options) {
  RetryPlan plan(client.clock(), client.options().deadline);
  SystemSleeper sleeper;
  while (true) {
    Result<UploadResult> result = Try(client, place, source, options, plan).run();
    if (result.ok()) return result;
    FSDFS_ASSIGN(Duration pause, plan.next_try(result.status(), source));
    client.logger().debug("put again: {}", result.status().message());
    sleeper.sleep(pause);
  }
}

}  // namespace fsdfs::client
