// Deleter: carries out the master's orders to delete, in batches, on a thread of its own.
//
// Invariant 3 (node side): an order is carried out only if its epoch is the one that this node has granted at
// that very moment, and only upon exactly the version that it names. Copies of it under way are cancelled.
// What cannot be deleted is told to the outbox; what is not held is reported as removed by the store.
// Thread-safe.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "common/log.h"
#include "node/link/outbox.h"
#include "node/store/store.h"
#include "node/transfer/puller.h"

namespace fsdfs::node {

struct DeletionOrder {
  OrderId order;
  Epoch epoch;
  ReplicaId replica;
};

class Deleter {
 public:
  static constexpr size_t kQueueMax = 65536;
  static constexpr size_t kBatchMax = 256;

  Deleter(ReplicaStore& store, const NodeDisks& disks, Puller& puller, Outbox& outbox, Logger& logger);
  ~Deleter();  // stop()

  // Drops the orders that wait and returns when the ones under way are done: what a master ordered before
  // does not happen after another has been welcomed.
  void forget();
  // False when the queue has no room for it until the deadline; the order is then dropped, and the master
  // asks again.
  bool submit(DeletionOrder order, MonotonicTime deadline);
  void stop();  // what waits is dropped
  size_t waiting() const;

 private:
  void run();
  std::vector<DeletionOrder> take_some();
  void carry_out(const std::vector<DeletionOrder>& orders);

  ReplicaStore& store_;
  const NodeDisks& disks_;
  Puller& puller_;
  Outbox& outbox_;
  Logger& logger_;
  mutable std::mutex mutex_;  // guards all below but the thread
  std::condition_variable changed_;
  std::deque<DeletionOrder> waiting_;  // at most kQueueMax
  bool busy_ = false;                  // some were taken off and are not carried out yet
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace fsdfs::node
