#include "node/transfer/adopt_stream.h"

#include <grpcpp/server_context.h>

#include <mutex>
#include <optional>

#include "common/rpc/status_rpc.h"
#include "node/store/wire.h"

namespace fsdfs::node {
namespace {

constexpr Duration kTellInterval = std::chrono::milliseconds(200);

// The worker, in run(), and gRPC's reactions share what is guarded; whoever comes last of the two ends the
// call, and touches nothing after that.
class AdoptStream final : public grpc::ServerWriteReactor<v1::AdoptReply> {
 public:
  AdoptStream(StreamContext& context, grpc::CallbackServerContext& call, const Caller& caller,
              const v1::AdoptRequest& request)
      : context_(context),
        call_(call),
        caller_(caller),
        request_(request),
        counted_(context.count),
        presence_(context.meter.copies()) {}

  void start() {
    Status submitted = context_.adopt_pool.try_submit([this] { run(); });
    if (!submitted.ok()) Finish(to_grpc(submitted));
  }

  void OnWriteDone(bool) override {
    {
      std::lock_guard lock(mutex_);
      writing_ = false;
      if (!ended_) return;
    }
    end();
  }
  void OnCancel() override {}  // progress() asks
  void OnDone() override { delete this; }

 private:
  void run() {
    Status status = adopt();
    {
      std::lock_guard lock(mutex_);
      ended_ = status;
      if (writing_) return;
    }
    end();
  }

  Status adopt() {
    ReplicaId replica = wire::from_wire(request_.replica());
    FSDFS_TRY(
        context_.access.check_write(request_.ticket(), caller_, replica, SessionId{request_.session()}));
    FSDFS_ASSIGN(Origin origin, wire::named_origin(request_.origin()));
    LocalFile file{request_.path(),
                   request_.device(),
                   request_.inode(),
                   request_.size(),
                   {request_.modified().seconds(), request_.modified().nanoseconds()}};
    FSDFS_ASSIGN(Adopted adopted, context_.store.adopt(replica, file, request_.moving(), origin,
                                                       [this](uint64_t bytes) { return progress(bytes); }));
    last_.set_read(adopted.held.content.size);
    last_.set_receipt(context_.access.receipt(adopted.held));
    *last_.mutable_content() = wire::to_wire(adopted.held.content);
    last_.set_by(static_cast<v1::AdoptedBy>(adopted.by));
    return {};
  }

  Status progress(uint64_t bytes) {
    if (call_.IsCancelled()) return {Code::kCancelled, "whoever imports the file went away"};
    MonotonicTime now = context_.clock.now();
    if (now - told_ < kTellInterval) return {};
    {
      std::lock_guard lock(mutex_);
      if (writing_) return {};
      writing_ = true;
    }
    told_ = now;
    current_.set_read(bytes);
    StartWrite(&current_);
    return {};
  }

  void end() {
    if (!ended_->ok()) return Finish(to_grpc(*ended_));
    StartWriteAndFinish(&last_, grpc::WriteOptions(), grpc::Status::OK);
  }

  StreamContext& context_;
  grpc::CallbackServerContext& call_;
  const Caller caller_;
  const v1::AdoptRequest& request_;  // gRPC keeps it until the call is done
  const StreamCount::Member counted_;
  const TransferMeter::Presence presence_;

  // Of the worker.
  MonotonicTime told_{};
  v1::AdoptReply last_;

  std::mutex mutex_;
  bool writing_ = false;         // guarded by mutex_
  v1::AdoptReply current_;       // being sent, while writing_
  std::optional<Status> ended_;  // guarded by mutex_ until it is set
};

}  // namespace

grpc::ServerWriteReactor<v1::AdoptReply>* start_adopt_stream(StreamContext& context,
                                                             grpc::CallbackServerContext& call,
                                                             const Caller& caller,
                                                             const v1::AdoptRequest& request) {
  auto* stream = new AdoptStream(context, call, caller, request);
  stream->start();
  return stream;
}

}  // namespace fsdfs::node
