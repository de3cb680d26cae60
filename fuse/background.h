// Background: turns the process into two, one that waits and one that goes on as a daemon.
//
// To be used before there are threads or gRPC channels, neither of which survives a fork. The child reports
// once how its start went; the parent waits for that and is then done, so that a shell that gets its prompt
// back knows that the mount answers, or why there is none. A child that dies without a word is reported as
// such.
#pragma once

#include <sys/types.h>

#include "common/clock.h"
#include "common/io/files.h"
#include "common/status.h"

namespace fsdfs::fuse {

class Background {
 public:
  // Forks. The child is in a session of its own, without a controlling terminal, its output still the
  // parent's.
  static Result<Background> split();

  bool in_parent() const { return child_ > 0; }
  pid_t child() const { return child_; }  // 0 in the child

  // Parent: what the child reported. kDeadlineExceeded when it said nothing for so long; it is then ended.
  Status wait(Duration patience);

  // Child: how the start went; only the first report counts. After ok it goes on in "/" with /dev/null as
  // input and output. False when nobody waits for it any more: the parent was ended, and so should the child
  // be.
  bool report(const Status& status);

 private:
  Background(pid_t child, UniqueFd pipe) : child_(child), pipe_(std::move(pipe)) {}

  pid_t child_;
  UniqueFd pipe_;
};

}  // namespace fsdfs::fuse
