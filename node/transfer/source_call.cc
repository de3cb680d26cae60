#include "node/transfer/source_call.h"

#include <grpcpp/client_context.h>

#include "fsdfs/replicas.grpc.pb.h"
#include "node/transfer/chunk_source.h"

namespace fsdfs::node {
namespace {

Status cancelled_here() {
  return {Code::kCancelled, "the copy was cancelled"};
}

// Cancelled is what this end says alone.
Status not_cancelled(Code code, std::string message) {
  return {code == Code::kCancelled ? Code::kUnavailable : code, std::move(message)};
}

}  // namespace

void SourceCall::cancel() {
  std::lock_guard lock(mutex_);
  cancelled_ = true;
  if (call_ != nullptr) call_->TryCancel();
}

Status SourceCall::run(const v1::ReadRequest& request, const Take& take) {
  FSDFS_ASSIGN(auto channel, context_.dialer.channel(source_.address));
  auto stub = v1::Replicas::NewStub(channel);
  grpc::ClientContext call;
  {
    std::lock_guard lock(mutex_);
    if (cancelled_) return cancelled_here();
    call_ = &call;
  }
  auto watched = context_.watch.watch(context_.idle_timeout, [&call] { call.TryCancel(); });
  auto stream = stub->Read(&call, request);
  Status status;
  v1::ReadChunk message;
  bool answered = false;
  auto take_one = [&](const v1::ReadChunk& chunk) {
    status = take(chunk);
    watched->touch();  // what it took to write is not the source's doing
    answered = chunk.last() && chunk.item() + 1 >= static_cast<uint32_t>(request.items_size());
  };
  while (status.ok() && !answered && stream->Read(&message)) {
    watched->touch();
    context_.meter.received(content_bytes(message));
    take_one(message);
    for (const v1::ReadChunk& chunk : message.more()) {
      if (status.ok() && !answered) take_one(chunk);
    }
  }
  Duration idle = watched->idle();
  if (!answered || !status.ok()) call.TryCancel();
  Status ended = context_.dialer.explain(source_.address, stream->Finish());
  watched.reset();
  std::lock_guard lock(mutex_);
  call_ = nullptr;
  if (cancelled_) return cancelled_here();
  if (!status.ok() || answered) return status;
  if (idle >= context_.idle_timeout) return unavailable("it sent nothing for too long");
  return ended.ok() ? unavailable("it ended the stream too early")
                    : not_cancelled(ended.code(), ended.message());
}

Status failure_of(const v1::ReadChunk& chunk) {
  return not_cancelled(static_cast<Code>(chunk.code()), "the source says: " + chunk.message());
}

}  // namespace fsdfs::node
