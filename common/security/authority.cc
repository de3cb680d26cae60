#include "common/security/authority.h"

#include <sodium.h>

#include <array>
#include <ctime>

namespace fsdfs {
namespace {

constexpr std::string_view kSaltPrefix = "fsdfs swarm password 1:";
constexpr size_t kArgonBytes = 64ULL << 20;
constexpr unsigned long long kArgonPasses = 4;

std::string date(WallTime time) {
  std::time_t seconds = std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%SZ", &parts);
  return text.data();
}

std::array<uint8_t, crypto_pwhash_SALTBYTES> salt_of(std::string_view swarm_name) {
  std::string text = std::string(kSaltPrefix) + std::string(swarm_name);
  std::array<uint8_t, crypto_pwhash_SALTBYTES> salt{};
  crypto_generichash(salt.data(), salt.size(), reinterpret_cast<const uint8_t*>(text.data()), text.size(),
                     nullptr, 0);
  return salt;
}

}  // namespace

Result<TrustAnchor> TrustAnchor::from_pem(std::string_view public_key_pem) {
  FSDFS_ASSIGN(PublicKey key, PublicKey::from_pem(public_key_pem));
  return TrustAnchor(std::move(key));
}

Result<CertificateInfo> TrustAnchor::check(std::string_view certificate_pem, WallTime now) const {
  FSDFS_ASSIGN(bool ours, key_.signed_certificate(certificate_pem));
  Result<CertificateInfo> inspected = inspect_certificate(certificate_pem);
  if (!ours) {
    std::string whose = inspected.ok() ? "of '" + inspected->common_name + "'" : "that was shown";
    return permission_denied(
        "the certificate " + whose +
            " is not of this swarm (another password or swarm name; check --swarm-password-file "
            "and --swarm-name)",
        Reason::kWrongPassword);
  }
  FSDFS_ASSIGN(CertificateInfo info, std::move(inspected));
  if (now < info.not_before || now > info.not_after) {
    return permission_denied("the certificate of '" + info.common_name + "' is valid from " +
                             date(info.not_before) + " to " + date(info.not_after) + " but it is " +
                             date(now) + " here (check the clocks of both hosts)");
  }
  return info;
}

Result<Authority> Authority::derive(std::string_view password, std::string_view swarm_name) {
  if (password.empty()) return invalid_argument("the swarm password is empty (see --swarm-password-file)");
  if (swarm_name.empty()) return invalid_argument("the swarm name is empty (see --swarm-name)");
  if (sodium_init() < 0) return internal_error("libsodium: cannot start: no source of randomness");
  auto salt = salt_of(swarm_name);
  SecretKey root;
  if (crypto_pwhash(root.bytes().data(), root.bytes().size(), password.data(), password.size(), salt.data(),
                    kArgonPasses, kArgonBytes, crypto_pwhash_ALG_ARGON2ID13) != 0) {
    return Status(Code::kResourceExhausted,
                  "deriving keys from the swarm password: no memory (64 MiB are needed for a moment)");
  }
  FSDFS_ASSIGN(SigningKey key, SigningKey::from_seed(root.derive("authority")));
  return Authority(root, std::move(key));
}

}  // namespace fsdfs
