#include "node/transfer/access.h"

#include <fmt/format.h>

namespace fsdfs::node {

Status Access::check(std::string_view ticket, const Fingerprint& client, const ReplicaId& replica,
                     Right right, Ticket& opened) const {
  FSDFS_ASSIGN(opened, open_ticket(ticket, keys_.ticket, {clock_.wall(), client, replica.inode, right}));
  if (!opened.version.none() && opened.version != replica.version) {
    return permission_denied(fmt::format("ticket for inode {} covers version {}, not {}",
                                         to_string(opened.inode), opened.version.to_string(),
                                         replica.version.to_string()));
  }
  return {};
}

Status Access::check_read(std::string_view ticket, const Caller& caller, const ReplicaId& replica) const {
  Ticket opened;
  return check(ticket, caller.key, replica, Right::kRead, opened);
}

Status Access::check_pull(std::string_view ticket, const Caller& caller, const ReplicaId& replica) const {
  Ticket opened;
  return check(ticket, caller.key, replica, Right::kPull, opened);
}

Status Access::check_write(std::string_view ticket, const Caller& caller, const ReplicaId& replica,
                           SessionId session) const {
  Ticket opened;
  Fingerprint client = caller.key;
  if (caller.fellow_node) {
    FSDFS_ASSIGN(Ticket passed_on, unseal_ticket(ticket, keys_.ticket));
    client = passed_on.client;
  }
  FSDFS_TRY(check(ticket, client, replica, Right::kWrite, opened));
  if (opened.session != session) {
    return permission_denied(fmt::format("ticket for inode {} is of session {}, not {}",
                                         to_string(opened.inode), to_string(opened.session),
                                         to_string(session)));
  }
  if (Epoch granted = disks_.epoch(); opened.epoch < granted) {
    return failed_precondition(
        fmt::format("session {} is of epoch {}, and epoch {} has begun: open a new one", to_string(session),
                    opened.epoch.value, granted.value),
        Reason::kStaleEpoch);
  }
  return {};
}

std::string Access::prolonged(const std::string& ticket) const {
  auto opened = unseal_ticket(ticket, keys_.ticket);
  if (!opened.ok() || opened->rights != static_cast<Rights>(Right::kPull)) return ticket;
  opened->expiry = std::chrono::floor<std::chrono::seconds>(clock_.wall()) + kTicketLifetimeMax;
  return seal_ticket(*opened, keys_.ticket);
}

std::string Access::receipt(const HeldReplica& held) const {
  Receipt receipt;
  receipt.replica = held.replica;
  receipt.size_bytes = held.content.size;
  receipt.content_digest = held.content.digest.bytes;
  receipt.node = disks_.node();
  receipt.incarnation = disks_.incarnation();
  receipt.fsynced = true;
  return seal_receipt(receipt, keys_.receipt);
}

}  // namespace fsdfs::node
