// Checksums of file content: XXH3-64 per block of 64 KiB, and one digest over them (DESIGN 6).
//
// Used by the node's store, the chain, the puller, the scrubber and the client, so that a block is verified
// by the same sum from the writer's buffer to the reader's. "Bytes" are string_views. Everything here is a
// plain value or a pure function; a BlockSummer belongs to one thread at a time.
//
// Content of `size` bytes has block_count(size) blocks; all but the last are whole. Empty content has no
// blocks.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"

struct XXH3_state_s;

namespace fsdfs {

inline constexpr size_t kBlockSize = size_t{64} * 1024;

using BlockSums = std::vector<uint64_t>;  // one XXH3-64 (seed 0) for each block, in order

inline constexpr uint64_t block_count(uint64_t size) {
  return size / kBlockSize + (size % kBlockSize != 0 ? 1 : 0);
}
// The length of block `index` of content of `size` bytes; 0 past its end.
inline constexpr size_t block_length(uint64_t size, uint64_t index) {
  if (index >= block_count(size)) return 0;
  uint64_t left = size - index * kBlockSize;
  return left < kBlockSize ? static_cast<size_t>(left) : kBlockSize;
}

uint64_t block_sum(std::string_view block);

// Ok, or kDataLoss/kChecksum: "block 3 of WHAT fails its checksum (expected 0123..., found 4567...)".
// `what` names the replica or file for the message.
Status verify_block(std::string_view block, uint64_t index, uint64_t expected, std::string_view what);

// Sums bytes that come in any split.
class BlockSummer {
 public:
  BlockSummer();
  ~BlockSummer();
  BlockSummer(BlockSummer&&) noexcept;
  BlockSummer& operator=(BlockSummer&&) noexcept;

  void update(std::string_view bytes);
  uint64_t size() const { return size_; }  // bytes so far
  // The sums of everything fed since construction or the last finish(), and starts over.
  BlockSums finish();

 private:
  void close_block();

  struct FreeState {
    void operator()(XXH3_state_s* state) const;
  };
  std::unique_ptr<XXH3_state_s, FreeState> state_;  // of the open block, which holds size_ % kBlockSize bytes
  uint64_t size_ = 0;
  BlockSums sums_;
};

// What two replicas of one version must agree on: XXH3-128 in its canonical (big-endian) form over the block
// sums as little-endian 64-bit numbers, followed by the content size likewise.
struct ContentDigest {
  std::array<uint8_t, 16> bytes{};
  friend auto operator<=>(const ContentDigest&, const ContentDigest&) = default;
  std::string to_string() const;  // 32 hex digits
};

// `sums` has block_count(size) members.
ContentDigest content_digest(const BlockSums& sums, uint64_t size);
ContentDigest content_digest_of(std::string_view content);

// Sums as packed little-endian 64-bit numbers: how they travel and how they are stored.
std::string encode_sums(const BlockSums& sums);
Result<BlockSums> decode_sums(std::string_view packed);  // kDataLoss when the length is not a multiple of 8
std::string encode_digest(const ContentDigest& digest);
Result<ContentDigest> decode_digest(std::string_view bytes);  // kDataLoss unless 16 bytes

}  // namespace fsdfs
