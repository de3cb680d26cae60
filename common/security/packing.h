// Fixed-width little-endian fields in a string of bytes: the layout of tickets and receipts.
// Plain values; internal to common/security.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/ids.h"

namespace fsdfs::packing {

inline void put(std::string& out, uint8_t value) {
  out += static_cast<char>(value);
}
inline void put(std::string& out, uint64_t value) {
  for (int i = 0; i < 8; ++i) out += static_cast<char>(value >> (8 * i) & 0xFF);
}
template <size_t size>
void put(std::string& out, const std::array<uint8_t, size>& bytes) {
  out.append(reinterpret_cast<const char*>(bytes.data()), size);
}
inline void put(std::string& out, const Version& version) {
  put(out, version.epoch.value);
  put(out, version.counter);
}

// Takes fields off the front. The caller has checked that there are bytes enough.
class Taker {
 public:
  explicit Taker(std::string_view bytes) : rest_(bytes) {}

  uint8_t u8() {
    auto value = static_cast<uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }
  uint64_t u64() {
    uint64_t value = 0;
    for (int i = 0; i < 8; ++i) value |= static_cast<uint64_t>(u8()) << (8 * i);
    return value;
  }
  template <size_t size>
  std::array<uint8_t, size> bytes() {
    std::array<uint8_t, size> value;
    for (uint8_t& byte : value) byte = u8();
    return value;
  }
  Version version() {
    Epoch epoch{u64()};
    return {epoch, u64()};
  }

 private:
  std::string_view rest_;
};

}  // namespace fsdfs::packing
