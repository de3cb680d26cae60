#include "master/scheduler/deletions.h"

#include <algorithm>

namespace fsdfs::master {

namespace {

// When an order was given whose node has started anew since: it has to be given again.
constexpr MonotonicTime kLost = MonotonicTime::min();

bool is_lost(const Leftover& leftover) {
  return leftover.state == Leftover::State::kOrdered && leftover.ordered_at == kLost;
}

}  // namespace

void Deletions::file_removed(Slot slot) {
  FileRecord& record = actions_.model().files.at(slot);
  if (record.in_removals) return;
  record.in_removals = true;
  removals_.push_back(slot);
}

bool Deletions::old_may_go(const FileRecord& record, const Counts& counts) const {
  const Model& model = actions_.model();
  if (record.removed || !model.guards.old_needs_current) return true;
  if (record.open) return false;
  // min(N, W) whole copies; in the trash one is enough.
  Units enough = record.trash ? kCopy : std::min(record.target, copies_units(model.settings.sync_copies));
  return copies_units(counts.safe) >= std::max<Units>(enough, kCopy);
}

void Deletions::review_old(FileRecord& record, const Counts& counts) {
  if (!record.has_old) return;
  Model& model = actions_.model();
  if (!old_may_go(record, counts)) return;
  bool all = record.removed;
  bool any = false;
  for (Leftover& leftover : *model.leftovers.find(record.inode)) {
    if (leftover.state != Leftover::State::kOld) continue;
    // An older version is the base from which its node catches up: it stays while the node will get the new
    // one.
    bool base = !all && !record.trash && model.nodes.has(leftover.node, kTakes) &&
                model.need(record, counts) < 0 && !model.files.holds(record, leftover.node) &&
                model.nodes.room_promised(leftover.node) >= static_cast<int64_t>(record.size);
    bool arriving_there = false;
    if (const auto* ids = model.jobs.of_inode(record.inode); ids != nullptr && !all) {
      arriving_there = std::any_of(ids->begin(), ids->end(),
                                   [&](uint64_t id) { return model.jobs.find(id)->target == leftover.node; });
    }
    if (base || arriving_there) continue;
    model.set_leftover_state(leftover, Leftover::State::kCondemned);
    any = true;
  }
  if (any) look_at(record.inode);
}

bool Deletions::may_order(NodeIndex node) const {
  const Model& model = actions_.model();
  return model.nodes.has(node, kSource) &&
         model.nodes.at(node).deletes_out < static_cast<int>(model.settings.deletes_per_node);
}

void Deletions::node_reported(NodeIndex node) {
  Model& model = actions_.model();
  for (uint64_t inode : model.leftovers.inodes()) {
    bool any = false;
    for (Leftover& leftover : *model.leftovers.find(inode)) {
      if (leftover.node != node || leftover.state != Leftover::State::kOrdered) continue;
      // An eviction's space stays promised, so it stays ordered and is repeated at once.
      leftover.ordered_at = kLost;
      any = true;
    }
    if (any) look_at(inode);
  }
}

void Deletions::node_settled() {
  Model& model = actions_.model();
  for (uint64_t inode : model.leftovers.inodes()) {
    const Leftovers::List& list = *model.leftovers.find(inode);
    bool any = std::any_of(list.begin(), list.end(), [](const Leftover& leftover) {
      return leftover.state == Leftover::State::kCondemned || is_lost(leftover);
    });
    if (any) look_at(inode);
  }
}

bool Deletions::work_file(Slot slot, MonotonicTime now) {
  Model& model = actions_.model();
  FileRecord& record = model.files.at(slot);
  if (!record.removed) return false;
  bool again = false;
  if (model.deletable(record)) {
    auto holders = model.files.holders(record);
    for (NodeIndex node : std::vector<NodeIndex>(holders.begin(), holders.end())) {
      if (may_order(node)) {
        actions_.doom(slot, node, {DeleteCause::kFileRemoved, {}, {}, {}}, now);
      } else if (model.nodes.has(node, kSource)) {
        again = true;
      }
    }
  }
  return again;
}

bool Deletions::may_delete(uint64_t inode) const {
  const Model& model = actions_.model();
  if (Slot slot = model.files.find(inode); slot != kNoSlot) return model.deletable(model.files.at(slot));
  if (!model.guards.await_reports) return true;
  const Leftovers::List& list = *model.leftovers.find(inode);
  return !model.recovering && std::all_of(list.begin(), list.end(), [&model](const Leftover& leftover) {
    return model.nodes.has(leftover.node, kSettled);
  });
}

bool Deletions::work_leftovers(uint64_t inode, MonotonicTime now) {
  Model& model = actions_.model();
  Leftovers::List* list = model.leftovers.find(inode);
  if (list == nullptr) return false;
  Slot slot = model.files.find(inode);
  if (!may_delete(inode)) return false;  // a node's report brings it back here
  bool again = false;
  for (Leftover& leftover : *list) {
    bool fresh = leftover.state == Leftover::State::kCondemned;
    bool lost = is_lost(leftover);
    if (!fresh && !lost) continue;
    // What was so when it was condemned may no longer be.
    if (fresh && leftover.cause == DeleteCause::kOldVersion && slot != kNoSlot) {
      const FileRecord& record = model.files.at(slot);
      if (!old_may_go(record, model.count(record))) {
        leftover.state = Leftover::State::kOld;
        continue;
      }
    }
    if (may_order(leftover.node) || (lost && model.nodes.has(leftover.node, kSource))) {
      actions_.order_delete(inode, leftover, now);
    } else if (model.nodes.has(leftover.node, kSource)) {
      again = true;
    }
  }
  return again;
}

void Deletions::repeat(MonotonicTime now) {
  Model& model = actions_.model();
  for (const Actions::SentDelete& sent : actions_.take_sent_deletes()) sent_.push_back(sent);
  while (!sent_.empty() && sent_.front().at + model.settings.delete_retry <= now) {
    Actions::SentDelete sent = sent_.front();
    sent_.pop_front();
    Leftover* leftover = model.leftovers.find(sent.inode, sent.version, sent.node);
    bool open = leftover != nullptr && leftover->state == Leftover::State::kOrdered &&
                leftover->ordered_at == sent.at;
    if (!open) continue;
    if (!model.nodes.has(sent.node, kSource) || !may_delete(sent.inode)) {
      sent.at = leftover->ordered_at = now;
      sent_.push_back(sent);
      continue;
    }
    leftover->repeated = true;
    actions_.order_delete(sent.inode, *leftover, now);
  }
}

bool Deletions::work(size_t most, MonotonicTime now) {
  Model& model = actions_.model();
  repeat(now);
  std::deque<uint64_t> later;
  size_t done = 0;
  for (; !condemned_.empty() && done < most; ++done) {
    uint64_t inode = condemned_.front();
    condemned_.pop_front();
    if (work_leftovers(inode, now)) later.push_back(inode);
  }
  condemned_.insert(condemned_.end(), later.begin(), later.end());
  std::deque<Slot> removals_later;
  for (; !removals_.empty() && done < most; ++done) {
    Slot slot = removals_.front();
    removals_.pop_front();
    model.files.at(slot).in_removals = false;
    if (work_file(slot, now)) removals_later.push_back(slot);
    actions_.erase_if_done(slot);
  }
  for (Slot slot : removals_later) file_removed(slot);
  return done >= most;
}

}  // namespace fsdfs::master
