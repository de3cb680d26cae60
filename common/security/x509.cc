#include "common/security/x509.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>

namespace fsdfs {
namespace {

constexpr size_t kCommonNameBytesMax = 64;  // ub-common-name of RFC 5280

template <auto function>
struct Freer {
  template <typename T>
  void operator()(T* p) const {
    function(p);
  }
};
using Bio = std::unique_ptr<BIO, Freer<BIO_free>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Number = std::unique_ptr<BIGNUM, Freer<BN_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION_free>>;
using Names = std::unique_ptr<GENERAL_NAMES, Freer<GENERAL_NAMES_free>>;
using Name = std::unique_ptr<GENERAL_NAME, Freer<GENERAL_NAME_free>>;

// The oldest of OpenSSL's complaints in this thread, as a Status; the rest are dropped.
Status openssl_error(std::string_view what) {
  char text[256] = "no reason given";
  if (unsigned long code = ERR_get_error(); code != 0) ERR_error_string_n(code, text, sizeof text);
  ERR_clear_error();
  return internal_error(std::string(what) + ": " + text);
}

Bio reader(std::string_view text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<size_t>(size)};
}

Result<Certificate> parse_certificate(std::string_view pem) {
  Bio bio = reader(pem);
  Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  if (!certificate) return invalid_argument("not a certificate in PEM");
  return certificate;
}

Fingerprint fingerprint_of(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  int size = i2d_PUBKEY(key, &der);
  Fingerprint fingerprint;
  if (size > 0) SHA256(der, static_cast<size_t>(size), fingerprint.bytes.data());
  OPENSSL_free(der);
  return fingerprint;
}

WallTime wall_time(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return WallTime{};
  return WallTime(std::chrono::seconds(timegm(&parts)));
}

bool set_time(ASN1_TIME* out, WallTime time) {
  return ASN1_TIME_set(out, std::chrono::system_clock::to_time_t(
                                std::chrono::time_point_cast<std::chrono::system_clock::duration>(time)));
}

// 127 bits, the highest one set: always 32 hex digits.
bool set_random_serial(X509* certificate) {
  Number serial(BN_new());
  return serial && BN_rand(serial.get(), 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) &&
         BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate));
}

bool set_common_name(X509_NAME* name, std::string_view text) {
  return X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(text.data()),
                                    static_cast<int>(text.size()), -1, 0);
}

bool add_extension(X509* certificate, int nid, const char* value) {
  Extension extension(X509V3_EXT_conf_nid(nullptr, nullptr, nid, value));
  return extension && X509_add_ext(certificate, extension.get(), -1);
}

std::string serial_of(X509* certificate) {
  Number number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
  char* hex = number ? BN_bn2hex(number.get()) : nullptr;
  std::string text = hex ? hex : "";
  OPENSSL_free(hex);
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

bool add_name(GENERAL_NAMES* names, int kind, std::string_view text) {
  Name name(GENERAL_NAME_new());
  ASN1_IA5STRING* value = ASN1_IA5STRING_new();
  if (!name || !value) return false;
  GENERAL_NAME_set0_value(name.get(), kind, value);
  if (!ASN1_STRING_set(value, text.data(), static_cast<int>(text.size()))) return false;
  if (!sk_GENERAL_NAME_push(names, name.get())) return false;
  (void)name.release();  // the list's now
  return true;
}

bool add_names(X509* certificate, EVP_PKEY* key, const std::string& claims) {
  PeerIdentity identity{.common_name = {},
                        .claims = claims,
                        .serial = serial_of(certificate),
                        .fingerprint = fingerprint_of(key)};
  Names names(GENERAL_NAMES_new());
  return names && add_name(names.get(), GEN_DNS, kCertificateHost) &&
         add_name(names.get(), GEN_URI, identity_uri(identity)) &&
         X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT) == 1;
}

std::string text_of(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<size_t>(ASN1_STRING_length(text))};
}

// Empty when there is none.
std::string identity_uri_of(X509* certificate) {
  Names names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_URI) continue;
    std::string uri = text_of(name->d.uniformResourceIdentifier);
    if (uri.starts_with(kIdentityScheme)) return uri;
  }
  return {};
}

std::string common_name_of(X509* certificate) {
  X509_NAME* subject = X509_get_subject_name(certificate);
  int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (index < 0) return {};
  return text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)));
}

Status check_request(const CertificateRequest& request) {
  if (request.common_name.empty() || request.common_name.size() > kCommonNameBytesMax) {
    return invalid_argument("certificate name '" + request.common_name + "': must have 1 to 64 bytes");
  }
  bool printable = std::all_of(request.claims.begin(), request.claims.end(),
                               [](unsigned char c) { return c >= 0x20 && c < 0x7F; });
  if (!printable) return invalid_argument("certificate claims must be printable ASCII");
  return {};
}

}  // namespace

Result<PublicKey> PublicKey::from_pem(std::string_view pem) {
  Bio bio = reader(pem);
  std::shared_ptr<EVP_PKEY> key(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
  ERR_clear_error();
  if (!key) return invalid_argument("not a public key in PEM");
  return PublicKey(std::move(key));
}

std::string PublicKey::pem() const {
  Bio bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PUBKEY(bio.get(), key_.get());
  return text_of(bio.get());
}

Fingerprint PublicKey::fingerprint() const {
  return fingerprint_of(key_.get());
}

Result<bool> PublicKey::signed_certificate(std::string_view certificate_pem) const {
  FSDFS_ASSIGN(Certificate certificate, parse_certificate(certificate_pem));
  bool valid = X509_verify(certificate.get(), key_.get()) == 1;
  ERR_clear_error();
  return valid;
}

Result<SigningKey> SigningKey::generate() {
  std::shared_ptr<EVP_PKEY> key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), EVP_PKEY_free);
  if (!key) return openssl_error("make a key pair");
  return SigningKey(std::move(key));
}

Result<SigningKey> SigningKey::from_seed(const SecretKey& seed) {
  std::shared_ptr<EVP_PKEY> key(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.bytes().data(), seed.bytes().size()),
      EVP_PKEY_free);
  if (!key) return openssl_error("make the authority's key pair");
  return SigningKey(std::move(key));
}

Result<SigningKey> SigningKey::from_pem(std::string_view pem) {
  Bio bio = reader(pem);
  // Without a callback of its own OpenSSL would ask the terminal for an encrypted key's passphrase.
  auto no_passphrase = [](char*, int, int, void*) { return -1; };
  std::shared_ptr<EVP_PKEY> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr),
                                EVP_PKEY_free);
  ERR_clear_error();
  if (!key) return invalid_argument("not an unencrypted private key in PEM");
  return SigningKey(std::move(key));
}

Result<std::string> SigningKey::pem() const {
  Bio bio(BIO_new(BIO_s_mem()));
  if (!bio ||
      PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return openssl_error("write a private key");
  }
  return text_of(bio.get());
}

Result<std::string> SigningKey::certify(const PublicKey& subject, const CertificateRequest& request) const {
  FSDFS_TRY(check_request(request));
  Certificate certificate(X509_new());
  X509* x = certificate.get();
  bool made = x && X509_set_version(x, X509_VERSION_3) && set_random_serial(x) &&
              set_common_name(X509_get_issuer_name(x), "fsdfs authority") &&
              set_common_name(X509_get_subject_name(x), request.common_name) &&
              set_time(X509_getm_notBefore(x), request.not_before) &&
              set_time(X509_getm_notAfter(x), request.not_after) && X509_set_pubkey(x, subject.key_.get()) &&
              add_extension(x, NID_basic_constraints, "critical,CA:FALSE") &&
              add_extension(x, NID_key_usage, "critical,digitalSignature") &&
              add_extension(x, NID_ext_key_usage, "serverAuth,clientAuth") &&
              add_names(x, subject.key_.get(), request.claims) && X509_sign(x, key_.get(), nullptr) > 0;
  if (!made) return openssl_error("make the certificate of '" + request.common_name + "'");
  Bio bio(BIO_new(BIO_s_mem()));
  if (!bio || PEM_write_bio_X509(bio.get(), x) != 1) return openssl_error("write a certificate");
  return text_of(bio.get());
}

Result<CertificateInfo> inspect_certificate(std::string_view pem) {
  FSDFS_ASSIGN(Certificate certificate, parse_certificate(pem));
  X509* x = certificate.get();
  EVP_PKEY* key = X509_get0_pubkey(x);
  if (key == nullptr) return invalid_argument("a certificate whose key is of an unknown kind");
  FSDFS_ASSIGN(PeerIdentity identity, parse_identity(common_name_of(x), identity_uri_of(x)));
  if (identity.fingerprint != fingerprint_of(key) || identity.serial != serial_of(x)) {
    return invalid_argument("the certificate of '" + identity.common_name + "' names another key or serial");
  }
  return CertificateInfo{std::move(identity), wall_time(X509_get0_notBefore(x)),
                         wall_time(X509_get0_notAfter(x))};
}

}  // namespace fsdfs
