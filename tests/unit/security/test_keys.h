// Keys that tests can tell apart.
#pragma once

#include "common/security/keys.h"

namespace fsdfs {

// Bytes that count up from `first`.
inline SecretKey key_of(uint8_t first) {
  SecretKey key;
  for (uint8_t& byte : key.bytes()) byte = first++;
  return key;
}

}  // namespace fsdfs
