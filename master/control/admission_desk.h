// AdmissionDesk: sessions that want a chain, and the leases of those that have one. A session that must wait
// for room is asked for again after every change, until its deadline; then it is refused with what it waited
// for. Part of the control loop; on its thread only. Answers are given on that thread and must be quick.
#pragma once

#include <functional>
#include <list>

#include "master/control/control_context.h"
#include "master/sessions/leases.h"

namespace fsdfs::master {

class AdmissionDesk {
 public:
  using Answer = std::function<void(Admission)>;

  AdmissionDesk(ControlContext& context, Leases& leases) : context_(context), leases_(leases) {}

  void admit(AdmitRequest request, MonotonicTime deadline, Answer answer);
  // More room on every member of a session's chain.
  void extend(const SessionRecord& session, uint64_t more_bytes, Answer answer);
  void renew(SessionId session) { leases_.renew_known(session, context_.clock.now()); }
  // The session was granted a chain and could not be opened.
  void give_up(SessionId session) { context_.scheduler.release(session); }

  // After facts and ticks: asks again for those who wait, and ends sessions whose lease ran out.
  void turn();
  // The master ends: everybody is refused, from now on.
  void stop();

 private:
  struct Waiting {
    AdmitRequest request;
    MonotonicTime deadline;
    Answer answer;
  };
  bool try_admit(const Waiting& waiting);
  void expire_sessions();

  ControlContext& context_;
  Leases& leases_;
  std::list<Waiting> waiting_;  // in the order of their coming
  bool stopped_ = false;
};

}  // namespace fsdfs::master
