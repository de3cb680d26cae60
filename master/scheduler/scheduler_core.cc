#include "master/scheduler/scheduler_core.h"

#include <algorithm>

#include "master/scheduler/read_weight.h"
#include "master/scheduler/settings_check.h"

namespace fsdfs::master {

SchedulerCore::SchedulerCore(const SchedulerSettings& settings, const SchedulerGuards& guards)
    : model_(settings, guards),
      wants_(model_),
      victims_(model_),
      actions_(model_, wants_, victims_),
      throttle_(model_),
      placement_(model_, throttle_, refusals_),
      outlook_(model_, throttle_, Outlook::Nodes::kAll),
      free_outlook_(model_, throttle_, Outlook::Nodes::kFree),
      deletions_(actions_),
      relocation_(actions_, throttle_, placement_, refusals_),
      decider_(actions_, wants_, throttle_, placement_, outlook_, free_outlook_, relocation_),
      reserve_(actions_),
      sweep_(actions_, wants_, deletions_, outlook_, relocation_),
      admissions_(actions_, placement_, outlook_) {}

Status SchedulerCore::set_settings(const SchedulerSettings& settings) {
  FSDFS_TRY(check_settings(settings));
  model_.settings = settings;
  model_.nodes.settings_changed();
  victims_.forget_all();
  sweep_.request();
  model_.wake();
  return {};
}

void SchedulerCore::set_recovering(bool recovering) {
  model_.recovering = recovering;
  victims_.forget_all();
  model_.wake();
}

// ---- files ----------------------------------------------------------------------------------------------

Status SchedulerCore::file_changed(const FileInfo& info) {
  FSDFS_TRY(check_file(info));
  Slot slot = model_.files.find(info.inode.value);
  if (slot == kNoSlot) {
    if (model_.files.size() >= kFilesMax)
      return invalid_argument("too many files: the limit is 4,000,000,000");
    slot = model_.files.insert(info.inode.value);
    FileRecord& record = model_.files.at(slot);
    record.version = pack_version(info.version);
    record.size = info.size & kFileSizeMax;
    record.has_old = model_.leftovers.find(info.inode.value) != nullptr;
  } else {
    uint64_t version = pack_version(info.version);
    const FileRecord& record = model_.files.at(slot);
    if (record.removed || version < record.version) {
      return failed_precondition("inode " + to_string(info.inode) + " is at version " +
                                     unpack_version(record.version).to_string() + " or removed, " +
                                     info.version.to_string() + " is older: read its record again",
                                 Reason::kStaleVersion);
    }
    if (version == record.version && info.size != record.size) {
      return invalid_argument("inode " + to_string(info.inode) + " has another size at the same version " +
                              info.version.to_string() + ": a new size needs a new version");
    }
    if (version != record.version) forget_old_version(slot, info);
  }
  FileRecord& record = model_.files.at(slot);
  model_.board.take_out(record);
  record.target = to_units(info.target);
  record.open = info.open;
  bool was_trash = record.trash;
  record.trash = info.trash;
  if (info.trash) {
    record.deleted_at = static_cast<uint32_t>(std::clamp<int64_t>(info.deleted_at_s, 0, UINT32_MAX));
  } else if (info.weight || was_trash) {
    record.weight = info.weight.value_or(0);
  }
  if (model_.at_rest(record)) actions_.give_up_jobs_of(record.inode, CancelCause::kFileChanged);
  actions_.touch(slot, true);
  if (record.has_old) deletions_.review_old(record, model_.count(record));
  // It may have become a victim for a parked one.
  if (record.holder_count > 0) model_.wake();
  return {};
}

void SchedulerCore::forget_old_version(Slot slot, const FileInfo& info) {
  FileRecord& record = model_.files.at(slot);
  actions_.give_up_jobs_of(record.inode, CancelCause::kFileChanged);
  model_.board.take_out(record);
  auto holders = model_.files.holders(record);
  for (NodeIndex node : std::vector<NodeIndex>(holders.begin(), holders.end())) {
    Leftover old;
    old.version = record.version;
    old.size = record.size;
    old.node = node;
    model_.drop_current(record, node);
    // A removed node has no old copies either; its index will be another's.
    if (model_.nodes.at(node).exists) model_.add_leftover(record.inode, old);
  }
  record.version = pack_version(info.version);
  record.size = info.size & kFileSizeMax;
}

void SchedulerCore::weight_changed(Slot slot, float weight) {
  FileRecord& record = model_.files.at(slot);
  if (record.trash || record.removed || std::isnan(weight)) return;
  record.weight = weight;
  actions_.touch(slot, false);
}

float SchedulerCore::reads_noted(Slot slot, uint64_t reads, WallTime at) {
  const FileRecord& record = model_.files.at(slot);
  if (record.trash || record.removed) return kNeverRead;
  float weight = add_reads(record.weight, reads, at);
  weight_changed(slot, weight);
  return weight;
}

void SchedulerCore::file_removed(Slot slot) {
  FileRecord& record = model_.files.at(slot);
  if (record.removed) return;
  model_.board.take_out(record);
  record.removed = true;
  actions_.give_up_jobs_of(record.inode, CancelCause::kFileChanged);
  if (record.has_old) deletions_.review_old(record, model_.count(record));
  deletions_.file_removed(slot);
  actions_.erase_if_done(slot);
}

// ---- replicas -------------------------------------------------------------------------------------------

Status SchedulerCore::replica_added(InodeId inode, Version version, uint64_t size, NodeIndex node) {
  Slot slot = model_.files.find(inode.value);
  ReplicaId id{inode, version};
  if (slot == kNoSlot)
    return not_found("replica " + id.to_string() + ": no such file; kept aside as unknown");
  FileRecord& record = model_.files.at(slot);
  uint64_t packed = pack_version(version);
  if (packed > record.version) {
    return failed_precondition("replica " + id.to_string() + " is newer than the known version " +
                                   unpack_version(record.version).to_string() + "; kept aside as unknown",
                               Reason::kStaleVersion);
  }
  if (packed < record.version) {
    Leftover* known = model_.leftovers.find(inode.value, packed, node);
    if (known == nullptr) {
      Leftover old;
      old.version = packed;
      old.size = size;
      old.node = node;
      if (record.removed) old.state = Leftover::State::kCondemned;
      model_.add_leftover(inode.value, old);
    }
    deletions_.review_old(record, model_.count(record));
    if (record.removed) deletions_.look_at(inode.value);
    return {};
  }
  // A copy whose deletion is on its way stays doomed, whoever says that it is there.
  if (model_.leftovers.find(inode.value, packed, node) != nullptr) return {};
  if (!model_.files.holds(record, node)) model_.add_current(record, node);
  if (const auto* ids = model_.jobs.of_inode(inode.value)) {
    for (uint64_t job : std::vector<uint64_t>(*ids)) {
      const CopyJob* found = model_.jobs.find(job);
      if (found->target == node && found->version == packed) model_.end_job(job);
    }
  }
  refusals_.succeeded(inode.value, node);
  if (record.removed) {
    deletions_.file_removed(slot);
    return {};
  }
  actions_.touch(slot, true);
  if (record.has_old) deletions_.review_old(record, model_.count(record));
  model_.wake();
  return {};
}

void SchedulerCore::replica_removed(InodeId inode, Version version, NodeIndex node) {
  uint64_t packed = pack_version(version);
  Slot slot = model_.files.find(inode.value);
  const Leftover* leftover = model_.leftovers.find(inode.value, packed, node);
  bool was_promised = leftover != nullptr && leftover->state == Leftover::State::kOrdered;
  if (!model_.drop_leftover(inode.value, packed, node)) {
    if (slot == kNoSlot) return;
    FileRecord& record = model_.files.at(slot);
    if (record.version != packed || !model_.files.holds(record, node)) return;
    model_.drop_current(record, node);
  }
  // What was ordered to go was reckoned with before.
  if (!was_promised) model_.wake();
  if (slot == kNoSlot) return;
  if (model_.files.at(slot).removed) {
    actions_.erase_if_done(slot);
    return;
  }
  actions_.touch(slot, true);
}

Status SchedulerCore::replica_deleting(InodeId inode, Version version, uint64_t size, NodeIndex node) {
  uint64_t packed = pack_version(version);
  Slot slot = model_.files.find(inode.value);
  if (slot != kNoSlot) {
    FileRecord& record = model_.files.at(slot);
    if (record.version == packed && model_.files.holds(record, node)) model_.drop_current(record, node);
  }
  if (model_.leftovers.find(inode.value, packed, node) == nullptr) {
    Leftover leftover;
    leftover.version = packed;
    leftover.size = size;
    leftover.node = node;
    leftover.state = Leftover::State::kCondemned;
    leftover.cause = DeleteCause::kFileRemoved;
    leftover.repeated = true;
    leftover.was_current = slot != kNoSlot && model_.files.at(slot).version == packed;
    model_.add_leftover(inode.value, leftover);
  }
  deletions_.look_at(inode.value);
  if (slot != kNoSlot && !model_.files.at(slot).removed) actions_.touch(slot, true);
  return {};
}

void SchedulerCore::delete_failed(InodeId inode, Version version, NodeIndex node) {
  uint64_t packed = pack_version(version);
  Leftover* leftover = model_.leftovers.find(inode.value, packed, node);
  if (leftover == nullptr) return;
  Slot slot = model_.files.find(inode.value);
  bool current = slot != kNoSlot && model_.files.at(slot).version == packed && leftover->was_current &&
                 !model_.files.at(slot).removed;
  // What is not wanted in any case stays doomed, and is ordered again after delete_retry.
  if (!current) return;
  model_.drop_leftover(inode.value, packed, node);
  model_.add_current(model_.files.at(slot), node);
  actions_.touch(slot, true);
}

// ---- copies ---------------------------------------------------------------------------------------------

void SchedulerCore::end_job(uint64_t id, bool helped) {
  const CopyJob* job = model_.jobs.find(id);
  if (job == nullptr) return;
  uint64_t inode = job->inode;
  model_.end_job(id);
  model_.wake();
  Slot slot = model_.files.find(inode);
  if (slot == kNoSlot) return;
  FileRecord& record = model_.files.at(slot);
  if (record.removed) return;
  actions_.touch(slot, helped);
  if (record.has_old) deletions_.review_old(record, model_.count(record));
}

void SchedulerCore::copy_finished(OrderId order) {
  end_job(order.value, true);
}

void SchedulerCore::copy_failed(OrderId order, CopyFailure why, MonotonicTime now) {
  const CopyJob* job = model_.jobs.find(order.value);
  if (job == nullptr) return;
  // A node that could not do it is left alone for a while with this file; so is one whose source failed,
  // since the same source would be asked again.
  if (why != CopyFailure::kCancelled) refusals_.failed(job->inode, job->target, model_.settings, now);
  end_job(order.value, true);
}

void SchedulerCore::end_jobs_lost_with(NodeIndex target) {
  std::vector<uint64_t> lost;
  for (const auto& [id, job] : model_.jobs.all()) {
    if (job.target == target) lost.push_back(id);
  }
  for (uint64_t id : lost) end_job(id, true);
}

void SchedulerCore::check_deadlines(MonotonicTime now) {
  std::vector<uint64_t> late, lost;
  for (const auto& [id, job] : model_.jobs.all()) {
    if (job.state == CopyJob::State::kWaiting || job.deadline > now) continue;
    (job.state == CopyJob::State::kOrdered ? late : lost).push_back(id);
  }
  for (uint64_t id : late) {
    CopyJob& job = *model_.jobs.find(id);
    refusals_.failed(job.inode, job.target, model_.settings, now);
    job.deadline = now + model_.settings.copy_timeout;  // for the answer to the cancellation
    actions_.give_up_job(id, CancelCause::kTooSlow);
  }
  for (uint64_t id : lost) end_job(id, true);
}

}  // namespace fsdfs::master
