// BlockRange: bytes of a file in whole blocks, as nodes send them. A plain value.
#pragma once

#include <cstdint>

namespace fsdfs::client {

// From a multiple of the block size up to another one, or to the file's end.
struct BlockRange {
  uint64_t begin = 0;
  uint64_t end = 0;
  uint64_t length() const { return end - begin; }
  bool contains(uint64_t offset) const { return begin <= offset && offset < end; }
  friend bool operator==(const BlockRange&, const BlockRange&) = default;
};

// The smallest range of whole blocks around [offset, offset + length), cut at the file's end.
BlockRange block_range(uint64_t offset, uint64_t length, uint64_t file_size);

}  // namespace fsdfs::client
