#include "master/scheduler/actions.h"

#include <set>
#include <utility>

namespace fsdfs::master {

void Actions::touch(Slot slot, bool helped) {
  FileRecord& record = model_.files.at(slot);
  if (helped) record.parked = 0;
  Counts counts = model_.count(record);
  recount(record, counts);
  wants_.offer(slot, record, counts);
  victims_.offer(slot, record, counts);
}

void Actions::recount(FileRecord& record, const Counts& counts) {
  HealthBoard::Standing standing;
  standing.copies = counts.live;
  standing.capped = record.target > copies_units(model_.nodes.usable());
  standing.below = counts.sources > 0 && copies_units(counts.live + record.arriving) < record.target;
  standing.parked = record.parked != 0;
  model_.board.refresh(record, standing);
  auto bucket = victims_.bucket(record, counts);
  // More to give up than was known: parked files may fit now.
  if (bucket > record.shown_bucket) model_.wake();
  model_.set_bucket(record, bucket);
}

void Actions::doom(Slot slot, NodeIndex node, const Reason& reason, MonotonicTime now) {
  FileRecord& record = model_.files.at(slot);
  Counts counts = model_.count(record);
  model_.drop_current(record, node);
  Leftover leftover;
  leftover.version = record.version;
  leftover.size = record.size;
  leftover.node = node;
  leftover.state = Leftover::State::kOrdered;
  leftover.cause = reason.cause;
  leftover.was_current = !record.removed;
  leftover.ordered_at = now;
  model_.add_leftover(record.inode, leftover);
  model_.wake();  // its space is promised to others from here on

  DeleteOrder order;
  order.replica = {InodeId{record.inode}, unpack_version(record.version)};
  if (!model_.guards.name_exact_version) order.replica.version = Version{};
  order.node = model_.nodes.at(node).info.id;
  order.cause = reason.cause;
  order.surplus = from_units(copies_units(counts.safe) - (record.trash ? 0 : record.target));
  order.for_inode = reason.for_inode;
  order.for_session = reason.for_session;
  order.of_trash = record.trash;
  order.by_way_of = reason.by_way_of;
  order.last_of_trash = record.trash && counts.live <= 1;
  orders_.emplace_back(order);
  sent_deletes_.push_back({record.inode, record.version, node, now});
  touch(slot, false);
}

void Actions::undo(const DeleteOrder& order) {
  uint64_t inode = order.replica.inode.value;
  uint64_t version = pack_version(order.replica.version);
  NodeIndex node = model_.nodes.find(order.node);
  std::erase_if(sent_deletes_, [&](const SentDelete& sent) {
    return sent.inode == inode && sent.version == version && sent.node == node;
  });
  Leftover* leftover = model_.leftovers.find(inode, version, node);
  Slot slot = model_.files.find(inode);
  if (leftover == nullptr || slot == kNoSlot) return;
  FileRecord& record = model_.files.at(slot);
  if (record.version == version) {
    model_.drop_leftover(inode, version, node);
    model_.add_current(record, node);
  } else {
    model_.set_leftover_state(*leftover, Leftover::State::kOld);
    leftover->cause = DeleteCause::kOldVersion;
  }
  touch(slot, false);
}

void Actions::undo_dooms(size_t mark) {
  while (orders_.size() > mark) {
    if (const auto* order = std::get_if<DeleteOrder>(&orders_.back())) undo(*order);
    orders_.pop_back();
  }
}

bool Actions::still_safe(const DeleteOrder& order) const {
  Slot slot = model_.files.find(order.replica.inode.value);
  if (slot == kNoSlot || order.cause == DeleteCause::kFileRemoved) return true;
  const FileRecord& record = model_.files.at(slot);
  if (record.removed) return true;
  if (record.open || record.version != pack_version(order.replica.version)) return false;
  if (!model_.deletable(record) || !model_.nodes.has(model_.nodes.find(order.node), kSource)) return false;
  return record.trash || model_.count(record).safe >= model_.floor_of(record);
}

void Actions::review_orders() {
  std::erase_if(orders_, [this](const Order& order) {
    const auto* doomed = std::get_if<DeleteOrder>(&order);
    if (doomed == nullptr) return false;
    // A node that was removed took its replicas with it.
    if (model_.nodes.find(doomed->node) == kNoNode) return true;
    if (still_safe(*doomed)) return false;
    undo(*doomed);
    return true;
  });
  // Which deletion is a deleted file's last may have changed as well.
  std::set<InodeId> seen;
  for (auto it = orders_.rbegin(); it != orders_.rend(); ++it) {
    auto* doomed = std::get_if<DeleteOrder>(&*it);
    if (doomed == nullptr || doomed->cause == DeleteCause::kFileRemoved) continue;
    Slot slot = model_.files.find(doomed->replica.inode.value);
    bool trash = slot != kNoSlot && model_.files.at(slot).trash;
    doomed->of_trash = trash;
    doomed->last_of_trash =
        trash && seen.insert(doomed->replica.inode).second && model_.count(model_.files.at(slot)).live == 0;
  }
}

void Actions::order_delete(uint64_t inode, Leftover& leftover, MonotonicTime now) {
  if (leftover.state != Leftover::State::kOrdered) model_.wake();
  model_.set_leftover_state(leftover, Leftover::State::kOrdered);
  leftover.ordered_at = now;
  DeleteOrder order;
  order.replica = {InodeId{inode}, unpack_version(leftover.version)};
  order.node = model_.nodes.at(leftover.node).info.id;
  order.cause = leftover.cause;
  order.repeated = std::exchange(leftover.repeated, true);
  orders_.emplace_back(order);
  sent_deletes_.push_back({inode, leftover.version, leftover.node, now});
}

void Actions::erase_if_done(Slot slot) {
  const FileRecord& record = model_.files.at(slot);
  if (!record.removed || record.holder_count > 0 || record.has_old || record.in_removals) return;
  model_.files.erase(slot);
}

void Actions::give_up_job(uint64_t id, CancelCause cause) {
  CopyJob* job = model_.jobs.find(id);
  if (job == nullptr || job->state == CopyJob::State::kCancelled) return;
  Slot slot = job->slot;
  if (job->state == CopyJob::State::kWaiting) {
    model_.end_job(id);
    model_.wake();
  } else {
    CancelOrder order;
    order.id = OrderId{id};
    order.replica = {InodeId{job->inode}, unpack_version(job->version)};
    order.target = model_.nodes.at(job->target).info.id;
    order.cause = cause;
    orders_.emplace_back(order);
    model_.cancel_job(*job);
  }
  touch(slot, true);
}

void Actions::give_up_jobs_of(uint64_t inode, CancelCause cause) {
  const auto* ids = model_.jobs.of_inode(inode);
  if (ids == nullptr) return;
  for (uint64_t id : std::vector<uint64_t>(*ids)) give_up_job(id, cause);
}

}  // namespace fsdfs::master
