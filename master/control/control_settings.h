// What the control loop is told at its start. A plain value.
#pragma once

#include <cstddef>
#include <string>

#include "common/clock.h"
#include "master/scheduler/types.h"

namespace fsdfs::master {

struct ControlSettings {
  SchedulerSettings scheduler;
  Duration report_interval = std::chrono::seconds(5);
  int missed_reports = 3;
  Duration dead_after = std::chrono::seconds(60);
  Duration trash_retention = std::chrono::hours(24);  // how long deleted files are kept; 0: not at all
  Duration session_lease = std::chrono::seconds(30);
  Duration lease = std::chrono::seconds(10);  // of the master, as nodes are told
  Duration tick_interval = std::chrono::milliseconds(100);
  Duration view_interval = std::chrono::milliseconds(50);  // how old the published view may be
  Duration slow_foreground =
      std::chrono::milliseconds(200);  // p95 of client calls beyond which copying backs off
  size_t events_max = 65'536;          // waiting for the loop
};

}  // namespace fsdfs::master
