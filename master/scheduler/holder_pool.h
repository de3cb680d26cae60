// HolderPool: lists of node numbers for files with more copies than fit into their record.
//
// Lists have capacities of 8, 16, 32... numbers and live in one pool a capacity, so that a list costs its
// numbers and nothing else. A list is named by its place in the pool of its capacity. Not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace fsdfs::master {

using NodeIndex = uint16_t;

class HolderPool {
 public:
  // The capacity of a list of `count` numbers: the smallest of 8, 16, 32... that holds them.
  static int class_of(size_t count);

  uint32_t take(int size_class);
  void give_back(int size_class, uint32_t list);
  NodeIndex* data(int size_class, uint32_t list);
  const NodeIndex* data(int size_class, uint32_t list) const;
  size_t resident_bytes() const;

 private:
  static constexpr int kClasses = 14;  // 8 << 13 = 65,536 numbers
  struct Pool {
    std::vector<NodeIndex> numbers;
    std::vector<uint32_t> free;
  };
  std::array<Pool, kClasses> pools_;
};

}  // namespace fsdfs::master
