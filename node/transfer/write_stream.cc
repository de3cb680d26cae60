#include "node/transfer/write_stream.h"

#include <atomic>
#include <optional>

#include "common/rpc/status_rpc.h"
#include "node/transfer/chain_member.h"
#include "node/transfer/next_member.h"
#include "node/transfer/strand.h"

namespace fsdfs::node {
namespace {

constexpr size_t kForwardsMax = 4;  // messages of up to 1 MiB that wait for the next member

// All but the reactions run on the strand.
class WriteStream final : public grpc::ServerBidiReactor<v1::WriteMessage, v1::WriteReply>,
                          public ChainMember::Surroundings,
                          public std::enable_shared_from_this<WriteStream> {
 public:
  WriteStream(StreamContext& context, grpc::CallbackServerContext& call, const Caller& caller)
      : context_(context),
        call_(call),
        counted_(context.count),
        strand_(std::make_shared<Strand>(context.write_pool)),
        machine_({context.store, context.access, context.meter, context.clock, context.self}, caller, *this) {
  }

  void start() {
    self_ = shared_from_this();
    std::weak_ptr<WriteStream> weak = self_;
    watched_ = context_.watch.watch(context_.idle_timeout, [weak, strand = strand_] {
      strand->post([weak] {
        if (auto stream = weak.lock()) stream->check_idle();
      });
    });
    StartRead(&incoming_);
  }

  void OnReadDone(bool ok) override {
    post([this, ok] {
      watched_->touch();
      if (!ok) return machine_.on_message_end();
      auto message = std::make_shared<const v1::WriteMessage>(std::move(incoming_));
      incoming_.Clear();
      reading_ = false;
      read_on();
      machine_.on_message(message);
      watched_->touch();  // whatever the disk took was no idleness
      read_on();
    });
  }
  void OnWriteDone(bool ok) override {
    post([this, ok] {
      writing_ = false;
      if (!ok) replies_.reset();
      send_reply();
    });
  }
  void OnCancel() override {
    post([this] { machine_.on_cancelled(); });
  }
  void OnDone() override {
    // Dropped on the strand, where the tasks before it are done.
    strand_->post([self = std::move(self_)] {});
  }

  Status connect(const v1::NodeAddress& next) override {
    NextMember::Events events;
    auto self = shared_from_this();
    events.on_reply = [self](const v1::WriteReply& reply) {
      self->watched_->touch();
      self->machine_.on_next_reply(reply);
    };
    events.on_sent = [self] { self->read_on(); };
    events.on_end = [self](const Status& status) { self->machine_.on_next_end(status); };
    FSDFS_ASSIGN(next_, NextMember::connect(context_.dialer, next.address(), strand_, std::move(events)));
    return {};
  }
  void forward(const ChainMember::Message& message) override {
    if (message->has_data()) context_.meter.sent(message->data().data().size());
    next_->send(message);
  }
  void reply(v1::WriteReply reply) override {
    if (replies_) {
      reply.mutable_receipts()->MergeFrom(replies_->receipts());
    }
    replies_ = std::move(reply);
    send_reply();
  }
  void end(const Status& status) override {
    if (next_ && !status.ok()) next_->cancel();
    next_.reset();
    ended_ = status;
    send_reply();
  }

 private:
  void post(std::function<void()> task) {
    strand_->post([self = shared_from_this(), task = std::move(task)] { task(); });
  }

  // Takes the next message if none is being taken and there is room for it.
  void read_on() {
    if (reading_ || ended_ || machine_.finishing()) return;
    if (next_ && next_->waiting() >= kForwardsMax) return;
    reading_ = true;
    StartRead(&incoming_);
  }

  // Replies before the end; one at a time.
  void send_reply() {
    if (writing_ || finished_) return;
    if (replies_) {
      current_ = std::move(*replies_);
      replies_.reset();
      writing_ = true;
      StartWrite(&current_);
    } else if (ended_) {
      finished_ = true;
      Finish(to_grpc(*ended_));
    }
  }

  void check_idle() {
    if (finished_) return;  // its call may be gone
    Duration idle = watched_->idle();
    Duration limit = machine_.finishing() ? context_.sync_timeout : context_.idle_timeout;
    if (idle < limit) return;
    if (machine_.ended()) return call_.TryCancel();  // the writer does not take our last words
    machine_.on_idle(idle);
  }

  StreamContext& context_;
  grpc::CallbackServerContext& call_;
  const StreamCount::Member counted_;
  const std::shared_ptr<Strand> strand_;  // shared with the next member and with its tasks
  std::shared_ptr<WriteStream> self_;     // while the writer's call lives; taken away by OnDone
  v1::WriteMessage incoming_;

  // All below on the strand.
  std::unique_ptr<IdleWatch::Watched> watched_;
  ChainMember machine_;
  std::shared_ptr<NextMember> next_;  // shared with its call
  bool reading_ = true;
  std::optional<v1::WriteReply> replies_;  // acks and receipts that the writer has not been sent
  v1::WriteReply current_;                 // being sent
  bool writing_ = false;
  std::optional<Status> ended_;
  bool finished_ = false;  // gRPC has our status; from here on call_ may go at any time
};

}  // namespace

grpc::ServerBidiReactor<v1::WriteMessage, v1::WriteReply>* start_write_stream(
    StreamContext& context, grpc::CallbackServerContext& call, const Caller& caller) {
  auto stream = std::make_shared<WriteStream>(context, call, caller);
  stream->start();
  return stream.get();
}

}  // namespace fsdfs::node
