// SimMaster: a master without disks or wires: the database as plain records, the real scheduler, the real
// liveness tracker, and the translation between them that the control loop does in earnest. Every fact goes
// to the checker, too.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "master/registry/liveness.h"
#include "master/scheduler/scheduler.h"
#include "tests/sim/checker.h"
#include "tests/sim/plan.h"
#include "tests/sim/tally.h"

namespace fsdfs::sim {

// A replica record: what the database knows of one copy.
struct Row {
  size_t node = 0;
  Version version;
  uint64_t size = 0;
  bool deleting = false;  // its deletion is durable
};

struct DbFile {
  bool exists = false;  // false: purged; its rows are tombstones
  master::FileInfo info;
  std::vector<Row> rows;
};

struct DbNode {
  bool registered = false;
  master::NodeInfo info;  // as told last
  uint64_t incarnation = 0;
};

class SimMaster {
 public:
  SimMaster(const Plan& plan, const master::SchedulerGuards& guards, Checker& checker, Tally& tally);

  // A new epoch: everything derived is gone, the records are replayed.
  void start(MonotonicTime now, bool recovering);
  Epoch epoch() const { return Epoch{epoch_}; }
  Version next_version() { return Version{Epoch{epoch_}, ++version_counter_}; }

  // ---- nodes ----
  void register_node(size_t node, const master::NodeInfo& info, MonotonicTime now);
  void node_removed(size_t node);
  void tell_node(size_t node, const master::NodeInfo& info);
  bool hello(size_t node, uint64_t incarnation, MonotonicTime now);  // false: refused
  void heard(size_t node, uint64_t incarnation, MonotonicTime now);
  void disconnected(size_t node);
  void node_reported(size_t node);
  void advance_liveness(MonotonicTime now);

  // ---- files and replicas: committed, then told ----
  void file_changed(size_t file);  // after changing db_file(file).info
  void reads_noted(size_t file, uint64_t reads, WallTime at);
  void file_purged(size_t file);
  void replica_added(size_t file, Version version, uint64_t size, size_t node);
  void replica_removed(size_t file, Version version, size_t node);
  void tombstone(size_t file, Version version, uint64_t size, size_t node);

  // ---- orders ----
  std::vector<master::Order> tick(MonotonicTime now);
  bool more_work() const { return more_work_; }  // as the last turn said
  // Makes it durable; false: the commit failed and the scheduler was told.
  bool commit_delete(const master::DeleteOrder& order, bool commit_fails);
  void copy_failed(OrderId order, master::CopyFailure why, MonotonicTime now);

  // ---- sessions ----
  master::Admission admit(const master::AdmitRequest& request, MonotonicTime now);
  master::Admission extend(SessionId session, const std::vector<NodeId>& chain, uint64_t bytes,
                           MonotonicTime now);
  void release(SessionId session, const std::vector<NodeId>& granted_chain, uint64_t bytes);

  DbFile& db_file(size_t file) { return files_[file]; }
  size_t add_file() { return files_.emplace_back(), files_.size() - 1; }
  size_t file_count() const { return files_.size(); }
  DbNode& db_node(size_t node) { return nodes_[node]; }
  size_t node_count() const { return nodes_.size(); }
  master::Scheduler& scheduler() { return *scheduler_; }
  const master::LivenessTracker& liveness() const { return *liveness_; }

 private:
  void tell_liveness(size_t node);

  const Plan& plan_;
  const master::SchedulerGuards guards_;
  Checker& checker_;
  Tally& tally_;
  std::unique_ptr<master::Scheduler> scheduler_;
  std::unique_ptr<master::LivenessTracker> liveness_;
  bool more_work_ = false;
  uint64_t epoch_ = 0;
  uint64_t version_counter_ = 0;
  std::vector<DbFile> files_;
  std::vector<DbNode> nodes_;
  std::vector<bool> attends_;
};

}  // namespace fsdfs::sim
