#include "common/security/sha256.h"

#include <gtest/gtest.h>

namespace fsdfs {
namespace {

std::string sha256_of(std::string_view bytes) {
  Sha256Summer summer;
  summer.update(bytes);
  return summer.finish().to_string();
}

// FIPS 180-4, the examples of NIST.
TEST(Sha256Test, GivesTheStandardsExamples) {
  EXPECT_EQ(sha256_of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_of(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256Test, TheSplitDoesNotMatterAndASummerStartsOver) {
  Sha256Summer summer;
  for (int round = 0; round < 2; ++round) {
    summer.update("a");
    summer.update("");
    summer.update("bc");
    EXPECT_EQ(summer.finish().to_string(), sha256_of("abc"));
  }
}

TEST(Sha256Test, TravelsAsBytes) {
  Sha256Summer summer;
  Sha256 sum = summer.finish();
  EXPECT_EQ(decode_sha256(encode_sha256(sum)).value(), sum);
  EXPECT_EQ(decode_sha256("short").status().code(), Code::kDataLoss);
}

}  // namespace
}  // namespace fsdfs
