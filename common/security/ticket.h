// Ticket: a short-lived, authenticated permission for one client to read, write or pull one inode at a node.
// Receipt: a node's authenticated statement that it holds a replica, which a client carries to the master.
//
// The master (or a shadow) seals tickets after its check of the path and the node opens them at every data
// call, so that nodes need not ask the master. Nodes seal receipts and the master opens them. Both are sealed
// with a MAC under a key that every full member shares: Authority::subkey(kTicketKeyLabel),
// subkey(kReceiptKeyLabel).
//
// Thread safety: plain values, functions without state. MACs are compared in constant time.
// Sealed bytes are a format: a leading version byte (1), little-endian fields, 16 bytes of MAC.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/clock.h"
#include "common/ids.h"
#include "common/security/keys.h"
#include "common/status.h"

namespace fsdfs {

inline constexpr std::string_view kTicketKeyLabel = "ticket";
inline constexpr std::string_view kReceiptKeyLabel = "receipt";
inline constexpr std::chrono::seconds kTicketLifetimeMax{60};  // what whoever seals keeps to

enum class Right : uint8_t {
  kRead = 1,
  kWrite = 2,
  kPull = 4,  // copy a replica from node to node
};
using Rights = uint8_t;  // a set of Right
inline constexpr Rights operator|(Right a, Right b) {
  return static_cast<Rights>(static_cast<Rights>(a) | static_cast<Rights>(b));
}
inline constexpr Rights operator|(Rights a, Right b) {
  return static_cast<Rights>(a | static_cast<Rights>(b));
}
inline constexpr bool contains(Rights set, Right right) {
  return (set & static_cast<Rights>(right)) != 0;
}
std::string_view right_name(Right right);  // "read"

struct Ticket {
  InodeId inode;
  Rights rights = 0;
  Fingerprint client;  // only the holder of this key may use it
  Epoch epoch;         // of the master that granted it
  std::chrono::sys_seconds expiry;
  Version version;    // none: any version
  SessionId session;  // 0: outside a session
  friend bool operator==(const Ticket&, const Ticket&) = default;
};

// What a call asks for, which the ticket must allow.
struct TicketUse {
  WallTime now;
  Fingerprint client;  // of the peer that calls
  InodeId inode;
  Right right;
};

std::string seal_ticket(const Ticket& ticket, const SecretKey& key);

// The ticket, if it is genuine and allows the use. kUnauthenticated: it has expired, and a fresh one will do.
// kPermissionDenied: it is forged, of another client, of another inode, or lacks the right.
// Epoch, version and session are for the caller to compare.
Result<Ticket> open_ticket(std::string_view sealed, const SecretKey& key, const TicketUse& use);

// The ticket, if it is genuine. Whether it allows anything is not looked at: for a chain member, which is
// called by the member before it and not by the ticket's client, and then checks the use with open_ticket and
// ticket.client.
Result<Ticket> unseal_ticket(std::string_view sealed, const SecretKey& key);

struct Receipt {
  ReplicaId replica;
  uint64_t size_bytes = 0;
  std::array<uint8_t, 16> content_digest{};
  NodeId node;
  Incarnation incarnation;
  bool fsynced = false;
  friend bool operator==(const Receipt&, const Receipt&) = default;
};

std::string seal_receipt(const Receipt& receipt, const SecretKey& key);
// kPermissionDenied: forged or damaged.
Result<Receipt> open_receipt(std::string_view sealed, const SecretKey& key);

}  // namespace fsdfs
