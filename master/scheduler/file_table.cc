#include "master/scheduler/file_table.h"

#include <algorithm>
#include <cassert>

namespace fsdfs::master {

namespace {
constexpr size_t kNear = 4;
}

FileTable::FileTable() : shards_(kShards) {}

uint64_t FileTable::hash(uint64_t inode) {
  // The finaliser of MurmurHash3: inodes are nearly consecutive, shards need their high bits mixed.
  inode ^= inode >> 33;
  inode *= 0xff51afd7ed558ccdULL;
  inode ^= inode >> 33;
  inode *= 0xc4ceb9fe1a85ec53ULL;
  return inode ^ (inode >> 33);
}

size_t FileTable::home(const Shard& shard, uint64_t hash) {
  // Maps 32 bits of the hash onto any capacity, not only a power of two, so that tables may grow by half.
  return static_cast<size_t>(((hash & 0xFFFFFFFF) * shard.slots.size()) >> 32);
}

Slot FileTable::find(uint64_t inode) const {
  uint64_t h = hash(inode);
  const Shard& shard = shard_of(h);
  if (shard.slots.empty()) return kNoSlot;
  for (size_t i = home(shard, h);; i = i + 1 == shard.slots.size() ? 0 : i + 1) {
    Slot slot = shard.slots[i];
    if (slot == kNoSlot || at(slot).inode == inode) return slot;
  }
}

void FileTable::place(Shard& shard, Slot slot, uint64_t h) {
  size_t i = home(shard, h);
  while (shard.slots[i] != kNoSlot) i = i + 1 == shard.slots.size() ? 0 : i + 1;
  shard.slots[i] = slot;
}

void FileTable::grow(Shard& shard) {
  std::vector<Slot> old = std::move(shard.slots);
  shard.slots = std::vector<Slot>(std::max<size_t>(8, old.size() + old.size() / 3), kNoSlot);
  for (Slot slot : old) {
    if (slot != kNoSlot) place(shard, slot, hash(at(slot).inode));
  }
}

Slot FileTable::insert(uint64_t inode) {
  assert(inode != 0);
  Slot slot;
  if (!free_.empty()) {
    slot = free_.back();
    free_.pop_back();
  } else {
    slot = slots_++;
    if ((slot & kChunkMask) == 0) chunks_.push_back(std::make_unique<FileRecord[]>(size_t{1} << kChunkBits));
  }
  FileRecord& record = at(slot);
  record = FileRecord{};
  record.inode = inode;
  record.shown_bucket = -1;
  uint64_t h = hash(inode);
  Shard& shard = shard_of(h);
  if ((shard.used + 1) * 5 > shard.slots.size() * 4) grow(shard);
  place(shard, slot, h);
  ++shard.used;
  ++size_;
  return slot;
}

void FileTable::erase(Slot slot) {
  FileRecord& record = at(slot);
  assert(record.inode != 0 && record.holder_count == 0);
  uint64_t h = hash(record.inode);
  Shard& shard = shard_of(h);
  size_t capacity = shard.slots.size();
  size_t hole = home(shard, h);
  while (shard.slots[hole] != slot) hole = hole + 1 == capacity ? 0 : hole + 1;
  // Moves back what the hole would hide from its home.
  for (size_t i = hole;;) {
    i = i + 1 == capacity ? 0 : i + 1;
    if (shard.slots[i] == kNoSlot) break;
    size_t home_of_i = home(shard, hash(at(shard.slots[i]).inode));
    bool stays = hole <= i ? (hole < home_of_i && home_of_i <= i) : (hole < home_of_i || home_of_i <= i);
    if (stays) continue;
    shard.slots[hole] = shard.slots[i];
    hole = i;
  }
  shard.slots[hole] = kNoSlot;
  --shard.used;
  --size_;
  record = FileRecord{};
  free_.push_back(slot);
}

NodeIndex* FileTable::holder_data(FileRecord& record) {
  if (record.holder_count <= kNear) return record.holders.near;
  return pool_.data(HolderPool::class_of(record.holder_count), record.holders.far);
}

std::span<const NodeIndex> FileTable::holders(const FileRecord& record) const {
  size_t count = record.holder_count;
  if (count <= kNear) return {record.holders.near, count};
  return {pool_.data(HolderPool::class_of(count), record.holders.far), count};
}

bool FileTable::holds(const FileRecord& record, NodeIndex node) const {
  auto list = holders(record);
  return std::find(list.begin(), list.end(), node) != list.end();
}

void FileTable::add_holder(FileRecord& record, NodeIndex node) {
  assert(!holds(record, node));
  size_t count = record.holder_count;
  size_t old_class = count <= kNear ? 0 : static_cast<size_t>(HolderPool::class_of(count));
  bool moves = count == kNear || (count > kNear && (size_t{8} << old_class) == count);
  if (moves) {
    int new_class = HolderPool::class_of(count + 1);
    uint32_t list = pool_.take(new_class);
    const NodeIndex* from = holder_data(record);
    std::copy(from, from + count, pool_.data(new_class, list));
    if (count > kNear) pool_.give_back(static_cast<int>(old_class), record.holders.far);
    record.holders.far = list;
  }
  record.holder_count = (count + 1) & 0xFFFF;
  holder_data(record)[count] = node;
}

void FileTable::remove_holder(FileRecord& record, NodeIndex node) {
  size_t count = record.holder_count;
  NodeIndex* data = holder_data(record);
  NodeIndex* found = std::find(data, data + count, node);
  assert(found != data + count);
  // Order within the list is kept: it is the order in which copies came, and decisions must not depend on it
  // changing.
  std::copy(found + 1, data + count, found);
  if (count > kNear) {
    int old_class = HolderPool::class_of(count);
    bool becomes_near = count - 1 == kNear;
    if (becomes_near) {
      uint32_t list = record.holders.far;
      std::copy(data, data + kNear, record.holders.near);
      pool_.give_back(old_class, list);
    } else if (int new_class = HolderPool::class_of(count - 1); new_class != old_class) {
      uint32_t list = pool_.take(new_class);
      const NodeIndex* from = pool_.data(old_class, record.holders.far);
      std::copy(from, from + count - 1, pool_.data(new_class, list));
      pool_.give_back(old_class, record.holders.far);
      record.holders.far = list;
    }
  }
  record.holder_count = (count - 1) & 0xFFFF;
}

void FileTable::clear_holders(FileRecord& record) {
  if (record.holder_count > kNear) {
    pool_.give_back(HolderPool::class_of(record.holder_count), record.holders.far);
  }
  record.holder_count = 0;
}

size_t FileTable::resident_bytes() const {
  size_t bytes = chunks_.size() * (sizeof(FileRecord) << kChunkBits) + free_.capacity() * sizeof(Slot);
  for (const Shard& shard : shards_) bytes += shard.slots.capacity() * sizeof(Slot);
  return bytes + pool_.resident_bytes();
}

}  // namespace fsdfs::master
