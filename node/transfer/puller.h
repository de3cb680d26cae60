// Puller: carries out the master's orders to copy. A bounded number of streams at once; more orders wait in a
// bounded queue, and small ones that wait for the same source are pulled together in one stream.
//
// Identical orders become one pull. An order that fails is told to the sink (once per order), from the
// puller's threads or from submit(). A replica that is held already is reported again. Thread-safe. Invariant
// 1: a copy counts once IncomingCopy has it whole, verified and synced; small ones are synced by threads of
// their own, so that a stream does not wait for the disk, and together, as many as came meanwhile.
#pragma once

#include <deque>
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
  // Of a disk; what arrives while they sync is synced together by the next.
  static constexpr size_t kSyncersMax = 2;
  static constexpr size_t kSyncedTogetherMax = 64;

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
    Job(const PullContext& context, StreamSlots& slots, CopyOrder order)
        : pull(context, slots, std::move(order)) {}
    ReplicaPull pull;
    std::vector<Named> orders;  // guarded by Puller::mutex_
  };
  using JobPointer = std::shared_ptr<Job>;  // shared by jobs_, a lane and the task that runs it
  // Small copies that wait for one source.
  struct Lane {
    std::deque<JobPointer> waiting;
    size_t streams = 0;
  };

  Status start(const JobPointer& job);
  void run(const JobPointer& job);
  void serve(const NodeId& source);
  std::vector<JobPointer> take_batch(const NodeId& source);
  bool leave_lane(const NodeId& source);  // true: others still wait there
  void pull_together(std::vector<JobPointer> batch);
  void pulled(const JobPointer& job, const Status& status);
  void finish_some();
  std::vector<JobPointer> take_arrived();  // with mutex_ held
  void end(const JobPointer& job, const Status& status);
  std::vector<Named> take_away(const JobPointer& job);  // and the orders that it stood for
  void forget(const JobPointer& job);                   // with mutex_ held
  void tell(const std::vector<Named>& orders, const Status& status, const NodeId& failed_source);

  const PullContext context_;
  const FailureSink sink_;
  StreamSlots slots_;
  mutable std::mutex mutex_;
  std::map<ReplicaId, JobPointer> jobs_;   // guarded by mutex_
  std::map<NodeId, Lane> lanes_;           // guarded by mutex_
  std::deque<JobPointer> arrived_;         // guarded by mutex_: small ones that are whole, not yet synced
  std::map<const void*, size_t> syncers_;  // guarded by mutex_: of each disk
  bool stopping_ = false;                  // guarded by mutex_
  ThreadPool pool_;
  ThreadPool sync_pool_;
};

}  // namespace fsdfs::node
