#include "master/scheduler/scheduler.h"

#include <algorithm>

#include "master/scheduler/explain.h"
#include "master/scheduler/read_weight.h"
#include "master/scheduler/scheduler_core.h"
#include "master/scheduler/settings_check.h"

namespace fsdfs::master {

Scheduler::Scheduler(const SchedulerSettings& settings, const SchedulerGuards& guards)
    : core_(std::make_unique<SchedulerCore>(settings, guards)) {}
Scheduler::~Scheduler() = default;
Scheduler::Scheduler(Scheduler&&) noexcept = default;
Scheduler& Scheduler::operator=(Scheduler&&) noexcept = default;

Status Scheduler::set_settings(const SchedulerSettings& settings) {
  return core_->set_settings(settings);
}
void Scheduler::set_recovering(bool recovering) {
  core_->set_recovering(recovering);
}

Status Scheduler::node_changed(const NodeInfo& info) {
  return core_->node_changed(info);
}

void Scheduler::node_restarted(NodeId node) {
  if (NodeIndex index = core_->model().nodes.find(node); index != kNoNode) core_->node_restarted(index);
}

void Scheduler::node_reported(NodeId node) {
  if (NodeIndex index = core_->model().nodes.find(node); index != kNoNode) core_->node_reported(index);
}

void Scheduler::node_removed(NodeId node) {
  if (NodeIndex index = core_->model().nodes.find(node); index != kNoNode) core_->node_removed(index);
}

Status Scheduler::file_changed(const FileInfo& info) {
  return core_->file_changed(info);
}

void Scheduler::weight_changed(InodeId inode, float weight) {
  if (Slot slot = core_->model().files.find(inode.value); slot != kNoSlot)
    core_->weight_changed(slot, weight);
}

float Scheduler::reads_noted(InodeId inode, uint64_t reads, WallTime at) {
  Slot slot = core_->model().files.find(inode.value);
  return slot == kNoSlot ? kNeverRead : core_->reads_noted(slot, reads, at);
}

void Scheduler::file_removed(InodeId inode) {
  if (Slot slot = core_->model().files.find(inode.value); slot != kNoSlot) core_->file_removed(slot);
}

Status Scheduler::replica_added(InodeId inode, Version version, uint64_t size, NodeId node) {
  FSDFS_TRY(check_version(version));
  NodeIndex index = core_->model().nodes.find(node);
  if (index == kNoNode) return not_found("no such node: " + to_string(node));
  return core_->replica_added(inode, version, size, index);
}

void Scheduler::replica_removed(InodeId inode, Version version, NodeId node) {
  NodeIndex index = core_->model().nodes.find(node);
  if (index != kNoNode) core_->replica_removed(inode, version, index);
}

Status Scheduler::replica_deleting(InodeId inode, Version version, uint64_t size, NodeId node) {
  FSDFS_TRY(check_version(version));
  NodeIndex index = core_->model().nodes.find(node);
  if (index == kNoNode) return not_found("no such node: " + to_string(node));
  return core_->replica_deleting(inode, version, size, index);
}

void Scheduler::copy_finished(OrderId order) {
  core_->copy_finished(order);
}
void Scheduler::copy_failed(OrderId order, CopyFailure why, MonotonicTime now) {
  core_->copy_failed(order, why, now);
}

void Scheduler::delete_failed(InodeId inode, Version version, NodeId node) {
  NodeIndex index = core_->model().nodes.find(node);
  if (index != kNoNode) core_->delete_failed(inode, version, index);
}

Admission Scheduler::admit(const AdmitRequest& request, MonotonicTime now) {
  return core_->admit(request, now);
}
Admission Scheduler::extend(SessionId session, uint64_t more_bytes, MonotonicTime now) {
  return core_->extend(session, more_bytes, now);
}
void Scheduler::release(SessionId session) {
  core_->release(session);
}

TickResult Scheduler::tick(MonotonicTime now) {
  return core_->tick(now);
}

Health Scheduler::health() const {
  return health_of(*core_);
}

std::optional<NodeView> Scheduler::node(NodeId node) const {
  NodeIndex index = core_->model().nodes.find(node);
  if (index == kNoNode) return std::nullopt;
  return view_of(core_->model(), index);
}

std::vector<NodeView> Scheduler::nodes() const {
  std::vector<NodeView> views;
  const NodeTable& nodes = core_->model().nodes;
  for (NodeIndex index = 0; index < nodes.end(); ++index) {
    if (nodes.at(index).exists) views.push_back(view_of(core_->model(), index));
  }
  std::sort(views.begin(), views.end(), [](const NodeView& a, const NodeView& b) { return a.id < b.id; });
  return views;
}

Explanation Scheduler::why(InodeId inode) const {
  return explain(*core_, inode);
}

std::vector<NodeId> Scheduler::holders(InodeId inode) const {
  const Model& model = std::as_const(*core_).model();
  Slot slot = model.files.find(inode.value);
  std::vector<NodeId> first, then;
  if (slot == kNoSlot) return first;
  for (NodeIndex node : model.files.holders(model.files.at(slot))) {
    if (!model.nodes.has(node, kLive)) continue;
    bool best = model.nodes.has(node, kSource) && model.nodes.has(node, kStays);
    (best ? first : then).push_back(model.nodes.at(node).info.id);
  }
  first.insert(first.end(), then.begin(), then.end());
  return first;
}

std::optional<WhatIf> Scheduler::what_if_lost(NodeId node) const {
  const Model& model = std::as_const(*core_).model();
  if (model.nodes.find(node) == kNoNode) return std::nullopt;
  return master::what_if_lost(model, node);
}

WhatIf Scheduler::what_if_added(uint64_t quota) const {
  return master::what_if_added(std::as_const(*core_).model(), quota);
}

size_t Scheduler::resident_bytes() const {
  return core_->resident_bytes();
}

}  // namespace fsdfs::master
