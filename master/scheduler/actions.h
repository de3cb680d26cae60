// Actions: the few moves that the scheduler is made of. Each keeps model, queues and orders in step.
//
// Used by the deciders (decider.h, deletions.h, reserve.h, admissions.h) and by SchedulerCore. Not
// thread-safe.
#pragma once

#include <utility>
#include <vector>

#include "master/scheduler/model.h"
#include "master/scheduler/victim_index.h"
#include "master/scheduler/want_queue.h"

namespace fsdfs::master {

class Actions {
 public:
  Actions(Model& model, WantQueue& wants, VictimIndex& victims)
      : model_(model), wants_(wants), victims_(victims) {}

  Model& model() { return model_; }
  const Model& model() const { return model_; }
  VictimIndex& victims() { return victims_; }
  const VictimIndex& victims() const { return victims_; }

  // After any change of a file: health and queues follow. `helped`: the change may let it be placed, so it is
  // no longer parked.
  void touch(Slot slot, bool helped);

  // The part of touch that a sweep needs: the health figures.
  void recount(FileRecord& record, const Counts& counts);

  struct Reason {
    DeleteCause cause = DeleteCause::kFileRemoved;
    InodeId for_inode;
    SessionId for_session;
    InodeId by_way_of;
  };
  // Orders the deletion of a current copy; it stops counting at once.
  void doom(Slot slot, NodeIndex node, const Reason& reason, MonotonicTime now);
  // Takes back the deletions ordered since the mark, before anybody has seen the orders.
  size_t doom_mark() const { return orders_.size(); }
  void undo_dooms(size_t mark);
  // The orders that wait to be taken are held against the facts told since: unsafe deletions are undone. To
  // be called before anything new is decided.
  void review_orders();
  // Orders the deletion of a leftover.
  void order_delete(uint64_t inode, Leftover& leftover, MonotonicTime now);

  // A purged file without any replica left is forgotten.
  void erase_if_done(Slot slot);

  // A copy that is not yet ordered is dropped; an ordered one is cancelled. The file is touched.
  void give_up_job(uint64_t id, CancelCause cause);
  void give_up_jobs_of(uint64_t inode, CancelCause cause);
  void emit(Order order) { orders_.push_back(std::move(order)); }
  std::vector<Order> take_orders() { return std::exchange(orders_, {}); }

  struct SentDelete {
    uint64_t inode = 0;
    uint64_t version = 0;
    NodeIndex node = 0;
    MonotonicTime at{};
  };
  // Deletes in the order of sending, for the one who repeats them.
  std::vector<SentDelete> take_sent_deletes() { return std::exchange(sent_deletes_, {}); }

 private:
  bool still_safe(const DeleteOrder& order) const;
  void undo(const DeleteOrder& order);

  Model& model_;
  WantQueue& wants_;
  VictimIndex& victims_;
  std::vector<Order> orders_;
  std::vector<SentDelete> sent_deletes_;
};

}  // namespace fsdfs::master
