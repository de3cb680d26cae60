#include "client/chain_stream.h"

#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include "client/convert.h"
#include "client/convert_unknown.h"

namespace fsdfs::client {

namespace {

v1::WriteMessage open_message(const ChainOpening& opening) {
  v1::WriteMessage message;
  v1::WriteOpen* open = message.mutable_open();
  open->set_session(opening.session.session.value);
  open->set_ticket(opening.session.ticket);
  to_wire(opening.session.replica, open->mutable_replica());
  open->set_size(opening.size);
  for (size_t i = 1; i < opening.session.chain.size(); ++i)
    to_wire(opening.session.chain[i], open->add_chain());
  to_wire(opening.origin, open->mutable_origin());
  return message;
}

}  // namespace

// One call. The owner's thread hands over; gRPC runs the On... functions, each kind one after the other. A
// hold on the call, which the owner takes back once, lets the owner start writes from outside of them.
class ChainStream::Stream final : public grpc::ClientBidiReactor<v1::WriteMessage, v1::WriteReply> {
 public:
  Stream(NodeChannels& channels, std::string head) : channels_(channels), head_(std::move(head)) {}

  void start(std::shared_ptr<Stream> self, const ChainOpening& opening) {
    auto stub = channels_.stub(head_);
    if (!stub.ok()) return end(stub.status());
    stub_ = *stub;
    self_ = std::move(self);
    channels_.stream_began();
    held_ = true;
    context_.set_initial_metadata_corked(true);
    context_.set_deadline(std::chrono::system_clock::now() + kCallMax);
    stub_->async()->Write(&context_, this);
    AddHold();
    StartRead(&reply_);
    StartCall();
    // The first bytes, or the finish of an empty content, are about to follow.
    push({.message = open_message(opening), .more_at_once = true});
  }

  Status wait_for_room(MonotonicTime until) {
    std::unique_lock lock(mutex_);
    bool room = changed_.wait_until(lock, until, [&] { return broken_ || handed_ - acked_bytes_ < kWindow; });
    if (!room) return deadline_exceeded("the node at " + head_ + " did not take bytes in time");
    return broken_ ? wait_for_end(lock) : Status();
  }

  void write(std::string data, const BlockSums& sums, bool more_at_once) {
    Outgoing next;
    next.more_at_once = more_at_once;
    v1::WriteData* wire = next.message.mutable_data();
    wire->set_sequence(++sequence_);
    wire->set_offset(offset_);
    offset_ += data.size();
    wire->set_data(std::move(data));
    wire->set_sums(encode_sums(sums));
    next.end = offset_;
    push(std::move(next));
  }

  void finish(uint64_t size, const ContentDigest& digest) {
    Outgoing next;
    v1::WriteFinish* wire = next.message.mutable_finish();
    wire->set_sequence(++sequence_);
    wire->mutable_content()->set_size(size);
    wire->mutable_content()->set_digest(encode_digest(digest));
    next.end = offset_;
    next.last = true;
    push(std::move(next));
    release_hold();
  }

  Result<std::vector<std::string>> receipts(MonotonicTime until) {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, until, [&] { return status_.has_value(); });
    if (!status_) return deadline_exceeded("the chain behind " + head_ + " did not finish in time");
    if (!status_->ok()) return *status_;
    if (receipts_.empty()) return internal_error("the node at " + head_ + " gave no receipt");
    return receipts_;
  }

  uint64_t acked_bytes() const {
    std::lock_guard lock(mutex_);
    return acked_bytes_;
  }

  // By the owner, whose last word this is.
  void close() {
    if (!self_started()) return;
    context_.TryCancel();
    release_hold();
  }

  void OnWriteDone(bool ok) override {
    Outgoing* next = nullptr;
    {
      std::lock_guard lock(mutex_);
      if (ok) {
        outgoing_.pop_front();
        if (!outgoing_.empty()) next = &outgoing_.front();
      }
      if (next == nullptr) writing_ = false;
      if (!ok) broken_ = true;
    }
    if (!ok) changed_.notify_all();
    if (next != nullptr) send(*next);
  }

  void OnReadDone(bool ok) override {
    {
      std::lock_guard lock(mutex_);
      if (ok) {
        take_reply();
      } else {
        broken_ = true;
      }
    }
    changed_.notify_all();
    if (ok) StartRead(&reply_);
  }

  void OnDone(const grpc::Status& status) override {
    NodeChannels& channels = channels_;
    auto self = std::move(self_);
    end(channels_.explain(head_, status));
    self.reset();  // this may go with it
    channels.stream_ended();
  }

 private:
  struct Outgoing {
    v1::WriteMessage message;
    uint64_t end = 0;  // of the content, once this is acked
    bool more_at_once = false;
    bool last = false;
  };
  // Nobody waits for so long (upload() bounds each wait); it only lets no call go on for ever.
  static constexpr auto kCallMax = std::chrono::hours(24);

  void push(Outgoing next) {
    Outgoing* first = nullptr;
    {
      std::lock_guard lock(mutex_);
      if (broken_) return;
      uint64_t sequence = sequence_;
      handed_ = next.end;
      unacked_.push_back({sequence, next.end});
      outgoing_.push_back(std::move(next));
      if (!std::exchange(writing_, true)) first = &outgoing_.front();
    }
    if (first != nullptr) send(*first);
  }

  // `outgoing` stays where it is until OnWriteDone.
  void send(const Outgoing& outgoing) {
    grpc::WriteOptions options;
    if (outgoing.more_at_once) options.set_buffer_hint();
    if (outgoing.last) options.set_last_message();
    StartWrite(&outgoing.message, options);
  }

  void take_reply() {
    while (!unacked_.empty() && unacked_.front().sequence <= reply_.acked()) {
      acked_bytes_ = unacked_.front().end;
      unacked_.pop_front();
    }
    for (std::string& receipt : *reply_.mutable_receipts()) receipts_.push_back(std::move(receipt));
    reply_.Clear();
  }

  // The reason why nothing can be written any more; the call may need a moment to tell it.
  Status wait_for_end(std::unique_lock<std::mutex>& lock) {
    lock.unlock();
    release_hold();
    lock.lock();
    changed_.wait_for(lock, std::chrono::seconds(2), [&] { return status_.has_value(); });
    if (status_ && !status_->ok()) return *status_;
    return unavailable("the node at " + head_ + " ended the transfer before its end");
  }

  void release_hold() {
    if (std::exchange(held_, false)) RemoveHold();
  }
  bool self_started() const { return stub_ != nullptr; }

  void end(Status status) {
    {
      std::lock_guard lock(mutex_);
      broken_ = true;
      status_ = std::move(status);
    }
    changed_.notify_all();
  }

  NodeChannels& channels_;
  const std::string head_;
  std::shared_ptr<NodeChannels::Stub> stub_;
  grpc::ClientContext context_;
  v1::WriteReply reply_;          // being received
  std::shared_ptr<Stream> self_;  // keeps this until OnDone

  // Of the owner's thread.
  bool held_ = false;
  uint64_t sequence_ = 0;
  uint64_t offset_ = 0;

  struct Unacked {
    uint64_t sequence;
    uint64_t end;
  };
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Outgoing> outgoing_;  // guarded by mutex_, as all below; its front is being sent if writing_
  std::deque<Unacked> unacked_;
  bool writing_ = false;
  bool broken_ = false;  // nothing more can be sent
  uint64_t handed_ = 0;
  uint64_t acked_bytes_ = 0;
  std::vector<std::string> receipts_;
  std::optional<Status> status_;  // how the call ended
};

ChainStream::ChainStream(std::shared_ptr<Stream> stream) : stream_(std::move(stream)) {}

ChainStream::~ChainStream() {
  stream_->close();
}

std::unique_ptr<ChainStream> ChainStream::start(NodeChannels& channels, const ChainOpening& opening) {
  auto stream = std::make_shared<Stream>(channels, opening.session.chain.front().address);
  stream->start(stream, opening);
  return std::unique_ptr<ChainStream>(new ChainStream(std::move(stream)));
}

Status ChainStream::wait_for_room(MonotonicTime until) {
  return stream_->wait_for_room(until);
}
void ChainStream::write(std::string data, const BlockSums& sums, bool more_at_once) {
  stream_->write(std::move(data), sums, more_at_once);
}
void ChainStream::finish(uint64_t size, const ContentDigest& digest) {
  stream_->finish(size, digest);
}
Result<std::vector<std::string>> ChainStream::receipts(MonotonicTime until) {
  return stream_->receipts(until);
}
uint64_t ChainStream::acked_bytes() const {
  return stream_->acked_bytes();
}

}  // namespace fsdfs::client
