// Hook: the policy's Python function, kept running: a helper process that is started when it is needed, and
// again, ever later, when it has died. Judges the answers: a number that no target can be is an error.
//
// One thread uses it; stop() may come from any, and makes what waits return.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/clock.h"
#include "master/policy/hook_process.h"

namespace fsdfs::master {

inline constexpr size_t kHookBatchMax = 64;

class Hook {
 public:
  Hook(std::string program, HookLimits limits, const Clock& clock)
      : program_(std::move(program)), limits_(limits), clock_(clock) {}
  ~Hook() { stop(); }

  // The text from now on; without delay.
  void set_text(std::string python);
  // When the next process may be started; not after now: evaluate() may be called.
  MonotonicTime ready_at() const { return ready_at_; }

  // Answers for the first of the files, in their order: all of them, or those up to the one that the process
  // died over, whose answer says so. None: it cannot be started now; fault() says why.
  std::vector<HookAnswer> evaluate(const std::vector<HookFile>& files);
  // Why it cannot be started; empty while it can.
  const std::string& fault() const { return fault_; }

  void stop();

 private:
  HookProcess* running();
  Status start();
  void died(MonotonicTime now);

  const std::string program_;
  const HookLimits limits_;
  const Clock& clock_;
  std::string python_;
  std::string fault_;
  MonotonicTime ready_at_{};
  int deaths_ = 0;   // without enough good answers between them
  size_t good_ = 0;  // answers since the last death
  std::mutex mutex_;
  std::unique_ptr<HookProcess> process_;  // changed under mutex_, by the one thread alone
  bool stopped_ = false;                  // guarded by mutex_
};

// A number that a hook gave, as a target; or why it is none.
HookAnswer judge(HookAnswer answer);

}  // namespace fsdfs::master
