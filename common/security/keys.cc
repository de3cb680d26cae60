#include "common/security/keys.h"

#include <sodium.h>

#include <algorithm>

namespace fsdfs {
namespace {

using Mac = std::array<uint8_t, crypto_auth_hmacsha256_BYTES>;

const uint8_t* bytes_of(std::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

Mac hmac(std::string_view bytes, std::span<const uint8_t, SecretKey::kSize> key) {
  static_assert(crypto_auth_hmacsha256_KEYBYTES == SecretKey::kSize);
  Mac mac;
  crypto_auth_hmacsha256(mac.data(), bytes_of(bytes), bytes.size(), key.data());
  return mac;
}

}  // namespace

SecretKey::~SecretKey() {
  sodium_memzero(bytes_.data(), bytes_.size());
}

SecretKey SecretKey::derive(std::string_view label) const {
  // One block of HKDF is one HMAC more than its extraction; no salt means a key of zeros.
  static constexpr std::array<uint8_t, kSize> kNoSalt{};
  SecretKey extracted;
  auto secret = std::string_view(reinterpret_cast<const char*>(bytes_.data()), bytes_.size());
  extracted.bytes_ = hmac(secret, kNoSalt);
  std::string info = "fsdfs " + std::string(label) + '\x01';
  SecretKey derived;
  derived.bytes_ = hmac(info, extracted.bytes_);
  return derived;
}

std::string to_string(const Fingerprint& fingerprint) {
  std::array<char, 65> hex;
  sodium_bin2hex(hex.data(), hex.size(), fingerprint.bytes.data(), fingerprint.bytes.size());
  return hex.data();
}

void mac_append(std::string& bytes, const SecretKey& key) {
  Mac mac = hmac(bytes, key.bytes());
  bytes.append(reinterpret_cast<const char*>(mac.data()), kMacSize);
}

std::string_view mac_strip(std::string_view bytes, const SecretKey& key) {
  if (bytes.size() < kMacSize) return {};
  std::string_view body = bytes.substr(0, bytes.size() - kMacSize);
  Mac mac = hmac(body, key.bytes());
  bool right = sodium_memcmp(mac.data(), bytes_of(bytes) + body.size(), kMacSize) == 0;
  return right ? body : std::string_view();
}

}  // namespace fsdfs
