#include "node/transfer/chunk_source.h"

#include <algorithm>

#include "node/store/wire.h"

namespace fsdfs::node {
namespace {

std::string packed_sums(const BlockSums& sums, size_t first, size_t count) {
  auto begin = sums.begin() + static_cast<std::ptrdiff_t>(first);
  return encode_sums(BlockSums(begin, begin + static_cast<std::ptrdiff_t>(count)));
}

}  // namespace

uint64_t content_bytes(const v1::ReadChunk& message) {
  uint64_t bytes = message.data().size();
  for (const v1::ReadChunk& chunk : message.more()) bytes += chunk.data().size();
  return bytes;
}

// A ticket that let one item in lets the stream's further items of that replica in, however long the stream
// has lasted: as it does with the blocks of one item.
Status ChunkSource::check(const v1::ReadItem& item, const ReplicaId& replica) {
  if (admitted_ >= 0) {
    const v1::ReadItem& before = request_.items(admitted_);
    if (is_pull(before) == is_pull(item) && wire::from_wire(before.replica()) == replica &&
        before.ticket() == item.ticket()) {
      return {};
    }
  }
  FSDFS_TRY(is_pull(item) ? access_.check_pull(item.ticket(), caller_, replica)
                          : access_.check_read(item.ticket(), caller_, replica));
  admitted_ = item_;
  return {};
}

Status ChunkSource::open_item(const v1::ReadItem& item) {
  ReplicaId id = wire::from_wire(item.replica());
  FSDFS_TRY(check(item, id));
  FSDFS_ASSIGN(replica_, store_.open_replica(id));
  uint64_t size = replica_->size();
  offset_ = std::min(item.offset() / kBlockSize * kBlockSize, size);
  end_ = size;
  if (item.length() > 0 && item.length() < size - std::min(item.offset(), size)) {
    end_ = std::min(block_count(item.offset() + item.length()) * kBlockSize, size);
  }
  describing_ = item.describe();
  described_ = 0;
  return {};
}

// The description without its sums first, then the sums in portions, so that no message is too big.
void ChunkSource::describe(v1::ReadChunk& chunk) {
  const Description& whole = replica_->description();
  if (described_ == 0) {
    Description head = whole;
    head.sums.clear();
    *chunk.mutable_description() = wire::to_wire(head);
  }
  size_t count = std::min(kSumsInChunk, whole.sums.size() - described_);
  chunk.mutable_description()->set_sums(packed_sums(whole.sums, described_, count));
  described_ += count;
  describing_ = described_ < whole.sums.size();
}

Status ChunkSource::fill(v1::ReadChunk& chunk) {
  if (!replica_) FSDFS_TRY(open_item(request_.items(item_)));
  if (describing_) describe(chunk);
  if (!describing_ && offset_ < end_) {
    size_t length = static_cast<size_t>(std::min<uint64_t>(kChunkBytes, end_ - offset_));
    std::string& data = *chunk.mutable_data();
    data.resize(length);
    FSDFS_TRY(store_.read(*replica_, offset_, std::span<char>(data)));
    chunk.set_offset(offset_);
    chunk.set_sums(packed_sums(replica_->description().sums, offset_ / kBlockSize, block_count(length)));
    offset_ += length;
  }
  chunk.set_last(!describing_ && offset_ >= end_);
  return {};
}

bool ChunkSource::next(v1::ReadChunk& chunk) {
  if (item_ >= request_.items_size()) return false;
  Status status = fill(chunk);
  if (!status.ok()) {
    chunk.Clear();
    chunk.set_code(static_cast<uint32_t>(status.code()));
    chunk.set_reason(static_cast<uint32_t>(status.reason()));
    chunk.set_message(status.message());
    chunk.set_last(true);
  }
  chunk.set_item(static_cast<uint32_t>(item_));
  if (chunk.last()) {
    replica_.reset();
    ++item_;
  }
  return true;
}

}  // namespace fsdfs::node
