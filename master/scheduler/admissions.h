// Admissions: chooses the nodes of a session's chain and keeps their space until the session ends.
//
// W = min(sync_copies, active nodes that are not dead and can make room under invariant 2); a node that is
// silent or has not reported yet is waited for. Where room has to be made, deletions are ordered and the
// caller asks again; a refused request deletes nothing. Not thread-safe.
#pragma once

#include <map>
#include <vector>

#include "master/scheduler/actions.h"
#include "master/scheduler/outlook.h"
#include "master/scheduler/placement.h"

namespace fsdfs::master {

class Admissions {
 public:
  Admissions(Actions& actions, Placement& placement, Outlook& outlook)
      : actions_(actions), placement_(placement), outlook_(outlook) {}

  Admission admit(const AdmitRequest& request, MonotonicTime now);
  Admission extend(SessionId session, uint64_t more_bytes, MonotonicTime now);
  void release(SessionId session);
  void node_removed(NodeIndex node);
  // Forgets waiting sessions that nobody asks about any more.
  void expire(MonotonicTime now);
  // An admission waits for a list of victims.
  bool needs_sweep() const { return needs_sweep_; }
  void swept() { needs_sweep_ = false; }

 private:
  struct Member {
    NodeIndex node = kNoNode;
    uint64_t granted = 0;  // counted in the node's arriving bytes
    uint64_t waiting = 0;  // counted in its waiting bytes
  };
  struct Session {
    AdmitRequest request;
    std::vector<Member> members;
    bool granted = false;
    MonotonicTime asked{};
  };
  enum class Step : uint8_t { kChosen, kNone, kUnknown };

  Units need_of(const Session& session, size_t member) const;
  Step choose_member(SessionId id, Session& session, MonotonicTime now);
  Step make_room(SessionId id, const Session& session, NodeIndex node, uint64_t bytes, Units need,
                 MonotonicTime now);
  void add_member(Session& session, NodeIndex node);
  void drop_member(Session& session, size_t index);
  // A granted session goes on without members that died or are to be avoided, and may get new ones.
  void drop_lost_members(Session& session, const AdmitRequest& request);
  bool all_room_is_there(const Session& session) const;
  void grant(Session& session);
  // An active node that may yet be able to take part; kNoNode when there is none.
  NodeIndex worth_waiting_for(const Session& session) const;
  Status refusal(const Session& session) const;
  Status refusal_of(const NodeId& id, uint64_t size) const;
  std::vector<NodeId> chain_of(const Session& session) const;

  Actions& actions_;
  Placement& placement_;
  Outlook& outlook_;
  std::map<SessionId, Session> sessions_;
  bool needs_sweep_ = false;
};

}  // namespace fsdfs::master
