#include "common/rpc/peer.h"

#include <arpa/inet.h>
#include <grpc/grpc_security_constants.h>
#include <grpcpp/client_context.h>
#include <grpcpp/security/auth_context.h>
#include <grpcpp/server_context.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <optional>
#include <string>

namespace fsdfs {
namespace {

Status nobody() {
  return {Code::kUnauthenticated, "the peer of this call has shown no certificate of this swarm"};
}

Result<PeerIdentity> identity_in(const std::shared_ptr<const grpc::AuthContext>& context) {
  if (!context) return nobody();
  return peer_identity(*context);
}

// An address in the form of IPv6, where those of IPv4 have a place of their own.
std::optional<in6_addr> parse_address(const std::string& text) {
  in6_addr address{};
  if (::inet_pton(AF_INET6, text.c_str(), &address) == 1) return address;
  if (::inet_pton(AF_INET6, ("::ffff:" + text).c_str(), &address) == 1) return address;
  return std::nullopt;
}

std::optional<in6_addr> address_of(const sockaddr* socket) {
  if (socket == nullptr) return std::nullopt;
  if (socket->sa_family == AF_INET6) return reinterpret_cast<const sockaddr_in6*>(socket)->sin6_addr;
  if (socket->sa_family != AF_INET) return std::nullopt;
  std::array<char, INET_ADDRSTRLEN> text{};
  const auto& ipv4 = reinterpret_cast<const sockaddr_in*>(socket)->sin_addr;
  if (::inet_ntop(AF_INET, &ipv4, text.data(), text.size()) == nullptr) return std::nullopt;
  return parse_address(text.data());
}

bool is_loopback(const in6_addr& address) {
  if (IN6_IS_ADDR_LOOPBACK(&address)) return true;
  return IN6_IS_ADDR_V4MAPPED(&address) && address.s6_addr[12] == 127;
}

bool is_own(const in6_addr& address) {
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return false;
  bool own = false;
  for (const ifaddrs* at = first; at != nullptr && !own; at = at->ifa_next) {
    auto mine = address_of(at->ifa_addr);
    own = mine && std::memcmp(&*mine, &address, sizeof address) == 0;
  }
  ::freeifaddrs(first);
  return own;
}

}  // namespace

bool is_on_this_machine(std::string_view peer) {
  if (peer.starts_with("unix:")) return true;
  if (!peer.starts_with("ipv4:") && !peer.starts_with("ipv6:")) return false;
  peer.remove_prefix(5);
  peer = peer.substr(0, peer.rfind(':'));
  for (std::string_view bracket : {"[", "%5B", "%5b"}) {
    if (peer.starts_with(bracket)) peer.remove_prefix(bracket.size());
  }
  for (std::string_view bracket : {"]", "%5D", "%5d"}) {
    if (peer.ends_with(bracket)) peer.remove_suffix(bracket.size());
  }
  auto address = parse_address(std::string(peer.substr(0, peer.find('%'))));
  return address && (is_loopback(*address) || is_own(*address));
}

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
