// HookFaults: for which files the hook failed, as `status` tells it: how many, the first one and why. What a
// look at everything found holds until the next one is through. A plain value.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>

#include "common/path.h"

namespace fsdfs::master {

class HookFaults {
 public:
  void add(const std::string& path, const std::string& reason) {
    for (Tally* tally : {&shown_, &found_}) {
      if (tally->files++ == 0) {
        tally->path = path;
        tally->reason = reason;
      }
    }
  }
  void begin_look() { found_ = {}; }
  void end_look() { shown_ = found_; }
  bool any() const { return shown_.files != 0; }
  void clear() { shown_ = found_ = {}; }

  // Empty without faults.
  std::string warning() const {
    if (shown_.files == 0) return {};
    return fmt::format("the policy's hook failed for {}, first for {}: it {}; the last good N stays",
                       shown_.files == 1 ? "1 file" : fmt::format("{} files", shown_.files),
                       display(shown_.path), shown_.reason);
  }

 private:
  struct Tally {
    uint64_t files = 0;
    std::string path;
    std::string reason;
  };
  Tally shown_;
  Tally found_;  // since the look began
};

}  // namespace fsdfs::master
