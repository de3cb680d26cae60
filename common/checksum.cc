#include "common/checksum.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace fsdfs {
namespace {

void append_little_endian(std::string& out, uint64_t number) {
  for (int shift = 0; shift < 64; shift += 8) out += static_cast<char>(number >> shift & 0xFF);
}

uint64_t read_little_endian(const char* bytes) {
  uint64_t number = 0;
  for (int i = 7; i >= 0; --i) number = number << 8 | static_cast<unsigned char>(bytes[i]);
  return number;
}

}  // namespace

uint64_t block_sum(std::string_view block) {
  return XXH3_64bits(block.data(), block.size());
}

Status verify_block(std::string_view block, uint64_t index, uint64_t expected, std::string_view what) {
  uint64_t found = block_sum(block);
  if (found == expected) return Status();
  return data_loss(fmt::format("block {} of {} fails its checksum (expected {:016x}, found {:016x})", index,
                               what, expected, found));
}

void BlockSummer::FreeState::operator()(XXH3_state_s* state) const {
  XXH3_freeState(state);
}

BlockSummer::BlockSummer() : state_(XXH3_createState()) {
  if (state_ == nullptr) throw std::bad_alloc();
  XXH3_64bits_reset(state_.get());
}

BlockSummer::~BlockSummer() = default;
BlockSummer::BlockSummer(BlockSummer&&) noexcept = default;
BlockSummer& BlockSummer::operator=(BlockSummer&&) noexcept = default;

void BlockSummer::update(std::string_view bytes) {
  while (!bytes.empty()) {
    size_t filled = static_cast<size_t>(size_ % kBlockSize);
    size_t taken = std::min(bytes.size(), kBlockSize - filled);
    size_ += taken;
    if (taken == kBlockSize) {
      sums_.push_back(block_sum(bytes.substr(0, taken)));  // one whole block: faster than through the state
    } else {
      XXH3_64bits_update(state_.get(), bytes.data(), taken);
      if (size_ % kBlockSize == 0) close_block();
    }
    bytes.remove_prefix(taken);
  }
}

BlockSums BlockSummer::finish() {
  if (size_ % kBlockSize != 0) close_block();
  size_ = 0;
  return std::exchange(sums_, {});
}

void BlockSummer::close_block() {
  sums_.push_back(XXH3_64bits_digest(state_.get()));
  XXH3_64bits_reset(state_.get());
}

std::string ContentDigest::to_string() const {
  return fmt::format("{:02x}", fmt::join(bytes, ""));
}

ContentDigest content_digest(const BlockSums& sums, uint64_t size) {
  std::string input = encode_sums(sums);
  append_little_endian(input, size);
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(input.data(), input.size()));
  ContentDigest digest;
  static_assert(sizeof(canonical.digest) == sizeof(digest.bytes));
  std::memcpy(digest.bytes.data(), canonical.digest, digest.bytes.size());
  return digest;
}

ContentDigest content_digest_of(std::string_view content) {
  BlockSummer summer;
  summer.update(content);
  return content_digest(summer.finish(), content.size());
}

std::string encode_sums(const BlockSums& sums) {
  std::string packed;
  packed.reserve(sums.size() * sizeof(uint64_t) + sizeof(uint64_t));  // content_digest adds one more
  for (uint64_t sum : sums) append_little_endian(packed, sum);
  return packed;
}

Result<BlockSums> decode_sums(std::string_view packed) {
  if (packed.size() % sizeof(uint64_t) != 0) {
    return data_loss(fmt::format("packed block sums of {} bytes are cut off", packed.size()), Reason::kNone);
  }
  BlockSums sums(packed.size() / sizeof(uint64_t));
  for (size_t i = 0; i < sums.size(); ++i) sums[i] = read_little_endian(packed.data() + i * sizeof(uint64_t));
  return sums;
}

std::string encode_digest(const ContentDigest& digest) {
  return std::string(digest.bytes.begin(), digest.bytes.end());
}

Result<ContentDigest> decode_digest(std::string_view bytes) {
  ContentDigest digest;
  if (bytes.size() != digest.bytes.size()) {
    return data_loss(fmt::format("a content digest has 16 bytes, not {}", bytes.size()), Reason::kNone);
  }
  std::memcpy(digest.bytes.data(), bytes.data(), bytes.size());
  return digest;
}

}  // namespace fsdfs
