#include "master/control/event_log.h"

#include <algorithm>
#include <utility>

namespace fsdfs::master {
namespace {

struct ToEvent {
  Event operator()(const CopyOrder& order) const {
    return {.kind = EventKind::kCopyOrdered,
            .cause = static_cast<uint8_t>(order.cause),
            .node = order.target,
            .replica = order.replica,
            .size = order.size,
            .surplus = order.surplus};
  }
  Event operator()(const DeleteOrder& order) const {
    bool for_session = order.cause == DeleteCause::kRoomForSession;
    return {.kind = EventKind::kDeleteOrdered,
            .cause = static_cast<uint8_t>(order.cause),
            .repeated = order.repeated,
            .node = order.node,
            .replica = order.replica,
            .surplus = order.surplus,
            .by_way_of = order.by_way_of,
            .for_whom = for_session ? order.for_session.value : order.for_inode.value};
  }
  Event operator()(const CancelOrder& order) const {
    return {.kind = EventKind::kCancelOrdered,
            .cause = static_cast<uint8_t>(order.cause),
            .node = order.target,
            .replica = order.replica};
  }
};

}  // namespace

Event event_of(const Order& order) {
  return std::visit(ToEvent{}, order);
}

Order order_of(const Event& event) {
  if (event.kind == EventKind::kDeleteOrdered) {
    DeleteOrder order;
    order.replica = event.replica;
    order.node = event.node;
    order.cause = static_cast<DeleteCause>(event.cause);
    order.surplus = event.surplus;
    order.for_inode = InodeId{event.for_whom};
    order.for_session = SessionId{event.for_whom};
    order.by_way_of = event.by_way_of;
    order.repeated = event.repeated;
    return order;
  }
  if (event.kind == EventKind::kCancelOrdered) {
    CancelOrder order;
    order.replica = event.replica;
    order.target = event.node;
    order.cause = static_cast<CancelCause>(event.cause);
    return order;
  }
  CopyOrder order;
  order.replica = event.replica;
  order.size = event.size;
  order.target = event.node;
  order.cause = static_cast<CopyCause>(event.cause);
  order.surplus = event.surplus;
  return order;
}

EventLog::EventLog(const Clock& clock, Epoch epoch, size_t kept)
    : clock_(clock), epoch_(epoch), kept_(std::max<size_t>(1, kept)) {
  // Costs addresses, not memory; and no adding ever waits for the ring to be moved.
  ring_.reserve(kept_);
}

void EventLog::add(Event event) {
  event.time = clock_.wall();
  std::lock_guard lock(mutex_);
  event.sequence = sequence_of(++added_);
  if (ring_.size() < kept_) {
    ring_.push_back(std::move(event));
  } else {
    ring_[(added_ - 1) % kept_] = std::move(event);
  }
}

void EventLog::flush() {
  std::function<void()> listener;
  {
    std::lock_guard lock(mutex_);
    if (told_ == added_) return;
    told_ = added_;
    listener = listener_;
  }
  if (listener) listener();
}

void EventLog::set_listener(std::function<void()> listener) {
  std::lock_guard lock(mutex_);
  listener_ = std::move(listener);
}

EventLog::Page EventLog::after(uint64_t sequence, size_t limit) const {
  Page page;
  std::lock_guard lock(mutex_);
  uint64_t base = sequence_of(0);
  // What an earlier master said is below all that is here.
  uint64_t seen = sequence > base ? std::min(sequence - base, added_) : 0;
  if (ring_.empty()) return page;
  uint64_t first = std::max(seen + 1, oldest());
  page.missed = first - seen - 1;
  for (uint64_t number = first; number <= added_ && page.events.size() < limit; ++number) {
    page.events.push_back(ring_[(number - 1) % kept_]);
  }
  return page;
}

uint64_t EventLog::before_last(size_t count) const {
  std::lock_guard lock(mutex_);
  return sequence_of(added_ - std::min<uint64_t>(count, ring_.size()));
}

}  // namespace fsdfs::master
