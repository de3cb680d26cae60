// Fsck: one run of `fsdfs fsck`, from start to end, in the thread of its call. The records first, then each
// node that attends; what it finds is told, logged and, if asked to, repaired as it goes. Memory stays flat:
// pages of records, one page of one node at a time.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "common/concurrency/stop_signal.h"
#include "common/status.h"
#include "fsdfs/admin.pb.h"
#include "master/integrity/finding.h"
#include "master/integrity/holdings_check.h"
#include "master/service/service_context.h"

namespace fsdfs::master {

class Fsck {
 public:
  // `tell` is called for each message; `stopped` says why the run shall end early, or ok.
  Fsck(const ServiceContext& context, bool repair, std::function<void(const v1::FsckProgress&)> tell,
       std::function<Status()> stopped)
      : context_(context), repair_(repair), tell_(std::move(tell)), stopped_(std::move(stopped)) {}

  Status run();

 private:
  Status check_records();
  Status check_node(const NodeRecord& node);
  // None: the node did not answer in time.
  std::optional<AuditAnswer> ask_node(AuditQuestion question);
  Status not_answered(const NodeRecord& node);
  Status confirm(const NodeRecord& node, std::vector<ReplicaId> ids);
  Status report(Findings findings);
  void progress(const std::string& what, uint64_t done);

  const ServiceContext& context_;
  const bool repair_;
  const std::function<void(const v1::FsckProgress&)> tell_;
  const std::function<Status()> stopped_;
  StopSignal pause_;  // never stopped: a wait between two looks
  uint64_t found_ = 0;
  uint64_t repaired_ = 0;
  uint64_t records_ = 0;
};

}  // namespace fsdfs::master
