// SourceCall: one Read call on one source, whatever it asks for. run() in one thread, once; cancel() from
// any, also before run(). Invariant 8: a source that says nothing for the idle time is left.
#pragma once

#include <functional>
#include <mutex>

#include "fsdfs/replicas.pb.h"
#include "node/transfer/copy_order.h"
#include "node/transfer/pull_context.h"

namespace grpc {
class ClientContext;
}

namespace fsdfs::node {

class SourceCall {
 public:
  using Take = std::function<Status(const v1::ReadChunk&)>;

  SourceCall(const PullContext& context, CopySource source) : context_(context), source_(std::move(source)) {}

  // Gives each chunk to `take` until the last item's last one, or until `take` does not say ok, which is then
  // the answer. Ok: every item was answered. kCancelled: cancel() was called.
  Status run(const v1::ReadRequest& request, const Take& take);
  void cancel();

 private:
  const PullContext& context_;
  const CopySource source_;
  std::mutex mutex_;
  bool cancelled_ = false;               // guarded by mutex_
  grpc::ClientContext* call_ = nullptr;  // guarded by mutex_: while it is under way
};

// What a chunk that ends its item with a failure says.
Status failure_of(const v1::ReadChunk& chunk);

}  // namespace fsdfs::node
