// Authority: what the swarm password amounts to. Whoever knows the password can sign, so whoever is signed
// for belongs to the swarm (DESIGN section 11).
//
//   salt  = BLAKE2b-128("fsdfs swarm password 1:" + swarm name)
//   root  = Argon2id(password, salt, 64 MiB, 4 passes)      once per process, about 0.1 s
//   keys  = HKDF(root, label): "authority" seeds the Ed25519 key that signs; others by subkey()
//
// All of these numbers are a format: a swarm whose members disagree on one of them falls apart.
//
// Used by: daemon, command line and mount when they start (credentials.h), tickets and beacon for their keys.
// Thread safety: constant after construction.
// Nothing is kept on disk; the keys are wiped from memory when the Authority goes.
#pragma once

#include <string>
#include <string_view>

#include "common/clock.h"
#include "common/security/keys.h"
#include "common/security/x509.h"
#include "common/status.h"

namespace fsdfs {

// The public half: enough to tell members from strangers, not to sign.
class TrustAnchor {
 public:
  explicit TrustAnchor(PublicKey key) : key_(std::move(key)) {}
  static Result<TrustAnchor> from_pem(std::string_view public_key_pem);
  std::string pem() const { return key_.pem(); }
  Fingerprint fingerprint() const { return key_.fingerprint(); }

  // What the certificate says, if the authority itself signed it (there are no intermediates) and it is in
  // date. kPermissionDenied with Reason::kWrongPassword: signed by another, or by nobody. kPermissionDenied:
  // out of date; the message gives the dates, as wrong clocks are the usual cause. kInvalidArgument: not a
  // certificate.
  Result<CertificateInfo> check(std::string_view certificate_pem, WallTime now) const;

 private:
  PublicKey key_;
};

class Authority {
 public:
  // Takes 64 MiB and about 0.1 s. kInvalidArgument: an empty password or name. kResourceExhausted: no memory.
  static Result<Authority> derive(std::string_view password, std::string_view swarm_name);

  const TrustAnchor& anchor() const { return anchor_; }

  // The secret that all members share for one purpose. Labels in use: "authority" (the signing key's seed),
  // "ticket", "receipt", "beacon".
  SecretKey subkey(std::string_view label) const { return root_.derive(label); }

  // A certificate (PEM) for the holder of `subject`.
  Result<std::string> certify(const PublicKey& subject, const CertificateRequest& request) const {
    return key_.certify(subject, request);
  }

 private:
  Authority(SecretKey root, SigningKey key) : root_(root), key_(std::move(key)), anchor_(key_.public_key()) {}

  SecretKey root_;
  SigningKey key_;
  TrustAnchor anchor_;
};

}  // namespace fsdfs
