#include "common/security/ticket.h"

#include <sodium.h>

#include "common/security/packing.h"

namespace fsdfs {
namespace {

constexpr uint8_t kFormat = 1;
constexpr size_t kTicketBytes = 1 + 8 + 1 + 32 + 8 + 8 + 16 + 8 + kMacSize;
constexpr size_t kReceiptBytes = 1 + 24 + 8 + 16 + 16 + 8 + 1 + kMacSize;

// The fields after the format byte, once the MAC is known to be right.
Result<std::string_view> unseal(std::string_view sealed, size_t size, const SecretKey& key,
                                std::string_view what) {
  if (sealed.empty()) return permission_denied("no " + std::string(what) + " given");
  if (static_cast<uint8_t>(sealed.front()) != kFormat || sealed.size() != size) {
    return permission_denied("not a " + std::string(what) + ": " + std::to_string(sealed.size()) +
                             " bytes of an unknown format (forged, damaged, or of a newer fsdfs)");
  }
  std::string_view body = mac_strip(sealed, key);
  if (body.empty()) {
    return permission_denied("forged " + std::string(what) + ": it was not sealed by a member of this swarm");
  }
  return body.substr(1);
}

Status check_use(const Ticket& ticket, const TicketUse& use) {
  std::string name = "ticket for inode " + to_string(ticket.inode);
  if (sodium_memcmp(ticket.client.bytes.data(), use.client.bytes.data(), use.client.bytes.size()) != 0) {
    return permission_denied(name + " was given to another client (its key is not this connection's)");
  }
  if (ticket.inode != use.inode) {
    return permission_denied(name + " does not cover inode " + to_string(use.inode));
  }
  if (!contains(ticket.rights, use.right)) {
    return permission_denied(name + " does not allow to " + std::string(right_name(use.right)));
  }
  if (auto now = std::chrono::floor<std::chrono::seconds>(use.now); now >= ticket.expiry) {
    auto late = (now - ticket.expiry).count();
    return {Code::kUnauthenticated, name + " expired " + std::to_string(late) +
                                        " s ago by this node's clock (ask the master for a new one)"};
  }
  return {};
}

}  // namespace

std::string_view right_name(Right right) {
  switch (right) {
    case Right::kRead:
      return "read";
    case Right::kWrite:
      return "write";
    case Right::kPull:
      return "pull";
  }
  return "do something unknown";
}

std::string seal_ticket(const Ticket& ticket, const SecretKey& key) {
  std::string sealed;
  sealed.reserve(kTicketBytes);
  packing::put(sealed, kFormat);
  packing::put(sealed, ticket.inode.value);
  packing::put(sealed, ticket.rights);
  packing::put(sealed, ticket.client.bytes);
  packing::put(sealed, ticket.epoch.value);
  packing::put(sealed, static_cast<uint64_t>(ticket.expiry.time_since_epoch().count()));
  packing::put(sealed, ticket.version);
  packing::put(sealed, ticket.session.value);
  mac_append(sealed, key);
  return sealed;
}

Result<Ticket> unseal_ticket(std::string_view sealed, const SecretKey& key) {
  FSDFS_ASSIGN(std::string_view fields, unseal(sealed, kTicketBytes, key, "ticket"));
  packing::Taker taker(fields);
  Ticket ticket;
  ticket.inode.value = taker.u64();
  ticket.rights = taker.u8();
  ticket.client.bytes = taker.bytes<32>();
  ticket.epoch.value = taker.u64();
  ticket.expiry = std::chrono::sys_seconds(std::chrono::seconds(static_cast<int64_t>(taker.u64())));
  ticket.version = taker.version();
  ticket.session.value = taker.u64();
  return ticket;
}

Result<Ticket> open_ticket(std::string_view sealed, const SecretKey& key, const TicketUse& use) {
  FSDFS_ASSIGN(Ticket ticket, unseal_ticket(sealed, key));
  FSDFS_TRY(check_use(ticket, use));
  return ticket;
}

std::string seal_receipt(const Receipt& receipt, const SecretKey& key) {
  std::string sealed;
  sealed.reserve(kReceiptBytes);
  packing::put(sealed, kFormat);
  packing::put(sealed, receipt.replica.inode.value);
  packing::put(sealed, receipt.replica.version);
  packing::put(sealed, receipt.size_bytes);
  packing::put(sealed, receipt.content_digest);
  packing::put(sealed, receipt.node.bytes);
  packing::put(sealed, receipt.incarnation.value);
  packing::put(sealed, static_cast<uint8_t>(receipt.fsynced));
  mac_append(sealed, key);
  return sealed;
}

Result<Receipt> open_receipt(std::string_view sealed, const SecretKey& key) {
  FSDFS_ASSIGN(std::string_view fields, unseal(sealed, kReceiptBytes, key, "receipt"));
  packing::Taker taker(fields);
  Receipt receipt;
  receipt.replica.inode.value = taker.u64();
  receipt.replica.version = taker.version();
  receipt.size_bytes = taker.u64();
  receipt.content_digest = taker.bytes<16>();
  receipt.node.bytes = taker.bytes<16>();
  receipt.incarnation.value = taker.u64();
  receipt.fsynced = taker.u8() != 0;
  return receipt;
}

}  // namespace fsdfs
