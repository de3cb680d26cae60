// AuditDesk: asks nodes what they hold, once more, for whoever compares it with the records (fsck). Changes
// nothing. A question whose node does not attend, or that too many others follow, is answered with nothing;
// one whose node goes is not answered: who asks waits in bounded time.
//
// Part of the control loop; on its thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "master/control/control_context.h"

namespace fsdfs::master {

struct AuditQuestion {
  NodeId node;
  std::vector<ReplicaId> ids;  // these; none: a page of all
  ReplicaId after;             // of a page: those above it
};

struct AuditAnswer {
  std::vector<HeldReplica> held;  // in the order of ids
  bool last = false;              // of a page: there are no more
};

class AuditDesk {
 public:
  using Answer = std::function<void(std::optional<AuditAnswer>)>;
  static constexpr size_t kOpenMax = 64;

  explicit AuditDesk(ControlContext& context) : context_(context) {}

  void ask(AuditQuestion question, Answer answer);
  void answered(uint64_t request, AuditAnswer answer);

 private:
  ControlContext& context_;
  uint64_t requests_ = 0;
  std::map<uint64_t, Answer> open_;  // by request, at most kOpenMax
};

}  // namespace fsdfs::master
