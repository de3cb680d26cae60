// How long the client rests before it tries anew what did not help: twice as long each time.
#pragma once

#include <algorithm>

#include "common/clock.h"

namespace fsdfs::client {

constexpr Duration kPauseFirst = std::chrono::milliseconds(50);
constexpr Duration kPauseMax = std::chrono::seconds(1);

// The pause after `last`, which is zero before the first.
constexpr Duration next_pause(Duration last) {
  return std::clamp(last * 2, kPauseFirst, kPauseMax);
}

}  // namespace fsdfs::client
