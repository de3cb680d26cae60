// SHA-256 of a whole file, as sha256sum(1) gives it: what a disk can be checked by without fsdfs. Made in the
// background by the node's scrubber; blocks are told right from wrong by the sums of common/checksum.h.
//
// Plain values; a Sha256Summer belongs to one thread at a time.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/status.h"

struct evp_md_ctx_st;

namespace fsdfs {

struct Sha256 {
  std::array<uint8_t, 32> bytes{};
  friend auto operator<=>(const Sha256&, const Sha256&) = default;
  std::string to_string() const;  // 64 hex digits
};

std::string encode_sha256(const Sha256& sum);
Result<Sha256> decode_sha256(std::string_view bytes);  // kDataLoss unless 32 bytes

// Sums bytes that come in any split.
class Sha256Summer {
 public:
  Sha256Summer();
  ~Sha256Summer();
  Sha256Summer(Sha256Summer&&) noexcept;
  Sha256Summer& operator=(Sha256Summer&&) noexcept;

  void update(std::string_view bytes);
  // Of everything fed since construction or the last finish(), and starts over.
  Sha256 finish();

 private:
  struct FreeContext {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, FreeContext> context_;
};

}  // namespace fsdfs
