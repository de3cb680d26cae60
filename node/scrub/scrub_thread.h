// ScrubThread: steps a Scrubber, on a thread of its own that asks the machine for little: it takes the disk
// when nobody else wants it, and the processor after others. The times that it waits are of the steady clock.
//
// Thread-safe. The scrubber outlives it. stop() ends the thread after the step under way and keeps the
// position; idempotent.
#pragma once

#include <atomic>
#include <thread>

#include "node/link/wake.h"
#include "node/scrub/scrubber.h"

namespace fsdfs::node {

class ScrubThread {
 public:
  explicit ScrubThread(Scrubber& scrubber) : scrubber_(scrubber), thread_([this] { run(); }) {}
  ~ScrubThread() { stop(); }
  ScrubThread(const ScrubThread&) = delete;
  ScrubThread& operator=(const ScrubThread&) = delete;

  // As Scrubber::request_pass; begins at once.
  void request_pass(uint64_t request);
  ScrubFigures figures() const { return scrubber_.figures(); }
  void stop();

 private:
  void run();

  Scrubber& scrubber_;
  Wake wake_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace fsdfs::node
