#include "node/transfer/read_stream.h"

#include <grpcpp/server_context.h>

#include <optional>

#include "common/rpc/status_rpc.h"

namespace fsdfs::node {
namespace {

constexpr size_t kMessageBytes = 256 * 1024;  // of chunks that share a message

// All but the reactions run on the strand.
class ReadStream final : public grpc::ServerWriteReactor<v1::ReadChunk> {
 public:
  ReadStream(StreamContext& context, grpc::CallbackServerContext& call, const Caller& caller,
             const v1::ReadRequest& request)
      : context_(context),
        call_(call),
        member_(context.count),
        presence_(context.meter.readers()),
        source_(context.store, context.access, caller, request),
        strand_(std::make_shared<Strand>(source_.pulling() ? context.copy_pool : context.read_pool)) {}

  void start() {
    watched_ = context_.watch.watch(context_.idle_timeout, [this] { call_.TryCancel(); });
    strand_->post([this] { advance(); });
  }

  void OnWriteDone(bool ok) override {
    watched_->touch();
    strand_->post([this, ok] {
      writing_ = false;
      if (!ok) cancelled_ = true;
      advance();
    });
  }
  void OnCancel() override {}  // the write that is under way, or the next one, fails
  void OnDone() override {
    // The last task of the strand may still be on its way out; what it touches goes with it.
    delete this;
  }

 private:
  // Sends what is ready, and makes the next one meanwhile.
  void advance() {
    if (finished_) return;
    if (cancelled_ || call_.IsCancelled()) {
      if (!writing_) finish({Code::kCancelled, "the reader went away, or took nothing for too long"});
      return;
    }
    if (!ready_ && !exhausted_) prepare();
    if (writing_) return;
    if (!ready_) return finish({});
    current_ = std::move(*ready_);
    ready_.reset();
    writing_ = true;
    context_.meter.sent(content_bytes(current_));
    StartWrite(&current_);
    if (!exhausted_) prepare();
  }

  void prepare() {
    bool pulling = source_.pulling();
    if (pulling) context_.governor.await_turn();
    MonotonicTime begin = context_.clock.now();
    v1::ReadChunk chunk;
    exhausted_ = !source_.next(chunk);
    if (exhausted_) return;
    if (pulling) {
      context_.governor.copied(chunk.data().size());
      fill_up(chunk);
    } else {
      context_.governor.served(chunk.data().size());
      context_.meter.foreground(context_.clock.now() - begin);
    }
    ready_ = std::move(chunk);
  }

  // With the small chunks that come next.
  void fill_up(v1::ReadChunk& message) {
    for (size_t bytes = message.ByteSizeLong();
         bytes < kMessageBytes && source_.pulling() && context_.governor.may_go_on();) {
      v1::ReadChunk& chunk = *message.add_more();
      exhausted_ = !source_.next(chunk);
      if (exhausted_) return message.mutable_more()->RemoveLast();
      context_.governor.copied(chunk.data().size());
      bytes += chunk.ByteSizeLong();
    }
  }

  void finish(const Status& status) {
    finished_ = true;
    Finish(to_grpc(status));  // nothing of this may be touched from here on
  }

  StreamContext& context_;
  grpc::CallbackServerContext& call_;
  const StreamCount::Member member_;
  const TransferMeter::Presence presence_;
  ChunkSource source_;
  const std::shared_ptr<Strand> strand_;  // shared with the task that runs, which may outlive this
  std::unique_ptr<IdleWatch::Watched> watched_;

  std::optional<v1::ReadChunk> ready_;  // the next to be sent
  v1::ReadChunk current_;               // being sent
  bool writing_ = false;
  bool exhausted_ = false;
  bool cancelled_ = false;
  bool finished_ = false;
};

}  // namespace

grpc::ServerWriteReactor<v1::ReadChunk>* start_read_stream(StreamContext& context,
                                                           grpc::CallbackServerContext& call,
                                                           const Caller& caller,
                                                           const v1::ReadRequest& request) {
  auto* stream = new ReadStream(context, call, caller, request);
  stream->start();
  return stream;
}

}  // namespace fsdfs::node
