// DiskHealth: whether a data disk is still used. The first write path that it fails ends it for this process:
// the kernel may have thrown away what was not written yet, so a later success would prove nothing.
//
// Told by GuardedDisk and by the index; asked by the store. Thread-safe; in memory: the next start of the
// daemon tries the disk anew.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <utility>

#include "common/log.h"
#include "common/status.h"

namespace fsdfs::node {

class DiskHealth {
 public:
  DiskHealth(std::string path, Logger& logger) : path_(std::move(path)), logger_(logger) {}

  bool failed() const { return failed_.load(); }
  // kUnavailable once it has failed, naming the disk, the reason and the way out.
  Status status() const;
  std::string reason() const;  // of the failure; empty while there is none

  // The first reason stays. The listener is called once, by the thread that found out, without a lock held.
  void fail(const Status& why);
  // Called when the disk fails; nothing: nobody is. Not called for a failure from before.
  void set_listener(std::function<void()> listener);

 private:
  const std::string path_;
  Logger& logger_;
  std::atomic<bool> failed_{false};
  mutable std::mutex mutex_;  // guards all below
  std::string reason_;
  std::function<void()> listener_;
};

}  // namespace fsdfs::node
