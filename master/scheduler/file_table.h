// FileTable: one compact record a file, found by inode, and the nodes that hold its current version.
//
// Sized for 10 million files of three copies: 48 bytes a record, 5 to 8 bytes to find it by inode, nothing
// more for up to four copies. Records lie in chunks that never move, so a reference stays good until its file
// is erased. A file's slot is its number in the table; slots are used again. Not thread-safe.
#pragma once

#include <bit>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "common/ids.h"
#include "master/scheduler/holder_pool.h"
#include "master/scheduler/surplus.h"

namespace fsdfs::master {

using Slot = uint32_t;
inline constexpr Slot kNoSlot = 0xFFFFFFFF;

struct FileRecord {
  uint64_t inode;    // 0: the slot is free
  uint64_t version;  // packed, see pack_version
  uint64_t size : 48;
  uint64_t holder_count : 16;
  Units target;
  union {
    float weight;         // of a live file
    uint32_t deleted_at;  // of one in the trash, seconds since 1970
  };
  union {
    NodeIndex near[4];  // up to four holders
    uint32_t far;       // a list in the HolderPool
  } holders;
  uint16_t shown_copies;  // K as the health figures count it
  uint16_t parked;        // the wake-up generation in which it could not be placed; 0: not parked
  uint8_t arriving;       // copies ordered or waiting for space
  int8_t shown_bucket;    // where its copies are counted as evictable (spare_board.h); -1: nowhere
  bool open : 1;
  bool trash : 1;
  bool removed : 1;       // purged: its copies are to be deleted
  bool has_old : 1;       // there are old or doomed copies of it (leftovers.h)
  bool shown : 1;         // in the health figures
  bool shown_capped : 1;  // among the capped ones
  bool shown_below : 1;   // K with arriving copies is below N
  bool shown_parked : 1;
  bool in_removals : 1;  // waits in the queue of removed files
};
static_assert(sizeof(FileRecord) == 48);

inline constexpr uint8_t kArrivingMax = 200;

inline uint64_t pack_version(Version v) {
  return (v.epoch.value << 40) | v.counter;
}
inline Version unpack_version(uint64_t packed) {
  return Version{Epoch{packed >> 40}, packed & ((uint64_t{1} << 40) - 1)};
}

class FileTable {
 public:
  FileTable();

  Slot find(uint64_t inode) const;  // kNoSlot
  Slot insert(uint64_t inode);      // which must not be there; a zeroed record
  void erase(Slot slot);            // which must have no holders

  FileRecord& at(Slot slot) { return chunks_[slot >> kChunkBits][slot & kChunkMask]; }
  const FileRecord& at(Slot slot) const { return chunks_[slot >> kChunkBits][slot & kChunkMask]; }
  size_t size() const { return size_; }
  Slot slots() const { return slots_; }  // every slot in use is below

  std::span<const NodeIndex> holders(const FileRecord& record) const;
  bool holds(const FileRecord& record, NodeIndex node) const;
  void add_holder(FileRecord& record, NodeIndex node);     // which must not be one
  void remove_holder(FileRecord& record, NodeIndex node);  // which must be one
  void clear_holders(FileRecord& record);

  size_t resident_bytes() const;

 private:
  static constexpr int kChunkBits = 14;
  static constexpr Slot kChunkMask = (Slot{1} << kChunkBits) - 1;
  static constexpr size_t kShards = 256;

  // Open addressing with linear probing. Many small tables instead of one, so that growing one of them never
  // takes long.
  struct Shard {
    std::vector<Slot> slots;  // kNoSlot: empty
    size_t used = 0;
  };

  static uint64_t hash(uint64_t inode);
  static size_t home(const Shard& shard, uint64_t hash);
  Shard& shard_of(uint64_t hash) { return shards_[hash >> 56]; }
  const Shard& shard_of(uint64_t hash) const { return shards_[hash >> 56]; }
  void grow(Shard& shard);
  void place(Shard& shard, Slot slot, uint64_t hash);
  NodeIndex* holder_data(FileRecord& record);

  std::vector<std::unique_ptr<FileRecord[]>> chunks_;
  std::vector<Slot> free_;
  std::vector<Shard> shards_;
  HolderPool pool_;
  size_t size_ = 0;
  Slot slots_ = 0;
};

}  // namespace fsdfs::master
