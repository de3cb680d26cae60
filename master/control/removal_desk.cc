#include "master/control/removal_desk.h"

#include <fmt/format.h>

namespace fsdfs::master {
namespace {

// A few milliseconds of the writer's time: no client's change waits long behind it.
constexpr size_t kRowsPerBatch = 500;
constexpr Duration kRetryAfter = std::chrono::seconds(1);

std::string name_of(const NodeRecord& record) {
  return fmt::format("node {} ({})", to_string(record.id), record.address);
}

}  // namespace

RemovalWatch::State RemovalWatch::wait(const State& seen, Duration at_most) const {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, at_most, [&] {
    return state_.ended || state_.begun != seen.begun || state_.removed != seen.removed;
  });
  return state_;
}

void RemovalWatch::begin() {
  {
    std::lock_guard lock(mutex_);
    state_.begun = true;
  }
  changed_.notify_all();
}

void RemovalWatch::removed(uint64_t count) {
  {
    std::lock_guard lock(mutex_);
    state_.removed = count;
  }
  changed_.notify_all();
}

void RemovalWatch::end(const Status& status) {
  {
    std::lock_guard lock(mutex_);
    if (!state_.ended) state_.ended = status;
  }
  changed_.notify_all();
}

void RemovalDesk::begin(const NodeId& id, std::shared_ptr<RemovalWatch> watch) {
  KnownNode* node = context_.nodes.find(id);
  if (node == nullptr) return watch->end(failed_precondition("there is no node " + to_string(id)));
  if (node->link != nullptr) {
    return watch->end(failed_precondition(
        name_of(node->record) + " attends: stop its fsdfsd first, after `fsdfs node drain` if its files " +
        "shall move away before"));
  }
  bool under_way = removals_.contains(id);
  Removal& removal = removals_[id];
  if (removal.marked) watch->begin();
  removal.watches.push_back(std::move(watch));
  if (!under_way) mark(id, node->record.incarnation);
}

void RemovalDesk::mark(const NodeId& id, Incarnation incarnation) {
  context_.store.submit(
      {true, std::nullopt},
      [id, incarnation](WriteTransaction& transaction) -> Result<std::string> {
        FSDFS_ASSIGN(auto record, transaction.node(id));
        if (!record) return failed_precondition("there is no node " + to_string(id));
        if (record->incarnation != incarnation) {
          return failed_precondition(name_of(*record) + " has just started again: stop its fsdfsd first");
        }
        record->admin_state = AdminState::kRemoving;
        FSDFS_TRY(transaction.put_node(*record));
        return std::string();
      },
      [this, id](const Result<std::string>& done) {
        if (!done.ok()) context_.post([this, id, status = done.status()] { refuse(id, status); });
      });
}

void RemovalDesk::refuse(const NodeId& id, const Status& status) {
  auto found = removals_.find(id);
  if (found == removals_.end() || found->second.marked) return;
  for (const auto& watch : found->second.watches) watch->end(status);
  removals_.erase(found);
}

void RemovalDesk::marked(const NodeId& id) {
  Removal& removal = removals_[id];
  if (removal.marked) return;
  removal.marked = true;
  for (const auto& watch : removal.watches) watch->begin();
  KnownNode* node = context_.nodes.find(id);
  if (node == nullptr) return;
  context_.logger.warning("{} is being removed from the swarm", name_of(node->record));
  if (node->link != nullptr) node->link->close(unavailable("the node is being removed: attend again soon"));
}

void RemovalDesk::turn() {
  MonotonicTime now = context_.clock.now();
  for (auto& [id, removal] : removals_) {
    if (!removal.marked || removal.writing || now < removal.not_before) continue;
    removal.writing = true;
    remove_batch(id);
  }
}

void RemovalDesk::remove_batch(const NodeId& id) {
  auto removed = std::make_shared<size_t>(0);  // of the operation, which may run after this desk has ended
  context_.store.submit(
      {},
      [id, removed](WriteTransaction& transaction) -> Result<std::string> {
        FSDFS_ASSIGN(auto rows, transaction.replicas_on(id, ReplicaId{}, kRowsPerBatch));
        for (const ReplicaRecord& row : rows) FSDFS_TRY(transaction.remove_replica(row.replica, id));
        if (rows.empty()) FSDFS_TRY(transaction.remove_node(id));
        *removed = rows.size();
        return std::string();
      },
      [this, id, removed](const Result<std::string>& done) {
        context_.post([this, id, removed, status = done.status()] { batch_ended(id, *removed, status); });
      });
}

void RemovalDesk::batch_ended(const NodeId& id, size_t removed, const Status& status) {
  auto found = removals_.find(id);
  if (found == removals_.end()) return;  // it is gone
  Removal& removal = found->second;
  removal.writing = false;
  if (!status.ok()) {
    removal.not_before = context_.clock.now() + kRetryAfter;
    context_.repeated.error("removal", "the records of node {} cannot be removed, and will be: {}",
                            to_string(id), status.to_string());
    return;
  }
  removal.removed += removed;
  for (const auto& watch : removal.watches) watch->removed(removal.removed);
}

void RemovalDesk::gone(const NodeId& id) {
  auto found = removals_.find(id);
  if (found == removals_.end()) return;
  context_.logger.warning("node {} was removed from the swarm, and {} replica records with it", to_string(id),
                          found->second.removed);
  for (const auto& watch : found->second.watches) watch->end({});
  removals_.erase(found);
}

void RemovalDesk::stop() {
  for (auto& [id, removal] : removals_) {
    for (const auto& watch : removal.watches) {
      watch->end(
          unavailable("the master is shutting down; a removal that has begun goes on with its successor"));
    }
    removal.watches.clear();
  }
}

}  // namespace fsdfs::master
