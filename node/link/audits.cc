#include "node/link/audits.h"

#include "node/store/wire.h"

namespace fsdfs::node {

Result<v1::AuditPage> answer_audit(ReplicaStore& store, const v1::AuditOrder& order) {
  v1::AuditPage page;
  page.set_request(order.request());
  for (const v1::ReplicaId& id : order.ids()) {
    FSDFS_ASSIGN(auto held, store.find(wire::from_wire(id)));
    if (held) *page.add_held() = wire::to_wire(*held);
  }
  page.set_last(true);
  if (order.ids_size() != 0) return page;
  std::optional<ReplicaId> after;
  if (order.has_after()) after = wire::from_wire(order.after());
  FSDFS_ASSIGN(auto held, store.page(after, Audits::kPage));
  for (const HeldReplica& each : held) *page.add_held() = wire::to_wire(each);
  page.set_last(held.size() < Audits::kPage);
  return page;
}

}  // namespace fsdfs::node
