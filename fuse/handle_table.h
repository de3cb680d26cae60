// HandleTable: what the kernel has open, by the number it gives back with each call.
// Thread-safe. A call in flight keeps its object alive when the handle is released beneath it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace fsdfs::fuse {

template <typename T>
class HandleTable {
 public:
  uint64_t add(std::shared_ptr<T> object) {
    std::lock_guard lock(mutex_);
    uint64_t handle = next_++;
    objects_.emplace(handle, std::move(object));
    return handle;
  }
  // Null when there is no such handle.
  std::shared_ptr<T> find(uint64_t handle) const {
    std::lock_guard lock(mutex_);
    auto found = objects_.find(handle);
    return found == objects_.end() ? nullptr : found->second;
  }
  // What was there, or null.
  std::shared_ptr<T> remove(uint64_t handle) {
    std::lock_guard lock(mutex_);
    auto found = objects_.find(handle);
    if (found == objects_.end()) return nullptr;
    std::shared_ptr<T> object = std::move(found->second);
    objects_.erase(found);
    return object;
  }
  size_t size() const {
    std::lock_guard lock(mutex_);
    return objects_.size();
  }

 private:
  mutable std::mutex mutex_;
  uint64_t next_ = 1;                                         // guarded by mutex_
  std::unordered_map<uint64_t, std::shared_ptr<T>> objects_;  // guarded by mutex_
};

}  // namespace fsdfs::fuse
