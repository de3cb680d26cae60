#include "node/store/quota.h"

#include <cassert>
#include <utility>

namespace fsdfs::node {

Reservation::Reservation(Reservation&& other) noexcept
    : ledger_(std::exchange(other.ledger_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

Reservation& Reservation::operator=(Reservation&& other) noexcept {
  if (this != &other) {
    release();
    ledger_ = std::exchange(other.ledger_, nullptr);
    bytes_ = std::exchange(other.bytes_, 0);
  }
  return *this;
}

Status Reservation::grow_to(uint64_t bytes) {
  if (bytes <= bytes_) return {};
  FSDFS_TRY(ledger_->take(bytes - bytes_));
  bytes_ = bytes;
  return {};
}

void Reservation::keep(uint64_t bytes) {
  assert(bytes <= bytes_);
  if (ledger_ != nullptr) ledger_->give_back(bytes_, bytes);
  ledger_ = nullptr;
  bytes_ = 0;
}

void Reservation::release() {
  keep(0);
}

uint64_t QuotaLedger::quota() const {
  return quota_;
}

uint64_t QuotaLedger::used() const {
  std::lock_guard lock(mutex_);
  return held_ + reserved_;
}

uint64_t QuotaLedger::reserved() const {
  std::lock_guard lock(mutex_);
  return reserved_;
}

Result<Reservation> QuotaLedger::reserve(uint64_t bytes) {
  FSDFS_TRY(take(bytes));
  return Reservation(*this, bytes);
}

Status QuotaLedger::take(uint64_t bytes) {
  std::lock_guard lock(mutex_);
  uint64_t used = held_ + reserved_;
  uint64_t free = used < quota_ ? quota_ - used : 0;
  if (bytes > free) {
    return no_space("no space: node " + name_ + " has a quota of " + std::to_string(quota_) + " bytes with " +
                    std::to_string(free) + " free, and " + std::to_string(bytes) + " more are needed");
  }
  reserved_ += bytes;
  return {};
}

void QuotaLedger::give_back(uint64_t reserved, uint64_t kept) {
  std::lock_guard lock(mutex_);
  assert(reserved <= reserved_);
  reserved_ -= reserved;
  held_ += kept;
}

void QuotaLedger::add_held(uint64_t bytes) {
  std::lock_guard lock(mutex_);
  held_ += bytes;
}

void QuotaLedger::remove_held(uint64_t bytes) {
  std::lock_guard lock(mutex_);
  assert(bytes <= held_);
  held_ -= bytes;
}

}  // namespace fsdfs::node
