#include "node/link/deleter.h"

#include <fmt/format.h>

namespace fsdfs::node {

Deleter::Deleter(ReplicaStore& store, const DataDirectory& directory, Puller& puller, Outbox& outbox,
                 Logger& logger)
    : store_(store),
      directory_(directory),
      puller_(puller),
      outbox_(outbox),
      logger_(logger),
      queue_(kQueueMax),
      thread_([this] { run(); }) {}

Deleter::~Deleter() {
  stop();
}

bool Deleter::submit(DeletionOrder order, MonotonicTime deadline) {
  return queue_.push_until(std::move(order), deadline) == PushResult::kPushed;
}

void Deleter::stop() {
  queue_.close_and_take();
  if (thread_.joinable()) thread_.join();
}

void Deleter::run() {
  while (auto first = queue_.pop()) {
    std::vector<DeletionOrder> orders{*first};
    while (orders.size() < kBatchMax) {
      auto next = queue_.try_pop();
      if (!next) break;
      orders.push_back(*next);
    }
    carry_out(orders);
  }
}

void Deleter::carry_out(const std::vector<DeletionOrder>& orders) {
  Epoch granted = directory_.epoch();
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
