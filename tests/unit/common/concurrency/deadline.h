// Deadlines as tests write them.
#pragma once

#include "common/clock.h"

namespace fsdfs {

inline MonotonicTime in(Duration duration) {
  return std::chrono::steady_clock::now() + duration;
}

}  // namespace fsdfs
