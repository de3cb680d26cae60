#include "client/block_fetch.h"

#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <optional>
#include <utility>

#include "client/convert.h"
#include "common/checksum.h"

namespace fsdfs::client {

Status check_chunk(const v1::ReadChunk& chunk, uint64_t expected_offset, const FetchRequest& request) {
  std::string what = request.replica.to_string() + " at " + request.holder.address;
  if (chunk.code() != 0) {
    return Status(static_cast<Code>(chunk.code()), chunk.message(), static_cast<Reason>(chunk.reason()))
        .with_context(what);
  }
  const std::string& data = chunk.data();
  uint64_t end = expected_offset + data.size();
  if (chunk.item() != 0 || chunk.offset() != expected_offset || end > request.range.end ||
      (end != request.range.end && data.size() % kBlockSize != 0)) {
    return data_loss(what + ": the node sent bytes that were not asked for");
  }
  FSDFS_ASSIGN(BlockSums sums, decode_sums(chunk.sums()));
  if (sums.size() != block_count(data.size())) {
    return data_loss(what + ": the node sent " + std::to_string(sums.size()) + " checksums for " +
                     std::to_string(block_count(data.size())) + " blocks");
  }
  for (size_t block = 0; block < sums.size(); ++block) {
    std::string_view bytes = std::string_view(data).substr(block * kBlockSize, kBlockSize);
    FSDFS_TRY(verify_block(bytes, expected_offset / kBlockSize + block, sums[block], what));
  }
  return {};
}

// One call. gRPC runs the On... functions one after the other.
class BlockFetch::Stream final : public grpc::ClientReadReactor<v1::ReadChunk> {
 public:
  Stream(NodeChannels& channels, FetchRequest asked)
      : request(std::move(asked)), channels_(channels), arrived_(request.range.begin), last_(now()) {}

  void start(std::shared_ptr<Stream> self) {
    auto stub = channels_.stub(request.holder.address);
    if (!stub.ok()) return end(stub.status());
    stub_ = *stub;
    self_ = std::move(self);
    channels_.stream_began();
    v1::ReadItem* item = wire_.add_items();
    item->set_ticket(request.ticket);
    to_wire(request.replica, item->mutable_replica());
    item->set_offset(request.range.begin);
    item->set_length(request.range.length());
    context_.set_deadline(std::chrono::system_clock::now() + kCallMax);
    stub_->async()->Read(&context_, &wire_, this);
    StartRead(&chunk_);
    StartCall();
  }

  void cancel() { context_.TryCancel(); }

  Progress wait(uint64_t offset, MonotonicTime until) {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, until, [&] { return ended_ || arrived_ > offset; });
    return {.arrived = arrived_, .ended = ended_, .status = status_, .last = last_};
  }

  size_t copy(uint64_t offset, std::span<std::byte> out) const {
    size_t copied = 0;
    for (const auto& chunk : chunks_from(offset, out.size())) {
      uint64_t skip = offset + copied - chunk->offset;
      size_t count = std::min(out.size() - copied, static_cast<size_t>(chunk->data.size() - skip));
      std::memcpy(out.data() + copied, chunk->data.data() + skip, count);
      copied += count;
    }
    return copied;
  }

  void OnReadDone(bool ok) override {
    if (!ok) return;  // OnDone says why
    uint64_t expected = arrived();
    if (Status status = check_chunk(chunk_, expected, request); !status.ok()) {
      bad_ = std::move(status);
      context_.TryCancel();
      return;
    }
    {
      std::lock_guard lock(mutex_);
      arrived_ += chunk_.data().size();
      last_ = now();
      chunks_.push_back(std::make_shared<Chunk>(Chunk{expected, std::move(*chunk_.mutable_data())}));
    }
    changed_.notify_all();
    chunk_.Clear();
    StartRead(&chunk_);
  }

  void OnDone(const grpc::Status& status) override {
    NodeChannels& channels = channels_;
    Status result = bad_ ? *bad_ : channels_.explain(request.holder.address, status);
    if (result.ok() && arrived() != request.range.end) {
      result = data_loss(request.replica.to_string() + " at " + request.holder.address +
                         ": the node's answer ended before the range that was asked for");
    }
    auto self = std::move(self_);
    end(std::move(result));
    self.reset();  // this may go with it
    channels.stream_ended();
  }

  const FetchRequest request;

 private:
  struct Chunk {
    uint64_t offset = 0;
    std::string data;
    uint64_t end() const { return offset + data.size(); }
  };
  // A fetch of 4 MiB that takes longer is of no use to anyone; waits are shorter (ClientOptions::attempt).
  static constexpr auto kCallMax = std::chrono::minutes(2);

  static MonotonicTime now() { return std::chrono::steady_clock::now(); }

  uint64_t arrived() const {
    std::lock_guard lock(mutex_);
    return arrived_;
  }

  // The chunks that hold [offset, offset + length), as far as they have arrived. They never change, so
  // copying needs no lock.
  std::vector<std::shared_ptr<const Chunk>> chunks_from(uint64_t offset, size_t length) const {
    std::lock_guard lock(mutex_);
    auto first = std::upper_bound(chunks_.begin(), chunks_.end(), offset,
                                  [](uint64_t at, const auto& chunk) { return at < chunk->end(); });
    auto last = first;
    while (last != chunks_.end() && (*last)->offset < offset + length) ++last;
    return {first, last};
  }

  void end(Status status) {
    {
      std::lock_guard lock(mutex_);
      ended_ = true;
      status_ = std::move(status);
    }
    changed_.notify_all();
  }

  NodeChannels& channels_;
  std::shared_ptr<NodeChannels::Stub> stub_;
  grpc::ClientContext context_;
  v1::ReadRequest wire_;
  v1::ReadChunk chunk_;           // being received; touched by On... only
  std::optional<Status> bad_;     // why the call was cancelled; touched by On... only
  std::shared_ptr<Stream> self_;  // keeps this until OnDone

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t arrived_;                                  // guarded by mutex_, as all below
  std::vector<std::shared_ptr<const Chunk>> chunks_;  // in order, without gaps, from range.begin
  bool ended_ = false;
  Status status_;
  MonotonicTime last_;
};

BlockFetch::BlockFetch(std::shared_ptr<Stream> stream) : stream_(std::move(stream)) {}

BlockFetch::~BlockFetch() {
  stream_->cancel();
}

std::shared_ptr<BlockFetch> BlockFetch::start(NodeChannels& channels, FetchRequest request) {
  auto stream = std::make_shared<Stream>(channels, std::move(request));
  stream->start(stream);
  return std::shared_ptr<BlockFetch>(new BlockFetch(std::move(stream)));
}

const FetchRequest& BlockFetch::request() const {
  return stream_->request;
}

BlockFetch::Progress BlockFetch::wait(uint64_t offset, MonotonicTime until) {
  return stream_->wait(offset, until);
}

size_t BlockFetch::copy(uint64_t offset, std::span<std::byte> out) const {
  return stream_->copy(offset, out);
}

void BlockFetch::cancel() {
  stream_->cancel();
}

}  // namespace fsdfs::client
