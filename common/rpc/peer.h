// Who is at the other end of a call, as proven at the handshake by a certificate that our authority signed.
// For services (who calls?) and for clients that must reach one certain node. Thread-safe functions without
// state; cheap (a microsecond).
#pragma once

#include <string_view>

#include "common/security/peer_identity.h"
#include "common/status.h"

namespace grpc {
class AuthContext;
class ClientContext;
class ServerContextBase;
}  // namespace grpc

namespace fsdfs {

// kUnauthenticated: the connection has no proven identity, which no server or channel of ours allows.
Result<PeerIdentity> peer_identity(const grpc::AuthContext& context);
Result<PeerIdentity> peer_identity(const grpc::ServerContextBase& context);
// Once the call has reached the server.
Result<PeerIdentity> peer_identity(const grpc::ClientContext& context);

// Whether `peer` (as gRPC names the other end of a call: "ipv4:127.0.0.1:4711", "ipv6:%5B::1%5D:4711",
// "unix:...") is a process of this machine: its address is loopback or one of this machine's own.
bool is_on_this_machine(std::string_view peer);

Result<Fingerprint> peer_fingerprint(const grpc::ServerContextBase& context);

}  // namespace fsdfs
