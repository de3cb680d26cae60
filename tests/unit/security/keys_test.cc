#include "common/security/keys.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/security/test_keys.h"

namespace fsdfs {
namespace {

std::string hex(std::span<const uint8_t> bytes) {
  Fingerprint fingerprint;
  std::copy(bytes.begin(), bytes.end(), fingerprint.bytes.begin());
  return to_string(fingerprint);
}

// Computed apart from this code, with Python's hmac: HKDF-SHA256 of bytes 0 to 31, info "fsdfs ticket".
TEST(SecretKeyTest, DerivesByHkdf) {
  EXPECT_EQ(hex(key_of(0).derive("ticket").bytes()),
            "5896b6f37ca37f7053e423a28e2d016b54d64126d472a73d541b12437f99faf4");
}

TEST(SecretKeyTest, LabelsAndSecretsGiveDifferentKeys) {
  std::string a = hex(key_of(0).derive("ticket").bytes());
  EXPECT_NE(a, hex(key_of(0).derive("receipt").bytes()));
  EXPECT_NE(a, hex(key_of(1).derive("ticket").bytes()));
  EXPECT_EQ(a, hex(key_of(0).derive("ticket").bytes()));
}

// As above: HMAC-SHA256 of "hello" under bytes 0 to 31, its first half.
TEST(MacTest, IsHmac) {
  std::string bytes = "hello";
  mac_append(bytes, key_of(0));
  ASSERT_EQ(bytes.size(), 5 + kMacSize);
  EXPECT_EQ(hex(std::span(reinterpret_cast<const uint8_t*>(bytes.data()) + 5, kMacSize)).substr(0, 32),
            "53c40272a70c15ca4ee0af4df1f155fd");
  EXPECT_EQ(mac_strip(bytes, key_of(0)), "hello");
}

TEST(MacTest, RefusesEveryChange) {
  std::string bytes = "hello";
  mac_append(bytes, key_of(0));
  EXPECT_TRUE(mac_strip(bytes, key_of(1)).empty());
  EXPECT_TRUE(mac_strip(bytes.substr(1), key_of(0)).empty());
  EXPECT_TRUE(mac_strip(bytes.substr(0, kMacSize - 1), key_of(0)).empty());
  EXPECT_TRUE(mac_strip("", key_of(0)).empty());
  for (size_t i = 0; i < bytes.size() * 8; ++i) {
    std::string changed = bytes;
    changed[i / 8] = static_cast<char>(changed[i / 8] ^ 1 << i % 8);
    EXPECT_TRUE(mac_strip(changed, key_of(0)).empty()) << i;
  }
}

}  // namespace
}  // namespace fsdfs
