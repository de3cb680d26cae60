#include "node/transfer/incoming_copy.h"

#include <limits>

#include "node/store/wire.h"
#include "node/transfer/source_call.h"

namespace fsdfs::node {

Result<bool> IncomingCopy::begin() {
  if (arrival_) return false;
  FSDFS_ASSIGN(bool held, context_.store.report_again(order_.replica));
  if (held) return true;
  if (auto left = context_.store.resume(order_.replica, order_.content)) {
    arrival_ = std::move(left->arrival);
    sums_ = std::move(left->sums);
    described_ = true;
    context_.logger.info("copying {} goes on at byte {} of {}", order_.replica.to_string(),
                         arrival_->received(), order_.content.size);
  } else {
    FSDFS_ASSIGN(arrival_,
                 context_.store.begin_arrival(order_.replica, order_.content.size, ArrivalKind::kCopy));
  }
  presence_.emplace(context_.meter.copies());
  return false;
}

void IncomingCopy::ask_pull(v1::ReadItem& item) const {
  item.set_ticket(context_.access.prolonged(order_.ticket));
  *item.mutable_replica() = wire::to_wire(order_.replica);
  item.set_pull(true);
}

void IncomingCopy::ask(v1::ReadItem& item) const {
  ask_pull(item);
  item.set_describe(!described_);
  item.set_offset(arrival_->received());
}

void IncomingCopy::ask_description(v1::ReadItem& item) const {
  ask_pull(item);
  item.set_describe(true);
  item.set_offset(std::numeric_limits<uint64_t>::max());  // no bytes lie behind that
}

void IncomingCopy::ask_range(v1::ReadItem& item, uint64_t offset, uint64_t length) const {
  ask_pull(item);
  item.set_offset(offset);
  item.set_length(length);
}

bool IncomingCopy::complete() const {
  return described_ && arrival_ && arrival_->alive() && arrival_->received() == order_.content.size;
}

Status IncomingCopy::take(const v1::ReadChunk& chunk) {
  if (chunk.code() != 0) return failure_of(chunk);
  if (chunk.has_description() && !described_) FSDFS_TRY(take_description(chunk.description()));
  if (chunk.data().empty()) return {};
  if (!described_) return data_loss("the source sends bytes before its sums");
  return append(chunk.offset(), chunk.data());
}

Status IncomingCopy::append(uint64_t offset, std::string_view data) {
  if (offset % kBlockSize != 0 || offset > order_.content.size ||
      data.size() > order_.content.size - offset) {
    return data_loss("the source sends bytes past the end of the replica");
  }
  auto first = sums_.begin() + static_cast<std::ptrdiff_t>(offset / kBlockSize);
  return arrival_->append(offset, data,
                          BlockSums(first, first + static_cast<std::ptrdiff_t>(block_count(data.size()))));
}

Status IncomingCopy::take_description(const v1::ReplicaDescription& description) {
  if (description.has_replica()) {
    sums_.clear();  // another source's, which said less than all
    auto content = wire::from_wire(description.content());
    if (!content.ok() || *content != order_.content ||
        wire::from_wire(description.replica()) != order_.replica) {
      return data_loss("the source holds another content than the one that is to be copied");
    }
  }
  FSDFS_ASSIGN(BlockSums sums, decode_sums(description.sums()));
  sums_.insert(sums_.end(), sums.begin(), sums.end());
  if (sums_.size() > block_count(order_.content.size)) return data_loss("the source sends too many sums");
  if (sums_.size() < block_count(order_.content.size)) return {};
  if (content_digest(sums_, order_.content.size) != order_.content.digest) {
    return data_loss("the source's sums do not give the digest that the master named");
  }
  described_ = true;
  return {};
}

Status IncomingCopy::finish() {
  IncomingCopy* const copy = this;
  return finish_together({&copy, 1}).front();
}

std::vector<Status> IncomingCopy::finish_together(std::span<IncomingCopy* const> copies) {
  std::vector<Arrival::Ending> endings;
  for (IncomingCopy* copy : copies) {
    endings.push_back({*copy->arrival_, copy->order_.content, copy->order_.origin});
  }
  std::vector<Status> statuses;
  for (const auto& result : Arrival::finish_together(endings)) statuses.push_back(result.status());
  for (IncomingCopy* copy : copies) {
    copy->arrival_.reset();
    copy->presence_.reset();
  }
  return statuses;
}

void IncomingCopy::leave_off() {
  bool keep = described_;
  {
    std::lock_guard lock(mutex_);
    keep = keep && keep_;
  }
  if (arrival_ && keep) {
    context_.store.shelve({std::move(arrival_), order_.content, std::move(sums_)});
    described_ = false;
  }
  arrival_.reset();
  presence_.reset();
}

void IncomingCopy::cancel(bool keep) {
  std::lock_guard lock(mutex_);
  keep_ = keep_ && keep;
  if (cancelled_) return;
  cancelled_ = true;
  if (on_cancel_) on_cancel_();
}

bool IncomingCopy::cancelled() const {
  std::lock_guard lock(mutex_);
  return cancelled_;
}

bool IncomingCopy::on_cancel(std::function<void()> action) {
  std::lock_guard lock(mutex_);
  on_cancel_ = std::move(action);
  if (cancelled_ && on_cancel_) on_cancel_();
  return cancelled_;
}

}  // namespace fsdfs::node
