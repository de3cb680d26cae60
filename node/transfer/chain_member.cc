#include "node/transfer/chain_member.h"

#include <fmt/format.h>

#include "common/units.h"
#include "node/store/wire.h"
#include "node/transfer/chain_status.h"

namespace fsdfs::node {

void ChainMember::on_message(const Message& message) {
  if (ended_) return;
  MonotonicTime begin = context_.clock.now();
  Status status;
  switch (message->message_case()) {
    case v1::WriteMessage::kOpen:
      status = opened_ ? invalid_argument("a write stream was opened twice") : open(message->open());
      break;
    case v1::WriteMessage::kData:
      status = apply(message->data(), message);
      break;
    case v1::WriteMessage::kFinish:
      status = finish(message->finish(), message);
      break;
    case v1::WriteMessage::MESSAGE_NOT_SET:
      status = invalid_argument("an empty message in a write stream");
      break;
  }
  if (!caller_.fellow_node) context_.meter.foreground(context_.clock.now() - begin);
  if (!status.ok()) return end(blame(context_.self, status));
  advance();
}

Status ChainMember::open(const v1::WriteOpen& open) {
  ReplicaId replica = wire::from_wire(open.replica());
  FSDFS_TRY(context_.access.check_write(open.ticket(), caller_, replica, SessionId{open.session()}));
  FSDFS_ASSIGN(origin_, wire::named_origin(open.origin()));
  FSDFS_ASSIGN(arrival_, context_.store.begin_arrival(replica, open.size(), ArrivalKind::kWrite));
  opened_ = true;
  if (open.chain().empty()) return {};
  FSDFS_ASSIGN(next_, wire::id_from_wire<NodeId>(open.chain(0).node()));
  if (next_.none() || next_ == context_.self)
    return invalid_argument("the chain names no other node as the next");
  auto onward = std::make_shared<v1::WriteMessage>();
  *onward->mutable_open() = open;
  onward->mutable_open()->mutable_chain()->DeleteSubrange(0, 1);
  if (Status status = surroundings_.connect(open.chain(0)); !status.ok()) return blame(next_, status);
  surroundings_.forward(onward);
  return {};
}

Status ChainMember::take_sequence(uint64_t sequence) {
  if (!opened_) return invalid_argument("a write stream begins with `open`");
  if (finished_) return invalid_argument("a message after the finish of a write");
  if (sequence != received_ + 1) {
    return invalid_argument(fmt::format("message {} of a write where {} is next", sequence, received_ + 1));
  }
  received_ = sequence;
  return {};
}

Status ChainMember::apply(const v1::WriteData& data, const Message& message) {
  FSDFS_TRY(take_sequence(data.sequence()));
  if (data.data().size() > kWriteDataMax) {
    return invalid_argument(
        fmt::format("a message with {} bytes of content ({} at most)", data.data().size(), kWriteDataMax));
  }
  if (!next_.none()) surroundings_.forward(message);
  FSDFS_ASSIGN(BlockSums sums, decode_sums(data.sums()));
  context_.meter.received(data.data().size());
  // A message without data only shows that the writer lives.
  if (!data.data().empty()) FSDFS_TRY(arrival_->append(data.offset(), data.data(), sums));
  applied_ = received_;
  return {};
}

Status ChainMember::finish(const v1::WriteFinish& finish, const Message& message) {
  FSDFS_TRY(take_sequence(finish.sequence()));
  finished_ = true;
  if (!next_.none()) surroundings_.forward(message);
  FSDFS_ASSIGN(Content content, wire::from_wire(finish.content()));
  FSDFS_ASSIGN(HeldReplica held, arrival_->finish(content, origin_));
  own_receipt_ = context_.access.receipt(held);
  applied_ = received_;
  return {};
}

void ChainMember::on_message_end() {
  if (ended_ || finished_) return;
  end({Code::kCancelled, "the writer ended the stream before the finish"});
}

void ChainMember::on_cancelled() {
  if (!ended_) end({Code::kCancelled, "the writer went away"});
}

void ChainMember::on_next_reply(const v1::WriteReply& reply) {
  if (ended_) return;
  next_acked_ = std::max(next_acked_, reply.acked());
  if (reply.receipts_size() > 0) {
    next_receipts_.assign(reply.receipts().begin(), reply.receipts().end());
    next_done_ = true;
  }
  advance();
}

void ChainMember::on_next_end(const Status& status) {
  if (ended_ || (next_done_ && status.ok())) return;
  end(blame(next_, status.ok() ? unavailable("it ended the stream without a receipt") : status));
}

void ChainMember::on_idle(Duration idle) {
  if (ended_) return;
  bool waits_for_next = !next_.none() && !next_done_ && (finished_ || next_acked_ < received_);
  if (waits_for_next) return end(blame(next_, deadline_exceeded("no answer for " + format_duration(idle))));
  // No member's fault, whichever of them notices first.
  end(aborted(fmt::format("the writer sent nothing for {}; its session here is over", format_duration(idle)),
              Reason::kSessionLost));
}

// Tells the writer what has come true since it was last told.
void ChainMember::advance() {
  uint64_t acked = next_.none() ? applied_ : std::min(applied_, next_acked_);
  bool complete = !own_receipt_.empty() && (next_.none() || next_done_);
  if (acked <= replied_ && !complete) return;
  replied_ = acked;
  v1::WriteReply reply;
  reply.set_acked(acked);
  if (complete) {
    reply.add_receipts(own_receipt_);
    for (const std::string& receipt : next_receipts_) reply.add_receipts(receipt);
  }
  surroundings_.reply(std::move(reply));
  if (complete) end({});
}

void ChainMember::end(const Status& status) {
  ended_ = true;
  arrival_.reset();
  surroundings_.end(status);
}

}  // namespace fsdfs::node
