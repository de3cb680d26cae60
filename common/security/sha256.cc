#include "common/security/sha256.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cstdlib>

namespace fsdfs {
namespace {

// OpenSSL fails here only without memory, or in a build of it without SHA-256: neither can be worked around.
void must(int result) {
  if (result != 1) std::abort();
}

}  // namespace

std::string Sha256::to_string() const {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 0xF];
  }
  return text;
}

std::string encode_sha256(const Sha256& sum) {
  return {sum.bytes.begin(), sum.bytes.end()};
}

Result<Sha256> decode_sha256(std::string_view bytes) {
  Sha256 sum;
  if (bytes.size() != sum.bytes.size()) {
    return data_loss("a SHA-256 of " + std::to_string(bytes.size()) + " bytes (32 expected)");
  }
  std::transform(bytes.begin(), bytes.end(), sum.bytes.begin(),
                 [](char byte) { return static_cast<uint8_t>(byte); });
  return sum;
}

void Sha256Summer::FreeContext::operator()(evp_md_ctx_st* context) const {
  EVP_MD_CTX_free(context);
}

Sha256Summer::Sha256Summer() : context_(EVP_MD_CTX_new()) {
  must(context_ != nullptr ? 1 : 0);
  must(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr));
}
Sha256Summer::~Sha256Summer() = default;
Sha256Summer::Sha256Summer(Sha256Summer&&) noexcept = default;
Sha256Summer& Sha256Summer::operator=(Sha256Summer&&) noexcept = default;

void Sha256Summer::update(std::string_view bytes) {
  must(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()));
}

Sha256 Sha256Summer::finish() {
  Sha256 sum;
  unsigned int length = 0;
  must(EVP_DigestFinal_ex(context_.get(), sum.bytes.data(), &length));
  must(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr));
  return sum;
}

}  // namespace fsdfs
