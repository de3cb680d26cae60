// QuotaLedger: what a node may hold and what it has promised (invariant 7), exact to the byte.
//
//   used = in place + quarantined + reserved by arrivals  <=  quota
//
// A reservation is made before the first byte arrives and becomes "in place" at the end, so a full node says
// so at once. The quota may be under what is held already (an operator lowered it): then nothing new fits.
// Thread-safe. In memory; counted anew from the index at each start.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>

#include "common/status.h"

namespace fsdfs::node {

class QuotaLedger;

// Bytes promised to one arrival; given back at destruction. For one thread at a time.
class Reservation {
 public:
  Reservation() = default;
  ~Reservation() { release(); }
  Reservation(Reservation&& other) noexcept;
  Reservation& operator=(Reservation&& other) noexcept;

  uint64_t bytes() const { return bytes_; }
  // At least so many. After an error it is as it was.
  Status grow_to(uint64_t bytes);
  // Exactly `bytes` (at most what is reserved) stay counted, as held; the rest is given back.
  void keep(uint64_t bytes);
  void release();

 private:
  friend class QuotaLedger;
  Reservation(QuotaLedger& ledger, uint64_t bytes) : ledger_(&ledger), bytes_(bytes) {}
  QuotaLedger* ledger_ = nullptr;
  uint64_t bytes_ = 0;
};

class QuotaLedger {
 public:
  // `name`: of the node, for messages.
  QuotaLedger(std::string name, uint64_t quota) : name_(std::move(name)), quota_(quota) {}

  uint64_t quota() const;
  uint64_t used() const;
  uint64_t reserved() const;  // a part of used()

  // kNoSpace names the node, the quota, what is free and what was asked.
  Result<Reservation> reserve(uint64_t bytes);
  // What is there already, counted at the start or found later, whatever the quota says.
  void add_held(uint64_t bytes);
  void remove_held(uint64_t bytes);

 private:
  friend class Reservation;
  Status take(uint64_t bytes);
  void give_back(uint64_t reserved, uint64_t kept);

  const std::string name_;
  const uint64_t quota_;
  mutable std::mutex mutex_;
  uint64_t held_ = 0;      // guarded by mutex_: in place and quarantined
  uint64_t reserved_ = 0;  // guarded by mutex_
};

}  // namespace fsdfs::node
