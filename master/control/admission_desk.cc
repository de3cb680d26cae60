#include "master/control/admission_desk.h"

#include <fmt/format.h>

#include "common/units.h"
#include "master/sessions/sessions.h"

namespace fsdfs::master {
namespace {

Admission refused(Status why) {
  Admission admission;
  admission.refusal = std::move(why);
  return admission;
}

}  // namespace

void AdmissionDesk::admit(AdmitRequest request, MonotonicTime deadline, Answer answer) {
  if (stopped_) return answer(refused(unavailable("the master is shutting down")));
  Waiting waiting{std::move(request), deadline, std::move(answer)};
  if (!try_admit(waiting)) waiting_.push_back(std::move(waiting));
}

// True when it was answered.
bool AdmissionDesk::try_admit(const Waiting& waiting) {
  MonotonicTime now = context_.clock.now();
  Admission admission = context_.scheduler.admit(waiting.request, now);
  if (admission.outcome == Admission::Outcome::kWait) {
    if (now < waiting.deadline) return false;
    context_.scheduler.release(waiting.request.session);
    admission = refused(no_space(
        fmt::format("no space: {} for {} could not be made free in time; still waiting for {}",
                    format_size(waiting.request.size), "a new file's copies", admission.waiting_for)));
  }
  waiting.answer(std::move(admission));
  return true;
}

void AdmissionDesk::extend(const SessionRecord& session, uint64_t more_bytes, Answer answer) {
  bool restored = false;
  for (const NodeId& id : session.chain) {
    KnownNode* node = context_.nodes.find(id);
    if (node == nullptr) continue;
    if (!node->staged.contains(session.id)) continue;
    // The admission was another process's: the node itself watches its quota.
    node->staged.set(session.id, session.size + more_bytes);
    context_.tell_node(*node);
    restored = true;
  }
  if (restored) {
    Admission admission;
    admission.outcome = Admission::Outcome::kGranted;
    admission.chain = session.chain;
    return answer(std::move(admission));
  }
  answer(context_.scheduler.extend(session.id, more_bytes, context_.clock.now()));
}

void AdmissionDesk::turn() {
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    it = try_admit(*it) ? waiting_.erase(it) : std::next(it);
  }
  expire_sessions();
}

void AdmissionDesk::expire_sessions() {
  for (SessionId id : leases_.take_expired(context_.clock.now())) {
    context_.logger.info("session {} was not heard of for {}: what it staged is deleted", id.value,
                         format_duration(context_.settings.session_lease));
    context_.events.add({.kind = EventKind::kSessionExpired, .text = fmt::format("session {}", id.value)});
    context_.store.submit(
        {},
        [id](WriteTransaction& transaction) -> Result<std::string> {
          FSDFS_TRY(abort_session(transaction, id));
          return std::string();
        },
        [this, id](const Result<std::string>& done) {
          if (done.ok()) return;
          // The row is still there: it gets another lease, and another attempt.
          context_.post([this, id] { leases_.renew(id, context_.clock.now()); });
        });
  }
}

void AdmissionDesk::stop() {
  stopped_ = true;
  for (const Waiting& waiting : waiting_) waiting.answer(refused(unavailable("the master is shutting down")));
  waiting_.clear();
}

}  // namespace fsdfs::master
