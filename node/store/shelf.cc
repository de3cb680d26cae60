#include "node/store/shelf.h"

#include <iterator>
#include <utility>

#include "node/store/arrival.h"

namespace fsdfs::node {

Shelved::Shelved() = default;
Shelved::Shelved(std::unique_ptr<Arrival> broken, const Content& whole, BlockSums verified)
    : arrival(std::move(broken)), content(whole), sums(std::move(verified)) {}
Shelved::Shelved(Shelved&&) noexcept = default;
Shelved& Shelved::operator=(Shelved&&) noexcept = default;
Shelved::~Shelved() = default;

Shelf::Shelf(const Limits& limits, const Clock& clock) : limits_(limits), clock_(clock) {}

Shelf::~Shelf() = default;

// In each of these, what is given up moves to a list of its own and ends after the lock is gone.

void Shelf::move_out(const ReplicaId& replica, List& into) {
  for (auto it = kept_.begin(); it != kept_.end();) {
    auto here = it++;
    if (here->shelved.arrival->replica() == replica) into.splice(into.end(), kept_, here);
  }
}

void Shelf::put(Shelved shelved) {
  const Arrival& arrival = *shelved.arrival;
  if (!arrival.alive() || arrival.received() < limits_.bytes_min || limits_.most == 0) return;
  List given_up;
  std::lock_guard lock(mutex_);
  move_out(arrival.replica(), given_up);
  while (kept_.size() >= limits_.most) given_up.splice(given_up.end(), kept_, kept_.begin());
  kept_.push_back({std::move(shelved), clock_.now()});
  // A deletion dooms first and empties the shelf afterwards: one of the two sees the other.
  if (arrival.doomed()) given_up.splice(given_up.end(), kept_, std::prev(kept_.end()));
}

std::optional<Shelved> Shelf::take(const ReplicaId& replica, const Content& content) {
  List taken;
  {
    std::lock_guard lock(mutex_);
    move_out(replica, taken);
  }
  if (taken.empty() || taken.front().shelved.content != content) return std::nullopt;
  return std::move(taken.front().shelved);
}

void Shelf::drop(const ReplicaId& replica) {
  List given_up;
  std::lock_guard lock(mutex_);
  move_out(replica, given_up);
}

bool Shelf::drop_oldest() {
  List given_up;
  std::lock_guard lock(mutex_);
  if (kept_.empty()) return false;
  given_up.splice(given_up.end(), kept_, kept_.begin());
  return true;
}

void Shelf::drop_expired() {
  List given_up;
  MonotonicTime now = clock_.now();
  std::lock_guard lock(mutex_);
  while (!kept_.empty() && kept_.front().since + limits_.time <= now) {
    given_up.splice(given_up.end(), kept_, kept_.begin());
  }
}

void Shelf::clear() {
  List given_up;
  std::lock_guard lock(mutex_);
  given_up.swap(kept_);
}

Shelf::Totals Shelf::totals() const {
  Totals totals;
  std::lock_guard lock(mutex_);
  for (const Kept& kept : kept_) {
    totals.reserved += kept.shelved.arrival->reserved();
    totals.staged += kept.shelved.arrival->received();
  }
  return totals;
}

}  // namespace fsdfs::node
