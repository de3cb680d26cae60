#include "common/rpc/peer.h"

#include <grpc/grpc_security_constants.h>
#include <grpcpp/client_context.h>
#include <grpcpp/security/auth_context.h>
#include <grpcpp/server_context.h>

namespace fsdfs {
namespace {

Status nobody() {
  return {Code::kUnauthenticated, "the peer of this call has shown no certificate of this swarm"};
}

Result<PeerIdentity> identity_in(const std::shared_ptr<const grpc::AuthContext>& context) {
  if (!context) return nobody();
  return peer_identity(*context);
}

}  // namespace

Result<PeerIdentity> peer_identity(const grpc::AuthContext& context) {
  auto names = context.FindPropertyValues(GRPC_X509_CN_PROPERTY_NAME);
  if (names.size() != 1) return nobody();
  for (grpc::string_ref uri : context.FindPropertyValues(GRPC_PEER_URI_PROPERTY_NAME)) {
    if (!uri.starts_with({kIdentityScheme.data(), kIdentityScheme.size()})) continue;
    return parse_identity({names.front().data(), names.front().size()}, {uri.data(), uri.size()});
  }
  return nobody();
}

Result<PeerIdentity> peer_identity(const grpc::ServerContextBase& context) {
  return identity_in(context.auth_context());
}

Result<PeerIdentity> peer_identity(const grpc::ClientContext& context) {
  return identity_in(context.auth_context());
}

Result<Fingerprint> peer_fingerprint(const grpc::ServerContextBase& context) {
  FSDFS_ASSIGN(PeerIdentity identity, peer_identity(context));
  return identity.fingerprint;
}

}  // namespace fsdfs
