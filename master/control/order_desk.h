// OrderDesk: brings the scheduler's orders to the nodes. A copy goes out with what its replica must say of
// itself; a deletion goes out after it is durable (the row's state), so that a node that misses it is told
// again. Part of the control loop; on its thread only.
#pragma once

#include <map>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "master/control/control_context.h"
#include "master/control/replica_changes.h"

namespace fsdfs::master {

class OrderDesk {
 public:
  explicit OrderDesk(ControlContext& context) : context_(context), epoch_(context.store.epoch()) {}

  void dispatch(std::vector<Order> orders);

  // A row became `deleting` by our own order: the scheduler knows.
  bool is_ordering(const ReplicaId& replica, const NodeId& node) const {
    return ordering_.contains({replica, node});
  }
  // The node says how an order ended that did not succeed.
  void ended(const NodeId& node, const OrderOutcome& outcome);
  // The copy is in its place, or (`counts` false) will never count: its order is done.
  void copy_arrived(const ReplicaId& replica, const NodeId& node, bool counts);
  // The way to the node is gone, and its copies under way with it.
  void lost(const NodeId& node);

 private:
  using Key = std::pair<ReplicaId, NodeId>;

  Status send_copy(ReadView& view, const CopyOrder& order);
  void cancel(const CancelOrder& order);
  void make_durable(std::vector<DeleteOrder> orders, bool sync);
  void send_deletions(const std::vector<DeleteOrder>& orders, const std::vector<DeletionVerdict>& verdicts);
  void forget_copy(const Key& key);
  void note_failure(const Key& key, std::string why);
  // Orders on the wire carry the epoch, so that an answer to an earlier master's order is no answer to ours.
  OrderId on_wire(OrderId order) const { return OrderId{compose_with_epoch(epoch_, order.value)}; }

  ControlContext& context_;
  const Epoch epoch_;       // in which this process began
  std::set<Key> ordering_;  // deletions on their way through the writer
  struct Copy {
    OrderId order;
    uint64_t size = 0;
    MonotonicTime since{};
  };
  std::map<Key, Copy> copies_;      // ordered and not ended
  std::map<OrderId, Key> copy_of_;  // the same by order
  uint64_t deletions_ = 0;
};

}  // namespace fsdfs::master
