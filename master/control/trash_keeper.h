// TrashKeeper: ends deleted files whose retention is over, a batch at a time, so that the writer is never
// kept from its work for long. Part of the control loop; on its thread only. What it decides is durable in
// the store or has not happened.
#pragma once

#include "master/control/control_context.h"

namespace fsdfs::master {

class TrashKeeper {
 public:
  explicit TrashKeeper(ControlContext& context) : context_(context) {}

  void turn();

 private:
  Result<bool> is_any_due(FileTime until);
  void purge(FileTime until);

  ControlContext& context_;
  MonotonicTime next_look_;
  bool purging_ = false;  // a batch is on its way through the writer
};

}  // namespace fsdfs::master
