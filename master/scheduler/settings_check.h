// Checks of what comes in from outside; each message names the value, the fault and the way out.
#pragma once

#include "master/scheduler/types.h"

namespace fsdfs::master {

Status check_settings(const SchedulerSettings& settings);
Status check_file(const FileInfo& info);
Status check_version(Version version);

}  // namespace fsdfs::master
