// TLS for gRPC: turns Credentials into what servers and channels are built with. Internal to common/rpc.
//
// OpenSSL's own chain check is off at both ends and TrustAnchor::check takes its place: it is stricter (the
// authority itself must have signed, any member may be at any address), and it sees the foreign certificate,
// so that a wrong password can be told from a dead server. That the peer holds its certificate's key is still
// proven by TLS; a client without a certificate is still refused by TLS.
//
// Thread safety: verdicts and observers are called from gRPC's threads, possibly at once.
#pragma once

#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>

#include <functional>
#include <memory>

#include "common/clock.h"
#include "common/security/authority.h"
#include "common/security/credentials.h"
#include "common/status.h"

namespace fsdfs::tls {

// What everything made from one set of credentials shares. Constant after construction.
struct Identity {
  TrustAnchor anchor;
  std::shared_ptr<grpc::experimental::CertificateProviderInterface> provider;
  std::shared_ptr<const Clock> clock;  // shared: handshakes outlive their server or channel
};

// kInvalidArgument: the credentials are not what they should be, or the certificate is not the key's or the
// authority's; so that a mistake is told here and not as a failed handshake.
Result<Identity> make_identity(const Credentials& credentials, std::shared_ptr<const Clock> clock);

// Called at each handshake with what TrustAnchor::check said of the peer.
using Observer = std::function<void(const Status& verdict)>;

std::shared_ptr<grpc::ServerCredentials> server_credentials(const Identity& identity, Observer observer);
std::shared_ptr<grpc::ChannelCredentials> channel_credentials(const Identity& identity, Observer observer);

}  // namespace fsdfs::tls
