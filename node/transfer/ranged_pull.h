// RangedPull: a copy that is put together from ranges: what this node has of it in an older version, from its
// own disk; the rest from one or several sources at once. Never in place: the older replica stays as it is
// until the master has it deleted. Its blocks are verified as they are read, and again by the copy's own
// sums; one that is bad is pulled instead (and its replica is quarantined by the store).
//
// For one thread. The copy has begun; what has come of it stays there, whatever the end.
#pragma once

#include <vector>

#include "node/transfer/copy_plan.h"
#include "node/transfer/incoming_copy.h"

namespace fsdfs::node {

class RangedPull {
 public:
  // `own`: a replica of another version of the same inode, or null.
  RangedPull(const PullContext& context, StreamSlots& slots, IncomingCopy& copy,
             std::shared_ptr<const OpenReplica> own)
      : context_(context), slots_(slots), copy_(copy), own_(std::move(own)), sources_(copy.order().sources) {}

  // Ok: the copy is complete. Else the status of the last source, or of this node's disk.
  Status run();
  // The source that failed last; none when the fault is not a source's.
  NodeId failed_source() const { return failed_source_; }

 private:
  Status describe();
  Status fetch(const CopyPlan& plan);
  Status copy_own(const ByteRange& piece);
  Status pull_now(const ByteRange& range);
  size_t streams_wanted() const;

  const PullContext& context_;
  StreamSlots& slots_;
  IncomingCopy& copy_;
  const std::shared_ptr<const OpenReplica> own_;  // shared with the store's cache
  std::vector<CopySource> sources_;               // that have not failed
  NodeId failed_source_;
  uint64_t own_bytes_ = 0;
  uint64_t pulled_bytes_ = 0;
};

}  // namespace fsdfs::node
