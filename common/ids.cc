#include "common/ids.h"

#include <sys/random.h>

#include <cstdlib>

namespace fsdfs {

std::string Version::to_string() const {
  return std::to_string(epoch.value) + "." + std::to_string(counter);
}

std::string ReplicaId::to_string() const {
  return std::to_string(inode.value) + "@" + version.to_string();
}

std::array<uint8_t, 16> random_uuid_bytes() {
  std::array<uint8_t, 16> bytes;
  // getrandom never fails for so few bytes once the kernel's pool is seeded; without randomness nothing is
  // safe.
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) std::abort();
  bytes[6] = static_cast<uint8_t>((bytes[6] & 0x0F) | 0x40);
  bytes[8] = static_cast<uint8_t>((bytes[8] & 0x3F) | 0x80);
  return bytes;
}

std::string uuid_text(const std::array<uint8_t, 16>& bytes) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += kHex[bytes[i] >> 4];
    text += kHex[bytes[i] & 15];
  }
  return text;
}

Result<std::array<uint8_t, 16>> parse_uuid_bytes(std::string_view text) {
  auto bad = [&] {
    return invalid_argument("not an id: '" + std::string(text) + "' (expected 8-4-4-4-12 hex digits)");
  };
  if (text.size() != 36) return bad();
  std::array<uint8_t, 16> bytes{};
  size_t digit = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (c != '-') return bad();
      continue;
    }
    int nibble = c >= '0' && c <= '9'   ? c - '0'
                 : c >= 'a' && c <= 'f' ? c - 'a' + 10
                 : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                        : -1;
    if (nibble < 0) return bad();
    bytes[digit / 2] = static_cast<uint8_t>(bytes[digit / 2] << 4 | nibble);
    ++digit;
  }
  return bytes;
}

}  // namespace fsdfs
