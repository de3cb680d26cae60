// HookProcess: one helper process (daemon/fsdfs_policy.cc) with the hook's text loaded. Whatever the text
// does, it does there: it can hang, crash or eat its memory, and all that the master loses is this process.
//
// Thread safety: one thread uses it; kill() alone may come from any thread, and makes what waits return at
// once. Each call ends by its time limit (invariant 8). The process ends with this object, with kill(), and
// by itself when the master dies.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/io/files.h"
#include "common/status.h"
#include "master/policy/hook_wire.h"

namespace fsdfs::master {

struct HookLimits {
  Duration call = std::chrono::seconds(1);  // for one file
  Duration load = std::chrono::seconds(5);  // to start and to load the text
  uint64_t memory = uint64_t{512} << 20;    // bytes of address space
};

class HookProcess {
 public:
  // kUnavailable: the program cannot be started.
  static Result<std::unique_ptr<HookProcess>> start(const std::string& program, const HookLimits& limits);
  ~HookProcess();
  HookProcess(const HookProcess&) = delete;
  HookProcess& operator=(const HookProcess&) = delete;

  // Once, before all else. kInvalidArgument: what Python says about the text, with its line;
  // kDeadlineExceeded, kAborted: it hung or died over it.
  Status load(const std::string& python);
  // Asks about each file; `take` gets the answers in their order. An error ends the process, and is of the
  // first file without an answer: kDeadlineExceeded: it took too long; kAborted: the process died.
  Status evaluate(const std::vector<HookFile>& files, const std::function<void(HookAnswer)>& take);

  void kill();
  pid_t pid() const { return pid_; }

 private:
  HookProcess(pid_t pid, UniqueFd socket, HookLimits limits);
  Status send(const std::string& message, MonotonicTime deadline);
  Result<std::string> receive(MonotonicTime deadline, Duration limit);
  Status read_bytes(char* into, size_t size, MonotonicTime deadline, Duration limit);
  Status wait_for(short events, MonotonicTime deadline, Duration limit);
  Status ended();

  const pid_t pid_;
  const UniqueFd socket_;
  const HookLimits limits_;
  std::mutex mutex_;
  bool reaped_ = false;  // guarded by mutex_: the pid is no longer this process's
};

}  // namespace fsdfs::master
