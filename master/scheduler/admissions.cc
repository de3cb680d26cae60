#include "master/scheduler/admissions.h"

#include <algorithm>

namespace fsdfs::master {

namespace {

bool contains(const std::vector<NodeId>& ids, const NodeId& id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

}  // namespace

Units Admissions::need_of(const Session& session, size_t member) const {
  int arriving = actions_.model().guards.count_arriving ? static_cast<int>(member) : 0;
  return copies_units(arriving) - to_units(session.request.target);
}

void Admissions::add_member(Session& session, NodeIndex node) {
  session.members.push_back({node, 0, session.request.size});
  actions_.model().nodes.edit(node).waiting += session.request.size;
}

void Admissions::drop_member(Session& session, size_t index) {
  const Member& member = session.members[index];
  Node& node = actions_.model().nodes.edit(member.node);
  node.arriving -= member.granted;
  node.waiting -= member.waiting;
  session.members.erase(session.members.begin() + static_cast<std::ptrdiff_t>(index));
  actions_.model().wake();
}

Admissions::Step Admissions::make_room(SessionId id, const Session& session, NodeIndex node, uint64_t bytes,
                                       Units need, MonotonicTime now) {
  Model& model = actions_.model();
  int64_t missing = static_cast<int64_t>(bytes) - model.nodes.room_promised(node);
  if (missing <= 0) return Step::kChosen;
  if (bytes > model.nodes.at(node).info.quota) return Step::kNone;
  VictimIndex::Wish wish;
  wish.node = node;
  wish.bytes = static_cast<uint64_t>(missing);
  wish.surplus_min = need + (model.guards.strict_gap ? 2 : 0) * kCopy;
  wish.last_of_trash = need < 0;
  wish.except_inode = session.request.inode.value;
  VictimIndex::Harvest harvest = actions_.victims().gather(wish);
  if (harvest.outcome == VictimIndex::Harvest::Outcome::kUnknown) return Step::kUnknown;
  if (harvest.outcome == VictimIndex::Harvest::Outcome::kTooLittle) return Step::kNone;
  for (Slot victim : harvest.victims) {
    actions_.doom(victim, node, {DeleteCause::kRoomForSession, session.request.inode, id, {}}, now);
  }
  return Step::kChosen;
}

Admissions::Step Admissions::choose_member(SessionId id, Session& session, MonotonicTime now) {
  Model& model = actions_.model();
  std::vector<NodeIndex> members;
  for (const Member& member : session.members) members.push_back(member.node);
  Slot slot = session.request.inode.value == 0 ? kNoSlot : model.files.find(session.request.inode.value);
  const FileRecord* record = slot == kNoSlot ? nullptr : &model.files.at(slot);
  Placement::Ask ask;
  ask.inode = session.request.inode.value;
  ask.record = record;
  ask.bytes = session.request.size;
  ask.beside_copies = true;
  ask.members = &members;

  Units need = need_of(session, session.members.size());
  struct Option {
    Placement::Candidate candidate;
    bool holder;
    int32_t rank;  // of its best victim, where one has to go
  };
  std::vector<Option> options;
  for (const Placement::Candidate& candidate : placement_.look(ask)) {
    if (candidate.fit > Placement::Fit::kNoRoom) continue;
    const NodeId& node_id = model.nodes.at(candidate.node).info.id;
    if (contains(session.request.avoid, node_id)) continue;
    if (session.request.only && session.request.only != node_id) continue;
    bool holder = session.request.in_place && record != nullptr && model.files.holds(*record, candidate.node);
    int32_t rank = 0;
    if (candidate.fit == Placement::Fit::kNoRoom) {
      if (!outlook_.might_evict(candidate.node, need, session.request.size, false)) continue;
      rank = actions_.victims().best_rank(candidate.node).value_or(INT32_MIN);
    }
    options.push_back({candidate, holder, rank});
  }
  std::sort(options.begin(), options.end(), [](const Option& a, const Option& b) {
    if (a.holder != b.holder) return a.holder;
    bool a_evicts = a.candidate.fit == Placement::Fit::kNoRoom,
         b_evicts = b.candidate.fit == Placement::Fit::kNoRoom;
    if (a_evicts != b_evicts) return b_evicts;
    if (a_evicts && a.rank != b.rank) return a.rank > b.rank;
    return Placement::better(a.candidate, b.candidate);
  });
  bool unknown = false;
  for (const Option& option : options) {
    Step step = make_room(id, session, option.candidate.node, session.request.size, need, now);
    if (step == Step::kUnknown) unknown = true;
    if (step != Step::kChosen) continue;
    add_member(session, option.candidate.node);
    return Step::kChosen;
  }
  return unknown ? Step::kUnknown : Step::kNone;
}

bool Admissions::all_room_is_there(const Session& session) const {
  return std::all_of(session.members.begin(), session.members.end(), [this](const Member& member) {
    return actions_.model().nodes.room_now(member.node) >= static_cast<int64_t>(member.waiting);
  });
}

void Admissions::grant(Session& session) {
  for (Member& member : session.members) {
    Node& node = actions_.model().nodes.edit(member.node);
    node.waiting -= member.waiting;
    node.arriving += member.waiting;
    member.granted += member.waiting;
    member.waiting = 0;
  }
  session.granted = true;
}

NodeIndex Admissions::worth_waiting_for(const Session& session) const {
  const Model& model = actions_.model();
  if (session.request.only) return kNoNode;
  for (NodeIndex index = 0; index < model.nodes.end(); ++index) {
    const Node& node = model.nodes.at(index);
    bool may_come = model.nodes.has(index, kLive) && !model.nodes.has(index, kTakes) &&
                    node.info.admin == AdminState::kActive && !node.info.at_floor;
    if (!may_come || contains(session.request.avoid, node.info.id)) continue;
    bool member = std::any_of(session.members.begin(), session.members.end(),
                              [index](const Member& m) { return m.node == index; });
    if (member || session.request.size > node.info.quota) continue;
    bool has_room = model.nodes.room_promised(index) >= static_cast<int64_t>(session.request.size);
    Units need = need_of(session, session.members.size());
    if (has_room || outlook_.might_evict(index, need, session.request.size, false)) return index;
  }
  return kNoNode;
}

// Of the one node that was asked for.
Status Admissions::refusal_of(const NodeId& id, uint64_t size) const {
  const Model& model = actions_.model();
  std::string name = "node " + to_string(id);
  NodeIndex index = model.nodes.find(id);
  if (index == kNoNode) return failed_precondition(name + " is no node of this swarm");
  const NodeInfo& info = model.nodes.at(index).info;
  if (info.admin != AdminState::kActive) {
    return failed_precondition(name + " is not active: `fsdfs node activate` it");
  }
  if (info.liveness != Liveness::kUp) return failed_precondition(name + " is not up");
  if (info.at_floor) {
    return no_space("no space: the filesystem of " + name + " is at its floor of free space");
  }
  if (!model.nodes.has(index, kTakes)) {
    return failed_precondition(name + " has not reported yet what it holds: try again in a moment");
  }
  return no_space("no space: " + std::to_string(size) + " bytes on " + name + ", whose free room is " +
                  std::to_string(std::max<int64_t>(0, model.nodes.room_promised(index))) +
                  " bytes, and no copy may give way: raise its quota or delete files");
}

Status Admissions::refusal(const Session& session) const {
  const Model& model = actions_.model();
  if (session.request.only) return refusal_of(*session.request.only, session.request.size);
  int able = 0;
  uint64_t most = 0;
  for (NodeIndex index = 0; index < model.nodes.end(); ++index) {
    if (!model.nodes.has(index, kTakes)) continue;
    ++able;
    most = std::max(most, static_cast<uint64_t>(std::max<int64_t>(0, model.nodes.room_promised(index))));
  }
  if (able == 0) return unavailable("no active node is up: start a server, or `fsdfs node activate` one");
  return no_space("no space: " + std::to_string(session.request.size) + " bytes on " +
                  std::to_string(std::max(1, model.settings.sync_copies_min)) + " of " +
                  std::to_string(able) + " active nodes; the largest free room is " + std::to_string(most) +
                  " bytes and no copy may give way: add a server, raise a quota or delete files");
}

std::vector<NodeId> Admissions::chain_of(const Session& session) const {
  std::vector<NodeId> chain;
  for (const Member& member : session.members)
    chain.push_back(actions_.model().nodes.at(member.node).info.id);
  return chain;
}

void Admissions::drop_lost_members(Session& session, const AdmitRequest& request) {
  if (!session.granted) return;
  for (size_t i = session.members.size(); i-- > 0;) {
    NodeIndex node = session.members[i].node;
    bool lost = !actions_.model().nodes.has(node, kLive) ||
                contains(request.avoid, actions_.model().nodes.at(node).info.id);
    if (!lost) continue;
    drop_member(session, i);
    session.granted = false;
  }
}

Admission Admissions::admit(const AdmitRequest& request, MonotonicTime now) {
  Model& model = actions_.model();
  size_t doom_mark = actions_.doom_mark();
  Admission answer;
  auto [it, is_new] = sessions_.try_emplace(request.session);
  Session& session = it->second;
  session.asked = now;
  drop_lost_members(session, request);
  if (!session.granted) session.request = request;
  int wanted = request.copies > 0 ? request.copies : model.settings.sync_copies;
  if (request.only) wanted = 1;
  bool unknown = false;
  if (!session.granted) {
    for (size_t i = session.members.size(); i-- > 0;) {
      NodeIndex node = session.members[i].node;
      bool usable = model.nodes.has(node, kTakes) && model.nodes.room_promised(node) >= 0 &&
                    !contains(request.avoid, model.nodes.at(node).info.id);
      bool as_asked = session.members[i].granted > 0 || session.members[i].waiting == request.size;
      if (!usable || !as_asked) drop_member(session, i);
    }
    while (session.members.size() < static_cast<size_t>(wanted)) {
      Step step = choose_member(request.session, session, now);
      unknown = step == Step::kUnknown;
      if (step != Step::kChosen) break;
    }
  }
  answer.wanted = static_cast<int>(session.members.size());
  bool enough = static_cast<int>(session.members.size()) >=
                std::min(wanted, std::max(1, model.settings.sync_copies_min));
  NodeIndex hoped_for = session.granted || static_cast<int>(session.members.size()) >= wanted
                            ? kNoNode
                            : worth_waiting_for(session);
  if (unknown) {
    needs_sweep_ = true;
    answer.outcome = Admission::Outcome::kWait;
    answer.waiting_for = "the search for copies that can give way";
  } else if (hoped_for != kNoNode) {
    answer.outcome = Admission::Outcome::kWait;
    answer.waiting_for =
        "node " + to_string(model.nodes.at(hoped_for).info.id) +
        (model.nodes.has(hoped_for, kSource) ? ", which has not reported yet" : ", which is silent");
    ++answer.wanted;
  } else if (!enough) {
    answer.outcome = Admission::Outcome::kRefused;
    answer.refusal = refusal(session);
    actions_.undo_dooms(doom_mark);
    release(request.session);
  } else if (session.granted || all_room_is_there(session)) {
    if (!session.granted) grant(session);
    answer.outcome = Admission::Outcome::kGranted;
    answer.chain = chain_of(session);
  } else {
    answer.outcome = Admission::Outcome::kWait;
    answer.waiting_for = "space: deletions are under way";
  }
  return answer;
}

Admission Admissions::extend(SessionId id, uint64_t more_bytes, MonotonicTime now) {
  Admission answer;
  auto it = sessions_.find(id);
  if (it == sessions_.end() || !it->second.granted) {
    answer.refusal = failed_precondition(
        "session " + to_string(id) + " has no space reserved: admit it first", Reason::kSessionLost);
    return answer;
  }
  Model& model = actions_.model();
  Session& session = it->second;
  session.asked = now;
  size_t doom_mark = actions_.doom_mark();
  bool unknown = false;
  for (size_t i = 0; i < session.members.size(); ++i) {
    Member& member = session.members[i];
    model.nodes.edit(member.node).waiting -= std::exchange(member.waiting, 0);
    // The file is written whatever its other members do: it needs room as the last of them does.
    Step step =
        make_room(id, session, member.node, more_bytes, need_of(session, session.members.size()), now);
    if (step == Step::kNone) {
      actions_.undo_dooms(doom_mark);
      for (Member& earlier : session.members) {
        model.nodes.edit(earlier.node).waiting -= std::exchange(earlier.waiting, 0);
      }
      answer.refusal =
          no_space("no space: node " + to_string(model.nodes.at(member.node).info.id) + " has no room for " +
                   std::to_string(more_bytes) + " more bytes: add a server or raise its quota");
      return answer;
    }
    unknown = unknown || step == Step::kUnknown;
    member.waiting = more_bytes;
    model.nodes.edit(member.node).waiting += more_bytes;
  }
  answer.wanted = static_cast<int>(session.members.size());
  answer.chain = chain_of(session);
  needs_sweep_ = needs_sweep_ || unknown;
  if (!unknown && all_room_is_there(session)) {
    grant(session);
    answer.outcome = Admission::Outcome::kGranted;
  } else {
    answer.outcome = Admission::Outcome::kWait;
    answer.waiting_for =
        unknown ? "the search for copies that can give way" : "space: deletions are under way";
  }
  return answer;
}

void Admissions::release(SessionId id) {
  auto it = sessions_.find(id);
  if (it == sessions_.end()) return;
  while (!it->second.members.empty()) drop_member(it->second, it->second.members.size() - 1);
  sessions_.erase(it);
}

void Admissions::node_removed(NodeIndex node) {
  for (auto& [id, session] : sessions_) {
    for (size_t i = session.members.size(); i-- > 0;) {
      if (session.members[i].node == node) drop_member(session, i);
    }
  }
}

void Admissions::expire(MonotonicTime now) {
  std::vector<SessionId> forgotten;
  for (const auto& [id, session] : sessions_) {
    if (!session.granted && session.asked + actions_.model().settings.admit_timeout <= now)
      forgotten.push_back(id);
  }
  for (SessionId id : forgotten) release(id);
}

}  // namespace fsdfs::master
