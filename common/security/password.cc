#include "common/security/password.h"

#include <sodium.h>

#include <algorithm>
#include <cstdlib>

namespace fsdfs {

Status check_new_password(std::string_view password) {
  // Bytes that continue a UTF-8 character do not count.
  auto characters =
      std::count_if(password.begin(), password.end(), [](unsigned char c) { return (c & 0xC0) != 0x80; });
  if (static_cast<size_t>(characters) >= kPasswordCharactersMin) return {};
  return invalid_argument("the swarm password is too short: " + std::to_string(characters) +
                          " characters, at least " + std::to_string(kPasswordCharactersMin) +
                          " are needed for a new swarm (make one with `openssl rand -base64 24`)");
}

std::string generate_password() {
  // 31 letters and digits, without those that look alike (0 o, 1 l, i).
  static constexpr std::string_view kAlphabet = "abcdefghjkmnpqrstuvwxyz23456789";
  static constexpr int kGroups = 5, kGroupSize = 5;
  if (sodium_init() < 0) std::abort();  // no randomness: nothing made here would be safe
  std::string password;
  for (int i = 0; i < kGroups * kGroupSize; ++i) {
    if (i > 0 && i % kGroupSize == 0) password += '-';
    password += kAlphabet[randombytes_uniform(static_cast<uint32_t>(kAlphabet.size()))];
  }
  return password;
}

}  // namespace fsdfs
