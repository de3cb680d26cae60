// PeerIdentity: who a certificate says its holder is, and the URI by which every certificate says so:
// "fsdfs:<fingerprint>/<serial>/<claims>", its only alternative name with that scheme.
//
// The URI repeats what can be computed from the certificate because gRPC hands it to services as text, while
// reading the certificate itself takes OpenSSL 3 more than 100 us a call. TrustAnchor::check compares both at
// the handshake, so a service may believe the text. Plain values, functions without state.
#pragma once

#include <string>
#include <string_view>

#include "common/security/keys.h"
#include "common/status.h"

namespace fsdfs {

inline constexpr std::string_view kIdentityScheme = "fsdfs:";

struct PeerIdentity {
  std::string common_name;  // "node:<uuid>", "client", "master", "grant"
  std::string claims;       // of a grant, for its service to interpret; empty: a full member of the swarm
  std::string serial;       // 32 hex digits, lower case
  Fingerprint fingerprint;
  friend bool operator==(const PeerIdentity&, const PeerIdentity&) = default;
};

// All but the common name, which is not in it.
std::string identity_uri(const PeerIdentity& identity);
// kInvalidArgument: not such a URI.
Result<PeerIdentity> parse_identity(std::string common_name, std::string_view uri);

}  // namespace fsdfs
