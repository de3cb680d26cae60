#include "common/inventory.h"

namespace fsdfs {
namespace {

constexpr size_t kEncodedReplica = 4 * sizeof(uint64_t) + sizeof(ContentDigest::bytes) + 1;

void encode_number(std::string& out, uint64_t number) {
  for (int shift = 0; shift < 64; shift += 8) out += static_cast<char>(number >> shift & 0xFF);
}

}  // namespace

void RangeDigest::add(const ReplicaId& replica, uint64_t size, const ContentDigest& content, uint8_t state) {
  encode_number(encoded_, replica.inode.value);
  encode_number(encoded_, replica.version.epoch.value);
  encode_number(encoded_, replica.version.counter);
  encode_number(encoded_, size);
  encoded_.append(content.bytes.begin(), content.bytes.end());
  encoded_ += static_cast<char>(state);
}

uint64_t RangeDigest::count() const {
  return encoded_.size() / kEncodedReplica;
}

uint64_t RangeDigest::finish() {
  uint64_t digest = block_sum(encoded_);
  encoded_.clear();
  return digest;
}

}  // namespace fsdfs
