// RecordFollower: keeps the node's disks told of the namespace above and around their replicas: asks the
// master, page by page, what its log says (proto Records), and has the store apply it. So sidecars and
// directory records follow renames, chmods and the like, a second or so behind, and no acknowledgement waits
// for them. It also has the disks' trees reconciled, a portion at a time.
//
// The position in the log is kept by the store, with each page applied; a node without one that the log still
// has is told everything that it holds anew. Only the master whose epoch this node has granted is believed
// (invariant 9). What goes wrong is tried again, after a pause that grows. Thread-safe; its thread runs from
// construction to stop(), which is idempotent. Store, disks, dialer and logger outlive it.
#pragma once

#include <grpcpp/client_context.h>

#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "common/concurrency/stop_signal.h"
#include "common/log.h"
#include "common/rpc/call.h"
#include "common/rpc/channel.h"
#include "node/settings.h"
#include "node/store/store.h"

namespace fsdfs::node {

class RecordFollower {
 public:
  RecordFollower(ReplicaStore& store, const NodeDisks& disks, Dialer& dialer, Logger& logger,
                 const NodeSettings& settings);
  ~RecordFollower() { stop(); }
  RecordFollower(const RecordFollower&) = delete;
  RecordFollower& operator=(const RecordFollower&) = delete;

  void stop();

 private:
  // Where the telling of the present state goes on.
  struct Listing {
    LogPosition position;
    ReplicaId after;
  };

  void run();
  // The pause until the next question.
  Duration follow();
  // True: there is more now.
  Result<bool> step(const std::string& master);
  Result<RecordPage> ask(const std::string& master, const LogPosition& position);
  void note(const std::string& master, const Status& status);

  ReplicaStore& store_;
  const NodeDisks& disks_;
  Dialer& dialer_;
  Logger& logger_;
  const NodeSettings& settings_;
  StopSignal stop_;
  // Of the thread.
  std::optional<Listing> listing_;
  Status last_;
  size_t turn_ = 0;  // which master is asked
  Backoff backoff_;

  std::mutex mutex_;
  grpc::ClientContext* call_ = nullptr;  // guarded by mutex_; the one under way
  std::thread thread_;
};

}  // namespace fsdfs::node
