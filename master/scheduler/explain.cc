#include "master/scheduler/explain.h"

#include <algorithm>
#include <cstdio>

namespace fsdfs::master {

namespace {

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  return text;
}

std::string reason_text(const Placement::Candidate& candidate, const Node& node) {
  switch (candidate.fit) {
    case Placement::Fit::kNow:
      return candidate.throttled ? "has room, is busy with other copies" : "has room";
    case Placement::Fit::kAfterDeletions:
      return "will have room when the deletions under way are done";
    case Placement::Fit::kNoRoom:
      return "no room";
    case Placement::Fit::kHas:
      return "has it";
    case Placement::Fit::kGoing:
      return "its copy is being deleted";
    case Placement::Fit::kFailedLately:
      return "a copy to it failed a short while ago";
    case Placement::Fit::kNotTaking:
      break;
  }
  if (node.info.liveness != Liveness::kUp) return std::string(name_of(node.info.liveness));
  if (node.info.admin != AdminState::kActive) return std::string(name_of(node.info.admin));
  if (node.info.at_floor) return "its filesystem is full";
  return "has not reported yet";
}

std::string next_text(SchedulerCore& core, Slot slot, const Counts& counts) {
  Model& model = core.model();
  const FileRecord& record = model.files.at(slot);
  if (record.removed) return "its copies are being deleted";
  if (record.trash) return "in the trash: its copies go when room is needed, all of them after the retention";
  if (record.open) return "open in a session: left alone until it is closed";
  if (counts.live == 0) return "no live copy: waits for a node that holds one";
  if (counts.sources == 0) return "no node that holds it is up: waits for one";
  core.outlook().refresh();
  Decider::Plan plan = core.decider().plan(slot, counts.live == 1 && record.target >= 2 * kCopy);
  switch (plan.verdict) {
    case Decider::Verdict::kPlaced: {
      std::string text = "a copy to node " + to_string(model.nodes.at(plan.node).info.id);
      if (!plan.victims.empty())
        text += ", where " + std::to_string(plan.victims.size()) + " copies give way";
      return text + ", when its turn comes";
    }
    case Decider::Verdict::kHeld:
      return "another copy, as soon as the limits of the nodes allow";
    case Decider::Verdict::kUnknown:
      return "another copy, if some copy can give way: being looked for";
    case Decider::Verdict::kNowhere:
      break;
  }
  if (!model.settings.fill && plan.need >= 0) return "nothing: it has its copies";
  return plan.need >= 0 ? "nothing: it has its copies, and there is no idle room for more"
                        : "waits for room: no node without it has any, and no copy has a surplus of " +
                              number(from_units(plan.need + 2 * kCopy)) + " or more";
}

void add_places(const Model& model, const FileRecord& record, Explanation& answer) {
  for (NodeIndex node : model.files.holders(record)) {
    answer.places.push_back(
        {model.nodes.at(node).info.id, Place::State::kCurrent, model.nodes.has(node, kLive)});
  }
  if (const auto* ids = model.jobs.of_inode(record.inode)) {
    for (uint64_t id : *ids) {
      const CopyJob& job = *model.jobs.find(id);
      if (job.state == CopyJob::State::kCancelled) continue;
      bool waiting = job.state == CopyJob::State::kWaiting;
      answer.places.push_back({model.nodes.at(job.target).info.id,
                               waiting ? Place::State::kWaiting : Place::State::kArriving, false});
    }
  }
  if (const Leftovers::List* list = model.leftovers.find(record.inode)) {
    for (const Leftover& leftover : *list) {
      bool old = leftover.state == Leftover::State::kOld;
      answer.places.push_back(
          {model.nodes.at(leftover.node).info.id, old ? Place::State::kOld : Place::State::kDoomed, false});
    }
  }
}

const char* cause_text(CopyCause cause) {
  switch (cause) {
    case CopyCause::kBelowTarget:
      return "below its target";
    case CopyCause::kEndangered:
      return "one live copy";
    case CopyCause::kDraining:
      return "a node that holds it is draining";
    case CopyCause::kFill:
      return "idle room";
    case CopyCause::kMakeWay:
      return "makes way elsewhere";
  }
  return "?";
}

std::string cause_text(const DeleteOrder& order) {
  switch (order.cause) {
    case DeleteCause::kRoomForFile:
      return "gives way to " + to_string(order.for_inode) +
             (order.by_way_of.value != 0 ? " by way of " + to_string(order.by_way_of) : "");
    case DeleteCause::kRoomForSession:
      return "gives way to session " + to_string(order.for_session);
    case DeleteCause::kReserve:
      return "refills the write reserve";
    case DeleteCause::kOldVersion:
      return "old version";
    case DeleteCause::kFileRemoved:
      return "file removed";
  }
  return "?";
}

const char* cause_text(CancelCause cause) {
  switch (cause) {
    case CancelCause::kFileChanged:
      return "the file changed";
    case CancelCause::kTooSlow:
      return "too slow";
    case CancelCause::kNoRoom:
      return "no room any more";
  }
  return "?";
}

struct CauseOf {
  std::string operator()(const CopyOrder& order) const {
    return cause_text(order.cause) + (" (K-N = " + number(order.surplus) + ")");
  }
  std::string operator()(const DeleteOrder& order) const {
    bool evicted = order.cause <= DeleteCause::kReserve;
    return cause_text(order) + (evicted ? " (K-N = " + number(order.surplus) + ")" : "") +
           (order.repeated ? ", again" : "");
  }
  std::string operator()(const CancelOrder& order) const { return cause_text(order.cause); }
};

struct Describe {
  std::string operator()(const CopyOrder& order) const {
    return "copy " + order.replica.to_string() + " to " + to_string(order.target) + ": ";
  }
  std::string operator()(const DeleteOrder& order) const {
    return "delete " + order.replica.to_string() + " from " + to_string(order.node) + ": ";
  }
  std::string operator()(const CancelOrder& order) const {
    return "cancel the copy of " + order.replica.to_string() + " to " + to_string(order.target) + ": ";
  }
};

}  // namespace

std::string cause_of(const Order& order) {
  return std::visit(CauseOf{}, order);
}

std::string describe(const Order& order) {
  return std::visit(Describe{}, order) + cause_of(order);
}

Explanation explain(SchedulerCore& core, InodeId inode) {
  Explanation answer;
  Model& model = core.model();
  Slot slot = model.files.find(inode.value);
  if (slot == kNoSlot) return answer;
  const FileRecord& record = model.files.at(slot);
  Counts counts = model.count(record);
  answer.known = true;
  answer.target = from_units(record.target);
  answer.copies = counts.live;
  answer.arriving = record.arriving;
  answer.surplus = from_units(copies_units(counts.live) - record.target);
  answer.open = record.open;
  answer.trash = record.trash;
  add_places(model, record, answer);
  Placement::Ask ask;
  ask.inode = record.inode;
  ask.record = &record;
  ask.bytes = record.size;
  ask.keep_reserve = model.need(record, counts) >= 0;
  ask.all_nodes = true;
  for (const Placement::Candidate& candidate : core.placement().look(ask)) {
    const Node& node = model.nodes.at(candidate.node);
    if (candidate.fit == Placement::Fit::kHas || !node.exists) continue;
    answer.not_on[node.info.id] = reason_text(candidate, node);
  }
  answer.next = next_text(core, slot, counts);
  return answer;
}

NodeView view_of(const Model& model, NodeIndex index) {
  const Node& node = model.nodes.at(index);
  NodeView view;
  view.id = node.info.id;
  view.used = model.nodes.occupied(index);
  view.doomed = node.doomed;
  view.arriving = node.arriving;
  view.files = node.files;
  view.copies_in = node.copies_in;
  view.copies_out = node.copies_out;
  view.has_max_surplus = node.has_max_surplus;
  view.max_surplus = from_units(node.max_surplus);
  bool uncounted = model.nodes.has(index, kDrains) && !node.drain_counted;
  view.drain_left = uncounted ? node.files : node.drain_left;
  view.only_copies = node.only_copies;
  view.drain_counted = node.drain_counted;
  view.reported = node.reported;
  return view;
}

Health health_of(const SchedulerCore& core) {
  const Model& model = core.model();
  Health health;
  model.board.fill(health);
  health.copies_in_flight = model.jobs.in_flight();
  health.nodes_up = static_cast<uint64_t>(model.nodes.count(Liveness::kUp));
  health.nodes_silent = static_cast<uint64_t>(model.nodes.count(Liveness::kSilent));
  health.nodes_dead = static_cast<uint64_t>(model.nodes.count(Liveness::kDead));
  health.settling = core.sweep().awaited();
  return health;
}

}  // namespace fsdfs::master
