// InterruptWatch: Ctrl-C and SIGTERM as something a transfer can ask for, so that it ends cleanly.
//
// One in a process at a time, made before any other thread: it blocks both signals in the thread that makes
// it, and thereby in all threads made later, and takes them up in a thread of its own. The first one sets
// interrupted(); a second one ends the process at once with 128 + its number. The old state is back when it
// is destroyed.
#pragma once

#include <signal.h>

#include <atomic>
#include <functional>
#include <thread>

#include "common/io/files.h"

namespace fsdfs::client {

class InterruptWatch {
 public:
  // `on_first` is called from the watching thread. `output`: an output that counts as an interrupt when
  // nobody reads it any more (a pipe); -1: none.
  explicit InterruptWatch(std::function<void()> on_first, int output = -1);
  ~InterruptWatch();
  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;

  bool interrupted() const { return interrupted_.load(); }

 private:
  void watch();

  const std::function<void()> on_first_;
  const int output_;
  std::atomic<bool> interrupted_{false};
  sigset_t old_mask_{};
  UniqueFd signals_;
  UniqueFd stop_;
  std::thread thread_;
};

}  // namespace fsdfs::client
