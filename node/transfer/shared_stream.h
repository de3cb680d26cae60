// SharedStream: copies that are pulled from one source, one after the other, in one Read stream: one big copy
// or many small ones. Each ends by itself, as soon as its part of the stream has; one that fails or is
// cancelled does no harm to the others. For one thread; the copies may be cancelled from any.
#pragma once

#include <atomic>
#include <functional>
#include <vector>

#include "node/transfer/incoming_copy.h"
#include "node/transfer/source_call.h"

namespace fsdfs::node {

class SharedStream {
 public:
  // Once for each copy, in the thread of run(): ok: it is complete. From here on the stream does not touch
  // it.
  using OnEnd = std::function<void(size_t index, const Status& status)>;

  // The copies have begun.
  SharedStream(const PullContext& context, const CopySource& source, std::vector<IncomingCopy*> copies,
               OnEnd on_end)
      : call_(context, source), copies_(std::move(copies)), on_end_(std::move(on_end)) {}

  void run();

 private:
  Status take(const v1::ReadChunk& chunk);
  void end(size_t index, const Status& status);

  SourceCall call_;
  std::vector<IncomingCopy*> copies_;  // null: ended
  const OnEnd on_end_;
  size_t left_ = 0;                // copies that have not ended
  std::atomic<size_t> wanted_{0};  // of these, those that were not cancelled
};

}  // namespace fsdfs::node
