// RetryPlan: whether and how a put that failed is tried again. A value without threads or waiting.
//
// Used by upload(), one for each put. Remembers which nodes failed, and when the put last got on.
#pragma once

#include <optional>
#include <vector>

#include "client/types.h"
#include "client/upload.h"
#include "common/clock.h"
#include "common/status.h"

namespace fsdfs::client {

class RetryPlan {
 public:
  // `patience`: how long the put may go without progress.
  RetryPlan(const Clock& clock, Duration patience)
      : clock_(clock), patience_(patience), progress_(clock.now()) {}

  void progressed() { progress_ = clock_.now(); }
  MonotonicTime deadline() const { return progress_ + patience_; }
  const std::vector<NodeId>& avoid() const { return avoid_; }

  // The chain broke with this status: one of its members is not asked for again. Which one the status says by
  // naming its id or address; a status that names none is of the head, the only one that the client talks to.
  void chain_failed(const std::vector<NodeAddress>& chain, const Status& status);
  // The source cannot be read, which no other try changes. Returns `status`.
  Status source_failed(const Status& status);
  // The status is the master's silence, not the chain's fault.
  bool master_is_away(const Status& status) const;

  // A try ended with `status`: how long to wait before the next one, or the status to give up with.
  Result<Duration> next_try(const Status& status, ContentSource& source);

 private:
  enum class Fault { kMaster, kChain, kSource };
  bool may_help(const Status& status);

  const Clock& clock_;
  const Duration patience_;
  MonotonicTime progress_;
  std::vector<NodeId> avoid_;
  Fault fault_ = Fault::kMaster;  // whose the present try's failure is
  Duration pause_{};
};

}  // namespace fsdfs::client
