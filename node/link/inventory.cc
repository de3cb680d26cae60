#include "node/link/inventory.h"

#include <algorithm>

#include "node/store/wire.h"

namespace fsdfs::node {

Result<std::optional<v1::NodeMessage>> Inventory::next() {
  std::optional<ReplicaSpan> asked;
  {
    std::lock_guard lock(mutex_);
    if (!asked_.empty()) {
      asked = asked_.front();
      asked_.pop_front();
    }
  }
  if (!asked && told_ == kReplicaIdMax) return std::optional<v1::NodeMessage>();
  FSDFS_ASSIGN(auto message, asked ? next_page(*asked) : next_ranges());
  return std::optional(std::move(message));
}

Status Inventory::ask(const v1::InventoryRequest& request) {
  std::lock_guard lock(mutex_);
  for (const v1::ReplicaSpan& wired : request.spans()) {
    ReplicaSpan span{wire::from_wire(wired.after()), wire::from_wire(wired.last())};
    if (span.last <= span.after) return invalid_argument("the master asks for a span without ids");
    if (asked_.size() >= kAskedMax) {
      return Status(Code::kResourceExhausted, "the master asks for too many spans of the inventory");
    }
    asked_.push_back(span);
  }
  return {};
}

// The last range of all ends at kReplicaIdMax, also where it holds nothing: so the master hears of every id.
Result<v1::NodeMessage> Inventory::next_ranges() {
  v1::NodeMessage message;
  v1::InventoryRanges& ranges = *message.mutable_inventory_ranges();
  if (told_ != ReplicaId{}) *ranges.mutable_after() = wire::to_wire(told_);
  for (size_t i = 0; i < sizes_.ranges_in_message && told_ != kReplicaIdMax; ++i) {
    FSDFS_ASSIGN(auto held, store_.page(told_, sizes_.range));
    RangeDigest digest;
    for (const auto& [replica, content, state] : held) {
      digest.add(replica, content.size, content.digest, static_cast<uint8_t>(state));
    }
    told_ = held.size() < sizes_.range ? kReplicaIdMax : held.back().replica;
    v1::InventoryRange& range = *ranges.add_ranges();
    *range.mutable_last() = wire::to_wire(told_);
    range.set_count(static_cast<uint32_t>(digest.count()));
    range.set_digest(digest.finish());
  }
  return message;
}

Result<v1::NodeMessage> Inventory::next_page(const ReplicaSpan& span) {
  FSDFS_ASSIGN(auto held, store_.page(span.after, sizes_.page));
  auto end = std::partition_point(held.begin(), held.end(),
                                  [&](const HeldReplica& each) { return each.replica <= span.last; });
  bool whole_span = end != held.end() || held.size() < sizes_.page;
  held.erase(end, held.end());
  ReplicaSpan covered{span.after, whole_span ? span.last : held.back().replica};
  if (covered.last != span.last) {
    std::lock_guard lock(mutex_);
    asked_.push_front({covered.last, span.last});
  }
  v1::NodeMessage message;
  v1::InventoryPage& page = *message.mutable_inventory_page();
  if (covered.after != ReplicaId{}) *page.mutable_span()->mutable_after() = wire::to_wire(covered.after);
  *page.mutable_span()->mutable_last() = wire::to_wire(covered.last);
  for (const HeldReplica& each : held) *page.add_held() = wire::to_wire(each);
  return message;
}

}  // namespace fsdfs::node
