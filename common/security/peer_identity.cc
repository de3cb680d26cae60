#include "common/security/peer_identity.h"

#include <sodium.h>

namespace fsdfs {
namespace {

constexpr size_t kFingerprintDigits = 64;
constexpr size_t kSerialDigits = 32;

}  // namespace

std::string identity_uri(const PeerIdentity& identity) {
  return std::string(kIdentityScheme) + to_string(identity.fingerprint) + "/" + identity.serial + "/" +
         identity.claims;
}

Result<PeerIdentity> parse_identity(std::string common_name, std::string_view uri) {
  Status bad = invalid_argument("a certificate without an fsdfs identity: '" + common_name + "'");
  if (!uri.starts_with(kIdentityScheme)) return bad;
  uri.remove_prefix(kIdentityScheme.size());
  if (uri.size() < kFingerprintDigits + kSerialDigits + 2) return bad;
  if (uri[kFingerprintDigits] != '/' || uri[kFingerprintDigits + 1 + kSerialDigits] != '/') return bad;
  PeerIdentity identity;
  size_t written = 0;
  auto& bytes = identity.fingerprint.bytes;
  if (sodium_hex2bin(bytes.data(), bytes.size(), uri.data(), kFingerprintDigits, nullptr, &written,
                     nullptr) != 0 ||
      written != bytes.size()) {
    return bad;
  }
  identity.common_name = std::move(common_name);
  identity.serial = uri.substr(kFingerprintDigits + 1, kSerialDigits);
  identity.claims = uri.substr(kFingerprintDigits + 1 + kSerialDigits + 1);
  return identity;
}

}  // namespace fsdfs
