#include "node/transfer/replica_pull.h"

#include "node/transfer/ranged_pull.h"
#include "node/transfer/shared_stream.h"

namespace fsdfs::node {

const CopySource* ReplicaPull::source() const {
  return next_ < order().sources.size() ? &order().sources[next_] : nullptr;
}

bool ReplicaPull::source_failed(const Status& status) {
  failed_source_ = {};
  if (status.code() == Code::kCancelled || copy_.is_local(status)) return false;
  const CopySource& source = *this->source();
  failed_source_ = source.node;
  context_.logger.warning("copying {} from node {} at {} failed at byte {}: {}", order().replica.to_string(),
                          to_string(source.node), source.address, copy_.received(), status.message());
  ++next_;
  return this->source() != nullptr;
}

Status ReplicaPull::give_up(Status why) {
  copy_.leave_off();
  return why;
}

Status ReplicaPull::run() {
  if (copy_.cancelled()) return give_up({Code::kCancelled, "the copy was cancelled"});
  FSDFS_ASSIGN(bool held, copy_.begin());
  if (held) return {};
  if (source() == nullptr) return give_up(invalid_argument("an order to copy names no source"));
  if (Status status = pull(); !status.ok()) return give_up(status);
  return copy_.finish();
}

Status ReplicaPull::pull() {
  // Small ones are not worth a second question.
  if (order().content.size <= context_.sizes.together_max) return pull_whole();
  auto own = context_.store.other_version(order().replica);
  if (!own.ok()) {
    context_.logger.warning("another version of {} cannot be used: {}", order().replica.to_string(),
                            own.status().message());
  }
  bool several = order().sources.size() > 1 && order().content.size >= context_.sizes.several_sources_from;
  if (several || copy_.described() || (own.ok() && *own)) {
    return pull_ranges(own.ok() ? std::move(*own) : nullptr);
  }
  return pull_whole();
}

Status ReplicaPull::pull_whole() {
  while (true) {
    Status status;
    SharedStream stream(context_, *source(), {&copy_}, [&](size_t, const Status& end) { status = end; });
    stream.run();
    if (status.ok() || !source_failed(status)) return status;
  }
}

Status ReplicaPull::pull_ranges(std::shared_ptr<const OpenReplica> own) {
  RangedPull ranges(context_, slots_, copy_, std::move(own));
  Status status = ranges.run();
  if (!status.ok() && !copy_.is_local(status)) failed_source_ = ranges.failed_source();
  return status;
}

}  // namespace fsdfs::node
