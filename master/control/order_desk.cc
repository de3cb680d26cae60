#include "master/control/order_desk.h"

#include <fmt/format.h>

#include <memory>

#include "master/namespace/origin.h"

namespace fsdfs::master {
namespace {

constexpr size_t kDeletionsPerOperation = 256;
// Deletions are numbered apart from the scheduler's copies, within the 40 bits that the epoch leaves.
constexpr uint64_t kDeletionBit = uint64_t{1} << 39;
constexpr uint64_t kCounterMask = (uint64_t{1} << 40) - 1;

CopyFailure failure_of(const OrderOutcome& outcome) {
  if (outcome.status.code() == Code::kCancelled) return CopyFailure::kCancelled;
  if (outcome.status.reason() == Reason::kNoSpace) return CopyFailure::kNoSpace;
  return outcome.failed_source.none() ? CopyFailure::kTarget : CopyFailure::kSource;
}

// Made durable before, by whoever removed the file or in an earlier attempt.
bool is_durable_already(const DeleteOrder& order) {
  return order.repeated || order.cause == DeleteCause::kFileRemoved;
}

}  // namespace

void OrderDesk::dispatch(std::vector<Order> orders) {
  if (orders.empty()) return;
  std::unique_ptr<ReadView> view;
  std::vector<DeleteOrder> fresh, durable;
  for (Order& order : orders) {
    if (context_.logger.enabled(LogLevel::kDebug)) context_.logger.debug("order: {}", describe(order));
    context_.events.add(event_of(order));
    if (auto* copy = std::get_if<CopyOrder>(&order)) {
      Status sent;
      if (view == nullptr) {
        auto opened = context_.store.read();
        if (opened.ok()) view = std::move(*opened);
        sent = opened.status();
      }
      if (sent.ok()) sent = send_copy(*view, *copy);
      if (!sent.ok()) {
        note_failure({copy->replica, copy->target}, sent.message());
        context_.scheduler.copy_failed(copy->id, CopyFailure::kTarget, context_.clock.now());
      }
    } else if (auto* deletion = std::get_if<DeleteOrder>(&order)) {
      (is_durable_already(*deletion) ? durable : fresh).push_back(*deletion);
    } else if (auto* cancelled = std::get_if<CancelOrder>(&order)) {
      cancel(*cancelled);
    }
  }
  make_durable(std::move(fresh), true);
  make_durable(std::move(durable), false);
}

Status OrderDesk::send_copy(ReadView& view, const CopyOrder& order) {
  KnownNode* target = context_.nodes.find(order.target);
  if (target == nullptr || target->link == nullptr) return unavailable("the node does not attend");
  FSDFS_ASSIGN(auto inode, view.inode(order.replica.inode));
  if (!inode || inode->version != order.replica.version) return aborted("the file has changed");
  CopyMessage message{on_wire(order.id), order.replica, inode->content, {}, {}};
  for (const NodeId& source : order.sources) {
    if (const KnownNode* node = context_.nodes.find(source)) message.sources.push_back(node->record);
  }
  FSDFS_ASSIGN(message.origin, origin_of(view, *inode));
  if (!target->link->send(context_.store.epoch(), message)) return unavailable("the node's stream is closed");
  Key key{order.replica, order.target};
  forget_copy(key);
  copies_[key] = {order.id, order.size, context_.clock.now()};
  copy_of_[order.id] = key;
  return {};
}

void OrderDesk::cancel(const CancelOrder& order) {
  KnownNode* target = context_.nodes.find(order.target);
  bool sent = target != nullptr && target->link != nullptr &&
              target->link->send(context_.store.epoch(), CancelMessage{on_wire(order.id)});
  if (!sent) context_.scheduler.copy_failed(order.id, CopyFailure::kCancelled, context_.clock.now());
}

void OrderDesk::make_durable(std::vector<DeleteOrder> orders, bool sync) {
  for (size_t at = 0; at < orders.size(); at += kDeletionsPerOperation) {
    auto last = std::min(at + kDeletionsPerOperation, orders.size());
    auto batch = std::make_shared<std::vector<DeleteOrder>>(orders.begin() + static_cast<ptrdiff_t>(at),
                                                            orders.begin() + static_cast<ptrdiff_t>(last));
    for (const DeleteOrder& order : *batch) ordering_.insert({order.replica, order.node});
    auto verdicts = std::make_shared<std::vector<DeletionVerdict>>();
    context_.store.submit(
        {sync, std::nullopt},
        [batch, verdicts](WriteTransaction& transaction) -> Result<std::string> {
          verdicts->clear();
          for (const DeleteOrder& order : *batch) {
            FSDFS_ASSIGN(auto verdict, make_deletion_durable(transaction, order));
            verdicts->push_back(verdict);
          }
          return std::string();
        },
        [this, batch, verdicts](const Result<std::string>& done) {
          if (!done.ok()) verdicts->assign(batch->size(), DeletionVerdict::kRefused);
          context_.post([this, batch, verdicts] { send_deletions(*batch, *verdicts); });
        });
  }
}

void OrderDesk::send_deletions(const std::vector<DeleteOrder>& orders,
                               const std::vector<DeletionVerdict>& verdicts) {
  for (size_t i = 0; i < orders.size(); ++i) {
    const DeleteOrder& order = orders[i];
    ordering_.erase({order.replica, order.node});
    if (verdicts[i] == DeletionVerdict::kGone) {
      context_.scheduler.replica_removed(order.replica.inode, order.replica.version, order.node);
    } else if (verdicts[i] == DeletionVerdict::kRefused) {
      context_.scheduler.delete_failed(order.replica.inode, order.replica.version, order.node);
    } else if (KnownNode* node = context_.nodes.find(order.node); node != nullptr && node->link != nullptr) {
      // A message that is lost with its stream is ordered again when the node is back.
      (void)node->link->send(context_.store.epoch(),
                             DeleteMessage{on_wire(OrderId{kDeletionBit | ++deletions_}), order.replica});
    }
  }
}

void OrderDesk::ended(const NodeId& node, const OrderOutcome& outcome) {
  if ((outcome.order.value & kDeletionBit) != 0) {
    context_.repeated.warning("deletion", "node {} could not delete a replica and will be told again: {}",
                              to_string(node), outcome.status.to_string());
    context_.events.add({.kind = EventKind::kDeletionFailed, .node = node, .text = outcome.status.message()});
    return;
  }
  OrderId order{outcome.order.value & kCounterMask};
  auto found = copy_of_.find(order);
  if (on_wire(order) != outcome.order) return;
  if (found == copy_of_.end() || found->second.second != node) return;
  CopyFailure why = failure_of(outcome);
  if (why != CopyFailure::kCancelled) {
    context_.repeated.info("copy", "node {} could not copy {}: {}", to_string(node),
                           found->second.first.to_string(), outcome.status.to_string());
    note_failure(found->second, outcome.status.message());
  }
  forget_copy(Key(found->second));
  context_.scheduler.copy_failed(order, why, context_.clock.now());
}

void OrderDesk::copy_arrived(const ReplicaId& replica, const NodeId& node, bool counts) {
  auto found = copies_.find({replica, node});
  if (found == copies_.end()) return;
  Copy copy = found->second;
  forget_copy(Key(found->first));
  context_.scheduler.copy_finished(copy.order);
  if (!counts) return note_failure({replica, node}, "it does not count: its file has changed or is gone");
  context_.events.add({.kind = EventKind::kCopied,
                       .node = node,
                       .replica = replica,
                       .size = copy.size,
                       .took = context_.clock.now() - copy.since});
}

void OrderDesk::note_failure(const Key& key, std::string why) {
  context_.events.add(
      {.kind = EventKind::kCopyFailed, .node = key.second, .replica = key.first, .text = std::move(why)});
}

void OrderDesk::lost(const NodeId& node) {
  std::vector<Key> gone;
  for (const auto& [key, order] : copies_) {
    if (key.second == node) gone.push_back(key);
  }
  for (const Key& key : gone) {
    OrderId order = copies_[key].order;
    forget_copy(key);
    note_failure(key, "the node no longer attends");
    context_.scheduler.copy_failed(order, CopyFailure::kTarget, context_.clock.now());
  }
}

void OrderDesk::forget_copy(const Key& key) {
  auto found = copies_.find(key);
  if (found == copies_.end()) return;
  copy_of_.erase(found->second.order);
  copies_.erase(found);
}

}  // namespace fsdfs::master
