// SchedulerCore: what stands behind Scheduler: the model, the deciders, and how facts reach them.
//
// See scheduler.h for the contract; explain.h for the questions. Not thread-safe.
#pragma once

#include "master/scheduler/actions.h"
#include "master/scheduler/admissions.h"
#include "master/scheduler/decider.h"
#include "master/scheduler/deletions.h"
#include "master/scheduler/model.h"
#include "master/scheduler/outlook.h"
#include "master/scheduler/placement.h"
#include "master/scheduler/relocation.h"
#include "master/scheduler/reserve.h"
#include "master/scheduler/sweep.h"
#include "master/scheduler/throttle.h"
#include "master/scheduler/victim_index.h"
#include "master/scheduler/want_queue.h"

namespace fsdfs::master {

class SchedulerCore {
 public:
  SchedulerCore(const SchedulerSettings& settings, const SchedulerGuards& guards);
  SchedulerCore(const SchedulerCore&) = delete;
  SchedulerCore& operator=(const SchedulerCore&) = delete;

  Status set_settings(const SchedulerSettings& settings);
  void set_recovering(bool recovering);

  Status node_changed(const NodeInfo& info);
  void node_restarted(NodeIndex node);
  void node_reported(NodeIndex node);
  void node_removed(NodeIndex node);

  Status file_changed(const FileInfo& info);
  void weight_changed(Slot slot, float weight);
  float reads_noted(Slot slot, uint64_t reads, WallTime at);
  void file_removed(Slot slot);

  Status replica_added(InodeId inode, Version version, uint64_t size, NodeIndex node);
  void replica_removed(InodeId inode, Version version, NodeIndex node);
  Status replica_deleting(InodeId inode, Version version, uint64_t size, NodeIndex node);

  void copy_finished(OrderId order);
  void copy_failed(OrderId order, CopyFailure why, MonotonicTime now);
  void delete_failed(InodeId inode, Version version, NodeIndex node);

  Admission admit(const AdmitRequest& request, MonotonicTime now);
  Admission extend(SessionId session, uint64_t more_bytes, MonotonicTime now);
  void release(SessionId session) { admissions_.release(session); }

  TickResult tick(MonotonicTime now);

  const Model& model() const { return model_; }
  Model& model() { return model_; }
  // Plans without carrying out; changes nothing that shows.
  Decider& decider() { return decider_; }
  Placement& placement() { return placement_; }
  Outlook& outlook() { return outlook_; }
  const Sweep& sweep() const { return sweep_; }
  size_t resident_bytes() const;

 private:
  void end_jobs_lost_with(NodeIndex target);
  // The node's room shrank below what is on its way: the latest copies are cancelled.
  void shed_arrivals(NodeIndex node);
  void end_job(uint64_t id, bool helped);
  void forget_old_version(Slot slot, const FileInfo& info);
  void check_deadlines(MonotonicTime now);

  Model model_;
  WantQueue wants_;
  VictimIndex victims_;
  Actions actions_;
  Throttle throttle_;
  Refusals refusals_;
  Placement placement_;
  Outlook outlook_, free_outlook_;
  Deletions deletions_;
  Relocation relocation_;
  Decider decider_;
  Reserve reserve_;
  Sweep sweep_;
  Admissions admissions_;
};

}  // namespace fsdfs::master
