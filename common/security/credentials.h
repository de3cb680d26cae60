// Credentials: what a process shows to its peers and judges them by: the swarm's authority (public half), its
// own private key, and its own certificate. A plain value of three PEM texts; enough for a server or a
// channel (common/rpc), and for the holder of a grant, who does not know the password.
//
// Why certificates are valid for 10 years, and made anew at each start of a process instead of being renewed
// while it runs: a member holds the authority's key in the same memory as its certificate, so a short
// validity would protect nothing, while a renewal that fails or a clock that jumps would tear the swarm
// apart. A node's key file alone, read from a stolen disk, has no certificate and is worth nothing. What must
// end early (a grant) is minted with its own not_after.
//
// Used by: daemon, command line, mount at their start. Thread safety: plain values, functions without state.
#pragma once

#include <string>
#include <string_view>

#include "common/clock.h"
#include "common/ids.h"
#include "common/security/authority.h"
#include "common/status.h"

namespace fsdfs {

struct Credentials {
  std::string authority_pem;    // public key
  std::string certificate_pem;  // of the key below, signed by the authority
  std::string private_key_pem;  // secret
};

inline constexpr auto kCertificateBackdate = std::chrono::hours(24 * 7);  // clocks may disagree by this much
inline constexpr auto kCertificateValidity = std::chrono::hours(24 * 365 * 10);

// The certificate names of the swarm's own processes.
inline constexpr std::string_view kClientName = "client";
inline constexpr std::string_view kMasterName = "master";
std::string node_name(const NodeId& node);  // "node:<uuid>"
// The node that a certificate name speaks of; kInvalidArgument: it is not a node's.
Result<NodeId> node_from_name(std::string_view common_name);

// A full member's credentials, valid from kCertificateBackdate before `now`. An empty `private_key_pem` means
// a fresh key that lives as long as the process.
Result<Credentials> mint_credentials(const Authority& authority, std::string common_name, WallTime now,
                                     std::string_view private_key_pem = {});
// The same with dates and claims of the caller's choice: grants.
Result<Credentials> mint_credentials(const Authority& authority, const CertificateRequest& request,
                                     std::string_view private_key_pem = {});

// The private key (PEM) kept in the file at `path`, made and synced (mode 0600) if the file is missing. A
// file that others could read is closed to them first. The directory's owner keeps other processes out
// meanwhile. A crash leaves either no file or the whole key.
Result<std::string> load_or_create_private_key(const std::string& path);

}  // namespace fsdfs
