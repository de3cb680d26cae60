// X.509 without OpenSSL's types: key pairs and certificates as PEM text. The one place that speaks to
// OpenSSL's certificate functions; used by authority, credentials and common/rpc.
//
// Thread safety: SigningKey is constant after construction; the functions have no state.
// Errors: kInvalidArgument for text that is not what it should be, kInternal when OpenSSL itself fails.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/clock.h"
#include "common/security/keys.h"
#include "common/security/peer_identity.h"
#include "common/status.h"

struct evp_pkey_st;  // OpenSSL's EVP_PKEY

namespace fsdfs {

// What a certificate says. Whether it may be believed is TrustAnchor's to tell.
struct CertificateInfo : PeerIdentity {
  WallTime not_before;
  WallTime not_after;
};

// Every certificate is valid for this host name, whatever the host: TLS wants one to ask for.
inline constexpr const char* kCertificateHost = "fsdfs";

struct CertificateRequest {
  std::string common_name;  // at most 64 bytes: "node:<uuid>", "client", "master", "grant"
  // See PeerIdentity. Printable ASCII.
  std::string claims;
  WallTime not_before;
  WallTime not_after;
};

// An Ed25519 public key.
class PublicKey {
 public:
  static Result<PublicKey> from_pem(std::string_view pem);
  std::string pem() const;
  Fingerprint fingerprint() const;
  // Whether this key made the signature on the certificate.
  Result<bool> signed_certificate(std::string_view certificate_pem) const;

 private:
  friend class SigningKey;
  explicit PublicKey(std::shared_ptr<evp_pkey_st> key) : key_(std::move(key)) {}
  std::shared_ptr<evp_pkey_st> key_;  // shared: OpenSSL's keys are counted and constant
};

// An Ed25519 key pair.
class SigningKey {
 public:
  static Result<SigningKey> generate();
  static Result<SigningKey> from_seed(const SecretKey& seed);
  // Any kind of private key that TLS can use is taken.
  static Result<SigningKey> from_pem(std::string_view pem);
  Result<std::string> pem() const;  // unencrypted PKCS#8; secret
  PublicKey public_key() const { return PublicKey(key_); }
  // A certificate for the holder of `subject`, signed by this key. It cannot sign further ones.
  Result<std::string> certify(const PublicKey& subject, const CertificateRequest& request) const;

 private:
  explicit SigningKey(std::shared_ptr<evp_pkey_st> key) : key_(std::move(key)) {}
  std::shared_ptr<evp_pkey_st> key_;
};

// kInvalidArgument: not a certificate, or not one of ours: its identity URI is missing or not true.
Result<CertificateInfo> inspect_certificate(std::string_view pem);

}  // namespace fsdfs
