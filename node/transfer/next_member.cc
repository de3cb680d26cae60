#include "node/transfer/next_member.h"

#include "common/rpc/status_rpc.h"

namespace fsdfs::node {

Result<std::shared_ptr<NextMember>> NextMember::connect(Dialer& dialer, const std::string& address,
                                                        std::shared_ptr<Strand> strand, Events events) {
  FSDFS_ASSIGN(auto channel, dialer.channel(address));
  std::shared_ptr<NextMember> next(new NextMember(dialer, address, std::move(strand), std::move(events)));
  next->stub_ = v1::Replicas::NewStub(channel);
  next->self_ = next;
  next->stub_->async()->Write(&next->call_, next.get());
  next->AddHold();  // writes are started outside of gRPC's reactions
  next->StartRead(&next->incoming_);
  next->StartCall();
  return next;
}

void NextMember::send(ChainMember::Message message) {
  if (!held_) return;
  waiting_.push_back(std::move(message));
  if (waiting_.size() == 1) write_front();
}

void NextMember::write_front() {
  const v1::WriteMessage& message = *waiting_.front();
  grpc::WriteOptions options;
  if (message.has_finish()) {
    StartWriteLast(&message, options);
  } else {
    StartWrite(&message, options);
  }
}

void NextMember::OnWriteDone(bool ok) {
  strand_->post([this, self = self_, ok] {
    waiting_.pop_front();
    if (!ok) {
      waiting_.clear();  // the call has ended; OnDone says how
    } else if (!waiting_.empty() && held_) {
      write_front();
    }
    events_.on_sent();
  });
}

void NextMember::OnReadDone(bool ok) {
  strand_->post([this, self = self_, ok] {
    if (!ok) return release_hold();
    v1::WriteReply reply = std::move(incoming_);
    incoming_.Clear();
    StartRead(&incoming_);
    events_.on_reply(reply);
  });
}

void NextMember::release_hold() {
  if (!held_) return;
  held_ = false;
  RemoveHold();
}

void NextMember::OnDone(const grpc::Status& status) {
  Status ended = dialer_.explain(address_, status);
  strand_->post([this, self = std::move(self_), ended] {
    Events events = std::move(events_);  // they hold the stream that holds this
    events.on_end(ended);
  });
}

}  // namespace fsdfs::node
