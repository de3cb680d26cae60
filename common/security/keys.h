// Keys: the small secret and public values that the other parts of this module exchange.
//
// Used by: authority, credentials, ticket, receipt, and whoever MACs or compares keys (beacon, HTTP
// signatures). Thread safety: plain values. Nothing here touches a disk; a SecretKey wipes its memory when it
// goes.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace fsdfs {

// 32 secret bytes. It has no way to text, so that it cannot slip into a log.
class SecretKey {
 public:
  static constexpr size_t kSize = 32;

  SecretKey() = default;
  ~SecretKey();
  SecretKey(const SecretKey&) = default;
  SecretKey& operator=(const SecretKey&) = default;

  std::span<uint8_t, kSize> bytes() { return bytes_; }
  std::span<const uint8_t, kSize> bytes() const { return bytes_; }

  // The key for another purpose, from which this one cannot be found again (HKDF-SHA256, RFC 5869: no salt,
  // info = "fsdfs " + label). Labels are a format: each names one purpose for ever.
  SecretKey derive(std::string_view label) const;

 private:
  std::array<uint8_t, kSize> bytes_{};
};

// Which key pair a peer holds: SHA-256 of its public key as DER SubjectPublicKeyInfo. Public.
struct Fingerprint {
  std::array<uint8_t, 32> bytes{};
  friend auto operator<=>(const Fingerprint&, const Fingerprint&) = default;
  bool none() const { return *this == Fingerprint{}; }
};
std::string to_string(const Fingerprint& fingerprint);  // 64 hex digits, lower case

// Length of the MACs that mac_append makes: HMAC-SHA256 cut to 128 bits (RFC 2104 section 5).
inline constexpr size_t kMacSize = 16;
// Appends the MAC of `bytes` to it.
void mac_append(std::string& bytes, const SecretKey& key);
// The bytes before the MAC if the MAC is right, else an empty view. Constant time in the MAC's content.
std::string_view mac_strip(std::string_view bytes, const SecretKey& key);

}  // namespace fsdfs

template <>
struct std::hash<fsdfs::Fingerprint> {
  size_t operator()(const fsdfs::Fingerprint& f) const noexcept {
    return std::hash<std::string_view>{}({reinterpret_cast<const char*>(f.bytes.data()), f.bytes.size()});
  }
};
