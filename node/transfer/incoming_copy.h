// IncomingCopy: what has come of one ordered copy, and what of it may be believed.
//
// What a source says of the replica (its sums) is believed only if it gives the digest that the master named,
// and from then on every block of every source must fit those sums; so a source that lies is found at its
// first wrong block, and wrong bytes never become a copy. begin() goes on with what an earlier order for the
// same content left (shelf.h). For one thread at a time; cancel(), cancelled() and on_cancel() from any.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "fsdfs/replicas.pb.h"
#include "node/transfer/copy_order.h"
#include "node/transfer/pull_context.h"

namespace fsdfs::node {

class IncomingCopy {
 public:
  IncomingCopy(const PullContext& context, CopyOrder order) : context_(context), order_(std::move(order)) {}

  const CopyOrder& order() const { return order_; }

  // Reserves the room. True: the node holds the replica already, and has reported it again. Idempotent.
  Result<bool> begin();

  // Asks for all that is missing; with nothing said of the replica yet, for that as well.
  void ask(v1::ReadItem& item) const;
  // Asks for what the replica says of itself only.
  void ask_description(v1::ReadItem& item) const;
  // Asks for bytes, once it is described.
  void ask_range(v1::ReadItem& item, uint64_t offset, uint64_t length) const;

  // Of an answer to the first two. An error: the source is wrong, or is_local().
  Status take(const v1::ReadChunk& chunk);
  // The next bytes, whole blocks; as Arrival::append, against the sums.
  Status append(uint64_t offset, std::string_view data);

  bool described() const { return described_; }
  const BlockSums& sums() const { return sums_; }  // of the whole, once it is described
  uint64_t received() const { return arrival_->received(); }
  bool complete() const;  // all of it is here, and verified
  // Which of the node's disks it comes to; null before begin().
  const void* disk() const { return arrival_ ? arrival_->disk() : nullptr; }
  // It is this node's disk or quota that refuses; no other source can help.
  bool is_local(const Status& status) const {
    return !arrival_ || !arrival_->alive() || status.reason() == Reason::kNoSpace;
  }

  Status finish();  // in its place, counted (invariant 1)
  // finish() of several, each of another replica, which costs less: for each how it ended.
  static std::vector<Status> finish_together(std::span<IncomingCopy* const> copies);
  // The end without that: what has come is kept for a later order, if it is worth it; else nothing stays.
  void leave_off();

  // `keep`: what has come may be of use to a later order, as after a failure.
  void cancel(bool keep);
  bool cancelled() const;
  // To be called at the cancel, or now if that has been; with a lock held, so it must be quick. Once this was
  // called with nothing, what was set before does not run any more. Returns whether it has been cancelled.
  bool on_cancel(std::function<void()> action);

 private:
  void ask_pull(v1::ReadItem& item) const;
  Status take_description(const v1::ReplicaDescription& description);

  const PullContext& context_;
  const CopyOrder order_;
  std::unique_ptr<Arrival> arrival_;
  std::optional<TransferMeter::Presence> presence_;  // while there is an arrival
  BlockSums sums_;                                   // of the whole replica, once described_
  bool described_ = false;                           // they give the digest that the master named
  mutable std::mutex mutex_;
  bool cancelled_ = false;           // guarded by mutex_
  bool keep_ = true;                 // guarded by mutex_
  std::function<void()> on_cancel_;  // guarded by mutex_
};

}  // namespace fsdfs::node
