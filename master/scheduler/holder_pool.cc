#include "master/scheduler/holder_pool.h"

#include <cassert>

namespace fsdfs::master {

int HolderPool::class_of(size_t count) {
  int size_class = 0;
  while ((size_t{8} << size_class) < count) ++size_class;
  assert(size_class < kClasses);
  return size_class;
}

uint32_t HolderPool::take(int size_class) {
  Pool& pool = pools_[static_cast<size_t>(size_class)];
  if (!pool.free.empty()) {
    uint32_t list = pool.free.back();
    pool.free.pop_back();
    return list;
  }
  size_t capacity = size_t{8} << size_class;
  auto list = static_cast<uint32_t>(pool.numbers.size() / capacity);
  pool.numbers.resize(pool.numbers.size() + capacity);
  return list;
}

void HolderPool::give_back(int size_class, uint32_t list) {
  pools_[static_cast<size_t>(size_class)].free.push_back(list);
}

NodeIndex* HolderPool::data(int size_class, uint32_t list) {
  return pools_[static_cast<size_t>(size_class)].numbers.data() + (size_t{list} << (size_class + 3));
}

const NodeIndex* HolderPool::data(int size_class, uint32_t list) const {
  return pools_[static_cast<size_t>(size_class)].numbers.data() + (size_t{list} << (size_class + 3));
}

size_t HolderPool::resident_bytes() const {
  size_t bytes = 0;
  for (const Pool& pool : pools_) {
    bytes += pool.numbers.capacity() * sizeof(NodeIndex) + pool.free.capacity() * sizeof(uint32_t);
  }
  return bytes;
}

}  // namespace fsdfs::master
