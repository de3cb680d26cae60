// Puller: carries out the master's orders to copy, a bounded number at once; more wait in a bounded queue.
//
// Identical orders become one pull. An order that fails is told to the sink (once per order), from the
// puller's threads or from submit(). A replica that is held already is reported again. Thread-safe. Invariant
// 1: a copy counts once ReplicaPull has it whole, verified and synced.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "common/concurrency/thread_pool.h"
#include "node/transfer/replica_pull.h"
#include "node/transfer/stream_context.h"

namespace fsdfs::node {

class Puller {
 public:
  static constexpr size_t kQueueMax = 16384;

  Puller(const PullContext& context, size_t slots, FailureSink sink);
  ~Puller();  // stop()

  void submit(CopyOrder order);
  void cancel(Epoch epoch, OrderId order);
  void cancel(const ReplicaId& replica);  // every order to copy it: it is to be deleted
  // Cancels everything and waits; nothing more is told to the sink.
  void stop();

  size_t in_flight() const;  // running and waiting

 private:
  struct Named {
    Epoch epoch;
    OrderId order;
  };
  struct Job {
    Job(const PullContext& context, CopyOrder order)
        : replica(order.replica), content(order.content), pull(context, std::move(order)) {}
    const ReplicaId replica;
    const Content content;
    ReplicaPull pull;
    std::vector<Named> orders;  // guarded by Puller::mutex_
  };
  void run(const std::shared_ptr<Job>& job);
  std::vector<Named> take_away(const std::shared_ptr<Job>& job);  // and the orders that it stood for
  void forget(const std::shared_ptr<Job>& job);                   // with mutex_ held
  void tell(const std::vector<Named>& orders, const Status& status, const NodeId& failed_source);

  const PullContext context_;
  const FailureSink sink_;
  mutable std::mutex mutex_;
  std::map<ReplicaId, std::shared_ptr<Job>> jobs_;  // guarded by mutex_; shared with the task that runs it
  bool stopping_ = false;                           // guarded by mutex_
  ThreadPool pool_;
};

}  // namespace fsdfs::node
