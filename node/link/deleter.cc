#include "node/link/deleter.h"

#include <fmt/format.h>

namespace fsdfs::node {

Deleter::Deleter(ReplicaStore& store, const NodeDisks& disks, Puller& puller, Outbox& outbox, Logger& logger)
    : store_(store), disks_(disks), puller_(puller), outbox_(outbox), logger_(logger), thread_([this] {
        run();
      }) {}

Deleter::~Deleter() {
  stop();
}

bool Deleter::submit(DeletionOrder order, MonotonicTime deadline) {
  {
    std::unique_lock lock(mutex_);
    bool room = changed_.wait_until(lock, deadline, [&] { return stopping_ || waiting_.size() < kQueueMax; });
    if (!room || stopping_) return false;
    waiting_.push_back(order);
  }
  changed_.notify_all();
  return true;
}

void Deleter::forget() {
  std::unique_lock lock(mutex_);
  waiting_.clear();
  changed_.wait(lock, [&] { return !busy_; });
}

void Deleter::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    waiting_.clear();
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

size_t Deleter::waiting() const {
  std::lock_guard lock(mutex_);
  return waiting_.size();
}

// Waits for orders; none when stopping.
std::vector<DeletionOrder> Deleter::take_some() {
  std::unique_lock lock(mutex_);
  busy_ = false;
  changed_.notify_all();
  changed_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
  std::vector<DeletionOrder> orders;
  while (!waiting_.empty() && orders.size() < kBatchMax) {
    orders.push_back(waiting_.front());
    waiting_.pop_front();
  }
  busy_ = !orders.empty();
  return orders;
}

void Deleter::run() {
  while (true) {
    std::vector<DeletionOrder> orders = take_some();
    if (orders.empty()) return;
    carry_out(orders);
  }
}

void Deleter::carry_out(const std::vector<DeletionOrder>& orders) {
  Epoch granted = disks_.epoch();
  std::vector<DeletionOrder> current;
  std::vector<ReplicaId> replicas;
  for (const DeletionOrder& order : orders) {
    if (order.epoch != granted) {
      Status status = failed_precondition(
          fmt::format("order {} to delete {} is of epoch {}, and this node obeys epoch {}",
                      to_string(order.order), order.replica.to_string(), order.epoch.value, granted.value),
          Reason::kStaleEpoch);
      logger_.warning("{}", status.message());
      outbox_.put({order.order, order.epoch, status, {}});
      continue;
    }
    puller_.cancel(order.replica);
    current.push_back(order);
    replicas.push_back(order.replica);
  }
  std::vector<Status> statuses = store_.remove(replicas);
  for (size_t i = 0; i < current.size(); ++i) {
    if (statuses[i].ok()) {
      logger_.debug("deleted {} as ordered", current[i].replica.to_string());
      continue;
    }
    logger_.error("deleting {}: {}", current[i].replica.to_string(), statuses[i].message());
    outbox_.put({current[i].order, current[i].epoch, statuses[i], {}});
  }
}

}  // namespace fsdfs::node
