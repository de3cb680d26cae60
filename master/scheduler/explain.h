// Explain: what the scheduler would say if asked why (fsdfs why, fsdfs events). Changes nothing that shows.
#pragma once

#include "master/scheduler/scheduler_core.h"

namespace fsdfs::master {

Explanation explain(SchedulerCore& core, InodeId inode);
NodeView view_of(const Model& model, NodeIndex node);
Health health_of(const SchedulerCore& core);

}  // namespace fsdfs::master
