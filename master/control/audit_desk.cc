#include "master/control/audit_desk.h"

namespace fsdfs::master {

void AuditDesk::ask(AuditQuestion question, Answer answer) {
  KnownNode* node = context_.nodes.find(question.node);
  uint64_t request = ++requests_;
  bool sent = node != nullptr && node->link != nullptr &&
              node->link->send(context_.store.epoch(),
                               AuditMessage{request, std::move(question.ids), question.after});
  if (!sent) return answer(std::nullopt);
  open_[request] = std::move(answer);
  if (open_.size() <= kOpenMax) return;
  open_.begin()->second(std::nullopt);
  open_.erase(open_.begin());
}

void AuditDesk::answered(uint64_t request, AuditAnswer answer) {
  auto found = open_.find(request);
  if (found == open_.end()) return;
  found->second(std::move(answer));
  open_.erase(found);
}

}  // namespace fsdfs::master
