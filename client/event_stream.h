// The stream of events, kept up over restarts of the master. Used by SwarmClient alone.
#pragma once

#include <functional>

#include "client/insight.h"
#include "client/master_connection.h"
#include "common/concurrency/stop_signal.h"

namespace fsdfs::client {

struct EventSink {
  // False: enough.
  std::function<bool(const EventBatch&)> take;
  // The stream broke; it is tried again from where it was until the query is stopped. Called once a break.
  std::function<void(const Status&)> lost;
};

// Returns ok when all was told, enough was taken or `stop` says so; else why no stream could be had: with
// follow, only before the first batch.
Status read_events(MasterConnection& master, const Clock& clock, const EventQuery& query,
                   const EventSink& sink, const StopSignal& stop);

}  // namespace fsdfs::client
