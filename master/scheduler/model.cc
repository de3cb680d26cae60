#include "master/scheduler/model.h"

#include <algorithm>
#include <cassert>

namespace fsdfs::master {

Counts Model::count(const FileRecord& record) const {
  Counts counts;
  for (NodeIndex node : files.holders(record)) {
    uint8_t traits = nodes.traits(node);
    counts.live += (traits & kLive) != 0;
    counts.stays += (traits & kStays) != 0;
    counts.safe += (traits & kSafe) != 0;
    counts.sources += (traits & kSource) != 0;
    if ((traits & kSettled) == 0) counts.settled = false;
  }
  return counts;
}

Units Model::need(const FileRecord& record, const Counts& counts) const {
  int arriving = guards.count_arriving ? record.arriving : 0;
  return copies_units(counts.stays + arriving) - record.target;
}

bool Model::deletable(const FileRecord& record, const Counts& counts) const {
  if (!guards.await_reports) return true;
  if (recovering || !counts.settled) return false;
  if (!record.has_old) return true;
  const Leftovers::List* list = leftovers.find(record.inode);
  return list == nullptr || std::all_of(list->begin(), list->end(), [this](const Leftover& leftover) {
           return nodes.has(leftover.node, kSettled);
         });
}

int Model::floor_of(const FileRecord& record) const {
  int floor = guards.keep_last_copy ? 1 : 0;
  if (record.target >= 2 * kCopy && guards.keep_min_copies) floor = std::max(floor, settings.min_copies);
  return floor;
}

void Model::add_current(FileRecord& record, NodeIndex node) {
  files.add_holder(record, node);
  spare.add(record, {&node, 1});
  nodes.edit(node).used += record.size;
  ++nodes.edit(node).files;
}

void Model::drop_current(FileRecord& record, NodeIndex node) {
  files.remove_holder(record, node);
  spare.remove(record, {&node, 1});
  nodes.edit(node).used -= record.size;
  --nodes.edit(node).files;
}

void Model::set_bucket(FileRecord& record, SpareBoard::Bucket bucket) {
  if (record.shown_bucket == bucket) return;
  spare.remove(record, files.holders(record));
  record.shown_bucket = bucket;
  spare.add(record, files.holders(record));
}

void Model::add_leftover(uint64_t inode, const Leftover& leftover) {
  leftovers.add(inode, leftover);
  Node& node = nodes.edit(leftover.node);
  node.used += leftover.size;
  if (leftover.state == Leftover::State::kOrdered) {
    node.doomed += leftover.size;
    ++node.deletes_out;
  }
  if (Slot slot = files.find(inode); slot != kNoSlot) files.at(slot).has_old = true;
}

bool Model::drop_leftover(uint64_t inode, uint64_t version, NodeIndex node_index) {
  Leftover* leftover = leftovers.find(inode, version, node_index);
  if (leftover == nullptr) return false;
  set_leftover_state(*leftover, Leftover::State::kOld);
  nodes.edit(node_index).used -= leftover->size;
  if (leftovers.erase(inode, version, node_index)) {
    if (Slot slot = files.find(inode); slot != kNoSlot) files.at(slot).has_old = false;
  }
  return true;
}

void Model::set_leftover_state(Leftover& leftover, Leftover::State state) {
  bool was_ordered = leftover.state == Leftover::State::kOrdered;
  bool is_ordered = state == Leftover::State::kOrdered;
  leftover.state = state;
  if (was_ordered == is_ordered) return;
  Node& node = nodes.edit(leftover.node);
  if (is_ordered) {
    node.doomed += leftover.size;
    ++node.deletes_out;
  } else {
    node.doomed -= leftover.size;
    --node.deletes_out;
  }
}

CopyJob& Model::add_job(const CopyJob& job) {
  CopyJob& added = jobs.add(job);
  Node& target = nodes.edit(added.target);
  target.waiting += added.size;
  target.waiting_jobs.push_back(added.id);
  ++files.at(added.slot).arriving;
  return added;
}

void Model::order_job(CopyJob& job, NodeIndex source, MonotonicTime deadline) {
  assert(job.state == CopyJob::State::kWaiting);
  Node& target = nodes.edit(job.target);
  target.waiting -= job.size;
  std::erase(target.waiting_jobs, job.id);
  target.arriving += job.size;
  ++target.copies_in;
  ++nodes.edit(source).copies_out;
  jobs.count_in_flight(1);
  job.state = CopyJob::State::kOrdered;
  job.source = source;
  job.deadline = deadline;
}

void Model::cancel_job(CopyJob& job) {
  assert(job.state == CopyJob::State::kOrdered);
  job.state = CopyJob::State::kCancelled;
  --files.at(job.slot).arriving;
  job.slot = kNoSlot;
}

void Model::end_job(uint64_t id) {
  CopyJob* job = jobs.find(id);
  if (job == nullptr) return;
  Node& target = nodes.edit(job->target);
  if (job->state == CopyJob::State::kWaiting) {
    target.waiting -= job->size;
    std::erase(target.waiting_jobs, id);
  } else {
    target.arriving -= job->size;
    --target.copies_in;
    if (job->source != kNoNode) --nodes.edit(job->source).copies_out;
    jobs.count_in_flight(-1);
  }
  if (job->slot != kNoSlot) --files.at(job->slot).arriving;
  jobs.erase(id);
}

void Model::wake() {
  woken = true;
  ++wakes;
  if (!parked_any) return;
  parked_any = false;
  if (++generation != 0) return;
  // Once in 65,535 generations the numbers are used again.
  generation = 1;
  for (Slot slot = 0; slot < files.slots(); ++slot) files.at(slot).parked = 0;
}

void Model::park(FileRecord& record) {
  record.parked = generation;
  parked_any = true;
}

}  // namespace fsdfs::master
