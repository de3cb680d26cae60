#include "node/transfer/shared_stream.h"

#include <utility>

namespace fsdfs::node {

void SharedStream::run() {
  wanted_ = left_ = copies_.size();
  v1::ReadRequest request;
  for (IncomingCopy* copy : copies_) {
    copy->ask(*request.add_items());
    copy->on_cancel([this] {
      if (wanted_.fetch_sub(1) == 1) call_.cancel();
    });
  }
  Status status = call_.run(request, [this](const v1::ReadChunk& chunk) { return take(chunk); });
  if (status.ok()) status = unavailable("it left out a part of what it was asked for");
  for (size_t index = 0; index < copies_.size(); ++index) {
    if (copies_[index] != nullptr) end(index, status);
  }
}

// Only an answer that fits no question ends the stream for all.
Status SharedStream::take(const v1::ReadChunk& chunk) {
  size_t index = chunk.item();
  if (index >= copies_.size()) return data_loss("the source answers what it was not asked");
  IncomingCopy* copy = copies_[index];
  if (copy == nullptr) return {};
  Status status = copy->cancelled() ? Status(Code::kCancelled, "the copy was cancelled") : copy->take(chunk);
  if (!status.ok()) {
    end(index, status);
  } else if (chunk.last()) {
    end(index, unavailable("it ended the stream too early"));
  }
  return {};
}

void SharedStream::end(size_t index, const Status& status) {
  IncomingCopy* copy = std::exchange(copies_[index], nullptr);
  --left_;
  bool cancelled = copy->on_cancel(nullptr);
  bool last_wanted = !cancelled && wanted_.fetch_sub(1) == 1;
  if (last_wanted && left_ > 0) call_.cancel();  // the others were cancelled
  // Whatever the source said after the last byte.
  if (copy->complete()) return on_end_(index, {});
  on_end_(index, cancelled ? Status(Code::kCancelled, "the copy was cancelled") : status);
}

}  // namespace fsdfs::node
