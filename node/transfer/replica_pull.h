// ReplicaPull: one copy being fetched: from the best source, and from the next ones where one fails, going on
// from the last verified block. What a source says of the replica (its sums) is believed only if it gives the
// digest that the master named, and from then on every block of every source must fit those sums; so a source
// that lies is found at its first wrong block, and wrong bytes never become a copy. For one thread; cancel()
// from any.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>

#include "common/log.h"
#include "common/rpc/channel.h"
#include "node/store/store.h"
#include "node/transfer/copy_order.h"
#include "node/transfer/idle_watch.h"
#include "node/transfer/meter.h"

namespace grpc {
class ClientContext;
}
namespace fsdfs::v1 {
class ReadChunk;
}

namespace fsdfs::node {

struct PullContext {
  ReplicaStore& store;
  Dialer& dialer;
  IdleWatch& watch;
  TransferMeter& meter;
  Logger& logger;
  Duration idle_timeout;
};

class ReplicaPull {
 public:
  ReplicaPull(const PullContext& context, CopyOrder order) : context_(context), order_(std::move(order)) {}

  // Ok: the node holds it. kCancelled: cancel() was called.
  Status run();
  void cancel();
  // The source that failed last; none when the fault is not a source's.
  NodeId failed_source() const { return failed_source_; }

 private:
  bool complete() const;  // all of it is here, and verified
  Status pull_from(const CopySource& source);
  Status take(const v1::ReadChunk& chunk);
  Status take_description(const v1::ReadChunk& chunk);

  const PullContext context_;
  const CopyOrder order_;
  std::unique_ptr<Arrival> arrival_;
  BlockSums sums_;              // of the whole replica, once sums_verified_
  bool sums_verified_ = false;  // they give the digest that the master named
  NodeId failed_source_;
  std::mutex mutex_;
  bool cancelled_ = false;               // guarded by mutex_
  grpc::ClientContext* call_ = nullptr;  // guarded by mutex_: the call that is under way
};

}  // namespace fsdfs::node
