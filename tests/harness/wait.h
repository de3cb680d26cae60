// Waiting in tests: for a condition, with a deadline, never for a time. The one place of the tests that
// sleeps, between two looks at a condition that nobody announces.
#pragma once

#include <chrono>
#include <thread>

namespace fsdfs::testing {

// True as soon as `condition()` holds; false when it does not at the deadline. Looks at least once.
template <typename Condition>
bool eventually(std::chrono::milliseconds timeout, Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  auto pause = std::chrono::microseconds(200);
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(pause);
    pause = std::min<std::chrono::microseconds>(pause * 2, std::chrono::milliseconds(20));
  }
  return true;
}

}  // namespace fsdfs::testing
