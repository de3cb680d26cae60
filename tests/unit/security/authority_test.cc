#include "common/security/authority.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace fsdfs {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

class AuthorityTest : public ::testing::Test {
 protected:
  static const Authority& ours() {
    static const Authority authority = Authority::derive("correct horse battery", "fsdfs").value();
    return authority;
  }

  CertificateRequest request(std::string name = "client") const {
    return {.common_name = std::move(name),
            .claims = {},
            .not_before = now_ - hours(1),
            .not_after = now_ + hours(1)};
  }
  std::string certificate(const Authority& authority) const {
    return authority.certify(key_.public_key(), request()).value();
  }

  SigningKey key_ = SigningKey::generate().value();
  WallTime now_{seconds(1'700'000'000)};
};

// Computed apart from this code as well, with libsodium from Python and the openssl command. A change of this
// value is a change of the format: old and new members of a swarm no longer know each other.
TEST_F(AuthorityTest, TheDerivationIsPinned) {
  EXPECT_EQ(to_string(ours().anchor().fingerprint()),
            "08787eeb4b3886955d6dcade4fc36246253d5b161de1b1479be9f7c01f36f462");
}

TEST_F(AuthorityTest, PasswordAndNameDecide) {
  auto fingerprint = [](const char* password, const char* name) {
    return Authority::derive(password, name)->anchor().fingerprint();
  };
  EXPECT_EQ(fingerprint("correct horse battery", "fsdfs"), ours().anchor().fingerprint());
  EXPECT_NE(fingerprint("correct horse batterz", "fsdfs"), ours().anchor().fingerprint());
  EXPECT_NE(fingerprint("correct horse battery", "other"), ours().anchor().fingerprint());
}

TEST_F(AuthorityTest, RefusesNothing) {
  EXPECT_EQ(Authority::derive("", "fsdfs").status().code(), Code::kInvalidArgument);
  EXPECT_EQ(Authority::derive("secret", "").status().code(), Code::kInvalidArgument);
}

TEST_F(AuthorityTest, KnowsItsOwnCertificates) {
  auto info = ours().anchor().check(certificate(ours()), now_);
  ASSERT_TRUE(info.ok()) << info.status().to_string();
  EXPECT_EQ(info->common_name, "client");
  EXPECT_EQ(info->claims, "");
  EXPECT_EQ(info->fingerprint, key_.public_key().fingerprint());
  EXPECT_EQ(info->not_before, now_ - hours(1));
  EXPECT_EQ(info->not_after, now_ + hours(1));
  EXPECT_EQ(info->serial.size(), 32U);
  EXPECT_NE(info->serial, inspect_certificate(certificate(ours()))->serial);

  // So does its public half alone.
  TrustAnchor anchor = TrustAnchor::from_pem(ours().anchor().pem()).value();
  EXPECT_TRUE(anchor.check(certificate(ours()), now_).ok());
}

TEST_F(AuthorityTest, StrangersHaveAWrongPassword) {
  Authority other = Authority::derive("another password", "fsdfs").value();
  std::string self_signed = key_.certify(key_.public_key(), request()).value();
  for (const std::string& stranger : {certificate(other), self_signed, self_signed + certificate(ours())}) {
    Status status = ours().anchor().check(stranger, now_).status();
    EXPECT_EQ(status.code(), Code::kPermissionDenied);
    EXPECT_EQ(status.reason(), Reason::kWrongPassword);
    EXPECT_NE(status.message().find("--swarm-password-file"), std::string::npos);
  }
}

TEST_F(AuthorityTest, AMemberCannotSignForOthers) {
  SigningKey friend_of_member = SigningKey::generate().value();
  std::string signed_by_member = key_.certify(friend_of_member.public_key(), request()).value();
  EXPECT_EQ(ours().anchor().check(signed_by_member, now_).status().reason(), Reason::kWrongPassword);
}

TEST_F(AuthorityTest, DatesAreChecked) {
  std::string pem = certificate(ours());
  EXPECT_TRUE(ours().anchor().check(pem, now_ - hours(1)).ok());
  EXPECT_TRUE(ours().anchor().check(pem, now_ + hours(1)).ok());
  for (WallTime wrong : {now_ - hours(1) - seconds(1), now_ + hours(1) + seconds(1)}) {
    Status status = ours().anchor().check(pem, wrong).status();
    EXPECT_EQ(status.code(), Code::kPermissionDenied);
    EXPECT_EQ(status.reason(), Reason::kNone);
    EXPECT_NE(status.message().find("2023-11-14 21:13:20Z to 2023-11-14 23:13:20Z"), std::string::npos)
        << status.message();
  }
}

TEST_F(AuthorityTest, DatesBeyond2050Work) {
  CertificateRequest late = request();
  late.not_after = WallTime(seconds(4'000'000'000));  // 2096
  std::string pem = ours().certify(key_.public_key(), late).value();
  EXPECT_EQ(inspect_certificate(pem)->not_after, late.not_after);
}

TEST_F(AuthorityTest, ADamagedCertificateIsRefused) {
  std::string pem = certificate(ours());
  int accepted = 0, changed_letters = 0;
  for (size_t i = pem.find('\n') + 1; i < pem.rfind("\n-----END"); ++i) {
    if (pem[i] == '\n' || pem[i] == '=') continue;
    std::string damaged = pem;
    damaged[i] = damaged[i] == 'A' ? 'B' : 'A';
    // The last letter before the padding carries bits that mean nothing.
    if (i + 1 < pem.size() && pem[i + 1] == '=') continue;
    ++changed_letters;
    accepted += ours().anchor().check(damaged, now_).ok();
  }
  EXPECT_GT(changed_letters, 300);
  EXPECT_EQ(accepted, 0);
  EXPECT_EQ(ours().anchor().check("", now_).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(ours().anchor().check("garbage", now_).status().code(), Code::kInvalidArgument);
}

TEST_F(AuthorityTest, CertificatesCarryClaims) {
  CertificateRequest grant = request("grant");
  grant.claims = "role=reader;path=/a b,c%2F";
  std::string pem = ours().certify(key_.public_key(), grant).value();
  EXPECT_EQ(ours().anchor().check(pem, now_)->claims, grant.claims);
  grant.claims = "new\nline";
  EXPECT_EQ(ours().certify(key_.public_key(), grant).status().code(), Code::kInvalidArgument);
}

// A certificate truly signed by the authority, but not minted by it: `names` is its alternative name as
// OpenSSL's configuration writes it, empty for none.
std::string handmade(const Authority& authority, const std::string& names, WallTime now) {
  SecretKey seed = authority.subkey("authority");
  EVP_PKEY* signer =
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.bytes().data(), seed.bytes().size());
  EVP_PKEY* subject = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  X509* x = X509_new();
  X509_set_version(x, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(x), 77);
  std::time_t seconds_now = std::chrono::duration_cast<seconds>(now.time_since_epoch()).count();
  ASN1_TIME_set(X509_getm_notBefore(x), seconds_now - 60);
  ASN1_TIME_set(X509_getm_notAfter(x), seconds_now + 60);
  X509_set_pubkey(x, subject);
  if (!names.empty()) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
    X509_add_ext(x, extension, -1);
    X509_EXTENSION_free(extension);
  }
  EXPECT_GT(X509_sign(x, signer, nullptr), 0);
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(bio, x);
  char* data = nullptr;
  long size = BIO_get_mem_data(bio, &data);
  std::string pem(data, static_cast<size_t>(size));
  BIO_free(bio);
  X509_free(x);
  EVP_PKEY_free(subject);
  EVP_PKEY_free(signer);
  return pem;
}

TEST_F(AuthorityTest, AnIdentityThatIsMissingOrUntrueIsRefused) {
  std::string other_key = "URI:" + identity_uri({.common_name = {},
                                                 .claims = {},
                                                 .serial = std::string(30, '0') + "4d",
                                                 .fingerprint = key_.public_key().fingerprint()});
  for (const std::string& names :
       {std::string(), std::string("URI:fsdfs:"), std::string("DNS:fsdfs"), other_key}) {
    std::string pem = handmade(ours(), names, now_);
    ASSERT_TRUE(PublicKey::from_pem(ours().anchor().pem())->signed_certificate(pem).value());
    EXPECT_EQ(ours().anchor().check(pem, now_).status().code(), Code::kInvalidArgument) << names;
  }
}

TEST_F(AuthorityTest, IdentitiesRoundTripThroughTheirUri) {
  PeerIdentity identity = *ours().anchor().check(certificate(ours()), now_);
  std::string uri = identity_uri(identity);
  EXPECT_EQ(parse_identity("client", uri).value(), identity);
  for (size_t size = 0; size < uri.size(); ++size)
    EXPECT_FALSE(parse_identity("x", uri.substr(0, size)).ok());
  EXPECT_EQ(parse_identity("x", uri + "a/b").value().claims, "a/b");
}

TEST_F(AuthorityTest, NamesAreBounded) {
  EXPECT_TRUE(ours().certify(key_.public_key(), request(std::string(64, 'n'))).ok());
  EXPECT_EQ(ours().certify(key_.public_key(), request(std::string(65, 'n'))).status().code(),
            Code::kInvalidArgument);
  EXPECT_EQ(ours().certify(key_.public_key(), request("")).status().code(), Code::kInvalidArgument);
}

}  // namespace
}  // namespace fsdfs
