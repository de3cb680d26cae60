// TransferJob: what put and get have in common: several files at once, counted, shown, interruptible, with an
// account at the end.
//
// One a command. submit() waits while all workers are busy and the queue is full, so a walk over a large tree
// stays just ahead of the transfers. Used from the command's thread; the tasks run on the workers.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/cli/interrupt.h"
#include "client/cli/progress.h"
#include "client/cli/session.h"
#include "common/concurrency/thread_pool.h"
#include "common/status.h"

namespace fsdfs::client {

class TransferJob {
 public:
  // `threads`: files at once. Made before the session's client: it blocks signals (interrupt.h).
  TransferJob(Session& session, int threads);
  ~TransferJob();
  TransferJob(const TransferJob&) = delete;
  TransferJob& operator=(const TransferJob&) = delete;

  Progress& progress() { return *progress_; }
  bool interrupted() const { return interrupts_.interrupted(); }

  // Runs `task` on a worker; its failure is said with `what` and counts. Nothing is begun once interrupted.
  void submit(std::string what, std::function<Status()> task);
  // Waits for all tasks, says what is to be said, and prints the account. `done`: "imported". `always`: also
  // for a single file on something else than a terminal.
  // `counts`, asked when all tasks have ended: more of what was done, by name; those of 0 are left out of the
  // text.
  struct Count {
    std::string name;  // "linked": also a member of the JSON
    uint64_t files = 0;
  };
  Status finish(const std::string& done, bool always, const std::function<std::vector<Count>()>& counts = {});

 private:
  Session& session_;
  InterruptWatch interrupts_;
  std::unique_ptr<Progress> progress_;
  std::unique_ptr<ThreadPool> workers_;
  std::atomic<uint64_t> failures_{0};
};

}  // namespace fsdfs::client
