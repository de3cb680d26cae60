#include "node/transfer/replica_pull.h"

#include <fmt/format.h>
#include <grpcpp/client_context.h>

#include "common/rpc/status_rpc.h"
#include "fsdfs/replicas.grpc.pb.h"
#include "node/store/wire.h"

namespace fsdfs::node {
namespace {

Status cancelled() {
  return {Code::kCancelled, "the copy was cancelled"};
}

}  // namespace

void ReplicaPull::cancel() {
  std::lock_guard lock(mutex_);
  cancelled_ = true;
  if (call_ != nullptr) call_->TryCancel();
}

Status ReplicaPull::run() {
  FSDFS_ASSIGN(bool held, context_.store.report_again(order_.replica));
  if (held) return {};
  if (order_.sources.empty()) return invalid_argument("an order to copy names no source");
  FSDFS_ASSIGN(arrival_,
               context_.store.begin_arrival(order_.replica, order_.content.size, ArrivalKind::kCopy));
  TransferMeter::Presence presence(context_.meter.copies());
  Status status;
  for (const CopySource& source : order_.sources) {
    failed_source_ = {};
    status = pull_from(source);
    if (complete()) status = {};  // whatever a source said after the last byte
    if (status.ok() || status.code() == Code::kCancelled) break;
    // What this node's disk or quota refuses, no other source can help.
    if (!arrival_->alive() || status.reason() == Reason::kNoSpace) return status;
    failed_source_ = source.node;
    context_.logger.warning("copying {} from node {} at {} failed at byte {}: {}", order_.replica.to_string(),
                            to_string(source.node), source.address, arrival_->received(), status.message());
  }
  if (!status.ok()) return status;
  return arrival_->finish(order_.content, order_.origin).status();
}

bool ReplicaPull::complete() const {
  return sums_verified_ && arrival_->alive() && arrival_->received() == order_.content.size;
}

Status ReplicaPull::pull_from(const CopySource& source) {
  FSDFS_ASSIGN(auto channel, context_.dialer.channel(source.address));
  auto stub = v1::Replicas::NewStub(channel);
  v1::ReadRequest request;
  v1::ReadItem& item = *request.add_items();
  item.set_ticket(order_.ticket);
  *item.mutable_replica() = wire::to_wire(order_.replica);
  item.set_offset(arrival_->received());
  item.set_describe(true);  // also what asks for the right to pull
  if (!sums_verified_) sums_.clear();
  grpc::ClientContext call;
  {
    std::lock_guard lock(mutex_);
    if (cancelled_) return cancelled();
    call_ = &call;
  }
  auto watched = context_.watch.watch(context_.idle_timeout, [&call] { call.TryCancel(); });
  auto stream = stub->Read(&call, request);
  Status status;
  v1::ReadChunk chunk;
  bool last = false;
  while (status.ok() && !last && stream->Read(&chunk)) {
    watched->touch();
    status = take(chunk);
    last = chunk.last();
  }
  Duration idle = watched->idle();
  if (!last || !status.ok()) call.TryCancel();
  Status ended = context_.dialer.explain(source.address, stream->Finish());
  watched.reset();
  std::lock_guard lock(mutex_);
  call_ = nullptr;
  if (cancelled_) return cancelled();
  if (!status.ok() || last) return status;
  if (idle >= context_.idle_timeout) return unavailable("it sent nothing for too long");
  return ended.ok()
             ? unavailable("it ended the stream too early")
             : Status(ended.code() == Code::kCancelled ? Code::kUnavailable : ended.code(), ended.message());
}

Status ReplicaPull::take(const v1::ReadChunk& chunk) {
  if (chunk.code() != 0) {
    auto code = static_cast<Code>(chunk.code());
    // Cancelled is what this end says alone.
    return {code == Code::kCancelled ? Code::kUnavailable : code, "the source says: " + chunk.message()};
  }
  if (chunk.has_description()) FSDFS_TRY(take_description(chunk));
  if (chunk.data().empty()) return {};
  if (!sums_verified_) return data_loss("the source sends bytes before its sums");
  context_.meter.received(chunk.data().size());
  if (chunk.offset() % kBlockSize != 0 || chunk.offset() + chunk.data().size() > order_.content.size) {
    return data_loss("the source sends bytes past the end of the replica");
  }
  auto first = sums_.begin() + static_cast<std::ptrdiff_t>(chunk.offset() / kBlockSize);
  auto count = static_cast<std::ptrdiff_t>(block_count(chunk.data().size()));
  return arrival_->append(chunk.offset(), chunk.data(), BlockSums(first, first + count));
}

Status ReplicaPull::take_description(const v1::ReadChunk& chunk) {
  if (sums_verified_) return {};
  const v1::ReplicaDescription& description = chunk.description();
  if (description.has_replica()) {
    auto content = wire::from_wire(description.content());
    if (!content.ok() || *content != order_.content ||
        wire::from_wire(description.replica()) != order_.replica) {
      return data_loss("the source holds another content than the one that is to be copied");
    }
  }
  FSDFS_ASSIGN(BlockSums sums, decode_sums(description.sums()));
  sums_.insert(sums_.end(), sums.begin(), sums.end());
  if (sums_.size() > block_count(order_.content.size)) return data_loss("the source sends too many sums");
  if (sums_.size() < block_count(order_.content.size)) return {};
  if (content_digest(sums_, order_.content.size) != order_.content.digest) {
    return data_loss("the source's sums do not give the digest that the master named");
  }
  sums_verified_ = true;
  return {};
}

}  // namespace fsdfs::node
