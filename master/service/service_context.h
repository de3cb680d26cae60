// ServiceContext: what the services share. All of it is thread-safe or constant while they serve, and
// outlives them.
#pragma once

#include <chrono>
#include <mutex>
#include <string>

#include "common/clock.h"
#include "common/config/swarm_settings.h"
#include "common/log.h"
#include "common/security/ticket.h"
#include "master/control/control_loop.h"
#include "master/namespace/links.h"
#include "master/policy/engine.h"
#include "master/policy/read_counter.h"
#include "master/store/store.h"

namespace fsdfs::master {

// What all full members of the swarm share, under Authority::subkey's labels.
struct MasterKeys {
  SecretKey ticket;
  SecretKey receipt;
};

// Where the master can be reached; known once its server listens.
class PublishedAddress {
 public:
  void set(std::string address) {
    std::lock_guard lock(mutex_);
    address_ = std::move(address);
  }
  std::string get() const {
    std::lock_guard lock(mutex_);
    return address_;
  }

 private:
  mutable std::mutex mutex_;
  std::string address_;
};

struct ServiceContext {
  MetadataStore& store;
  ControlLoop& control;
  const Clock& clock;
  Logger& logger;
  const SwarmSettings& settings;
  const std::string& swarm_name;
  const MasterKeys& keys;
  const PublishedAddress& address;
  Duration session_lease;
  PolicyEngine& policy;
  ReadCounter& reads;

  // What becomes of files that lose their last name.
  LastName last_name() const {
    return settings.trash_retention > Duration::zero() ? LastName::kTrash : LastName::kEnds;
  }

  // A ticket for the holder of the key `client`, good from now for kTicketLifetimeMax.
  std::string ticket(InodeId inode, Right right, const Fingerprint& client, Version version,
                     SessionId session) const {
    Ticket ticket;
    ticket.inode = inode;
    ticket.rights = static_cast<Rights>(right);
    ticket.client = client;
    ticket.epoch = store.epoch();
    ticket.expiry = std::chrono::floor<std::chrono::seconds>(
        std::chrono::time_point_cast<std::chrono::nanoseconds>(clock.wall() + kTicketLifetimeMax));
    ticket.version = version;
    ticket.session = session;
    return seal_ticket(ticket, keys.ticket);
  }
};

}  // namespace fsdfs::master
