// ReplicaPull: one order to copy, from its first source to its last, in the way that suits it: one stream
// from the best source and, where it fails, from the next one, going on from the last verified block
// (shared_stream.h); or by ranges, where this node holds another version or a big file has several sources
// (ranged_pull.h). What a copy that failed has received is kept for the next order. For one thread at a time;
// cancel() from any.
#pragma once

#include "node/transfer/incoming_copy.h"

namespace fsdfs::node {

class ReplicaPull {
 public:
  ReplicaPull(const PullContext& context, StreamSlots& slots, CopyOrder order)
      : context_(context), slots_(slots), copy_(context, std::move(order)) {}

  const CopyOrder& order() const { return copy_.order(); }
  IncomingCopy& copy() { return copy_; }

  // Ok: the node holds it. kCancelled: cancel() was called.
  Status run();
  void cancel(bool keep) { copy_.cancel(keep); }

  // For whoever asks the next source by other means than run(), after copy().begin(): null: none is left.
  const CopySource* source() const;
  // It ended not ok. True: by its own fault, which is noted, and another one may do better.
  bool source_failed(const Status& status);
  // The end: nothing more is asked. What has come is kept, or goes.
  Status give_up(Status why);

  // The source that failed last; none when the fault is not a source's.
  NodeId failed_source() const { return failed_source_; }

 private:
  Status pull();
  Status pull_whole();
  Status pull_ranges(std::shared_ptr<const OpenReplica> own);

  const PullContext& context_;
  StreamSlots& slots_;
  IncomingCopy copy_;
  size_t next_ = 0;  // the source to be asked
  NodeId failed_source_;
};

}  // namespace fsdfs::node
