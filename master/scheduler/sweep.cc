#include "master/scheduler/sweep.h"

#include <algorithm>

namespace fsdfs::master {

bool Sweep::urgent() const {
  return requested_ || !leaving_.empty() || wants_.needs_sweep() ||
         std::as_const(actions_).victims().needs_sweep();
}

void Sweep::begin() {
  Model& model = actions_.model();
  awaited_ = urgent();
  running_ = true;
  requested_ = false;
  model.woken = false;
  cursor_ = 0;
  being_left_.insert(being_left_.end(), leaving_.begin(), leaving_.end());
  leaving_.clear();
  figures_.assign(model.nodes.end(), {});
  for (NodeIndex node = 0; node < model.nodes.end(); ++node) {
    figures_[node].drains = model.nodes.has(node, kDrains);
  }
  wants_.begin_sweep();
  actions_.victims().begin_sweep();
}

size_t Sweep::work(size_t most, MonotonicTime now) {
  if (!running_) {
    if (!due(now)) return 0;
    begin();
  }
  outlook_.refresh();
  Slot end_of_table = actions_.model().files.slots();
  size_t done = 0;
  for (; cursor_ < end_of_table && done < most; ++cursor_, ++done) look_at(cursor_);
  if (cursor_ >= end_of_table) end(now);
  return done;
}

void Sweep::look_at(Slot slot) {
  Model& model = actions_.model();
  FileRecord& record = model.files.at(slot);
  if (record.inode == 0) return;
  if (!being_left_.empty()) strip(record);
  if (record.removed) {
    if (record.holder_count > 0) deletions_.file_removed(slot);
    return;
  }
  Counts counts = model.count(record);
  if (!wants_.sweep_offer(slot, record, counts, outlook_)) {
    model.park(record);
    relocation_.note_stuck(slot, record, counts);
  } else if (record.parked != model.generation) {
    record.parked = 0;
  }
  actions_.recount(record, counts);
  deletions_.review_old(record, counts);
  actions_.victims().sweep_offer(slot, record, counts);
  add_figures(record, counts);
}

void Sweep::strip(FileRecord& record) {
  Model& model = actions_.model();
  for (NodeIndex node : being_left_) {
    if (model.files.holds(record, node)) model.drop_current(record, node);
  }
}

void Sweep::add_figures(const FileRecord& record, const Counts& counts) {
  if (record.trash) return;
  Model& model = actions_.model();
  Units surplus = copies_units(counts.live) - record.target;
  bool others_enough = copies_units(counts.stays) >= record.target || counts.stays >= model.nodes.usable();
  for (NodeIndex node : model.files.holders(record)) {
    if (node >= figures_.size()) continue;
    NodeFigures& figures = figures_[node];
    figures.max = figures.has_max ? std::max(figures.max, surplus) : surplus;
    figures.has_max = true;
    if (counts.live == 1 && model.nodes.has(node, kLive)) ++figures.only_copies;
    if (!others_enough && model.nodes.has(node, kDrains)) ++figures.drain_left;
  }
}

void Sweep::end(MonotonicTime now) {
  Model& model = actions_.model();
  running_ = false;
  rests_until_ = now + std::chrono::milliseconds(model.files.slots() / kFilesPerPause);
  wants_.end_sweep();
  actions_.victims().end_sweep();
  for (NodeIndex node = 0; node < figures_.size() && node < model.nodes.end(); ++node) {
    Node& n = model.nodes.edit(node);
    n.has_max_surplus = figures_[node].has_max;
    n.max_surplus = figures_[node].max;
    n.drain_left = figures_[node].drain_left;
    n.only_copies = figures_[node].only_copies;
    n.drain_counted = figures_[node].drains && model.nodes.has(node, kDrains);
  }
  for (NodeIndex node : being_left_) {
    model.nodes.free_index(node);
    model.spare.forget(node);
  }
  being_left_.clear();
}

}  // namespace fsdfs::master
