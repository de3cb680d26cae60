// ByteTally: things by key with their sizes, and the sum at hand. Beyond kKeysMax it only counts, so that its
// memory stays bounded whatever a node claims to hold; what is only counted stays in the sums until clear().
// Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>

namespace fsdfs::master {

template <typename Key>
class ByteTally {
 public:
  static constexpr size_t kKeysMax = 200'000;

  // True when anything changed.
  bool set(const Key& key, uint64_t size) {
    auto found = sizes_.find(key);
    if (found != sizes_.end()) {
      if (found->second == size) return false;
      bytes_ += size - found->second;
      found->second = size;
      return true;
    }
    bytes_ += size;
    if (sizes_.size() < kKeysMax) {
      sizes_.emplace(key, size);
    } else {
      ++untracked_;
    }
    return true;
  }
  bool erase(const Key& key) {
    auto found = sizes_.find(key);
    if (found == sizes_.end()) return false;
    bytes_ -= found->second;
    sizes_.erase(found);
    return true;
  }
  // Those known by key, in no order, until `visit` returns false.
  template <typename Visit>
  void for_each(Visit visit) const {
    for (const auto& [key, size] : sizes_) {
      if (!visit(key)) return;
    }
  }
  bool contains(const Key& key) const { return sizes_.contains(key); }
  void clear() { *this = ByteTally(); }
  uint64_t bytes() const { return bytes_; }
  uint64_t count() const { return sizes_.size() + untracked_; }

 private:
  std::unordered_map<Key, uint64_t> sizes_;
  uint64_t untracked_ = 0;
  uint64_t bytes_ = 0;
};

}  // namespace fsdfs::master
