#include "common/checksum.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace fsdfs {
namespace {

using ::testing::HasSubstr;

std::string random_bytes(std::mt19937_64& random, size_t size) {
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

TEST(Checksum, BlockArithmetic) {
  EXPECT_EQ(block_count(0), 0u);
  EXPECT_EQ(block_count(1), 1u);
  EXPECT_EQ(block_count(kBlockSize), 1u);
  EXPECT_EQ(block_count(kBlockSize + 1), 2u);
  EXPECT_EQ(block_count(UINT64_MAX), UINT64_MAX / kBlockSize + 1);
  EXPECT_EQ(block_length(kBlockSize + 5, 0), kBlockSize);
  EXPECT_EQ(block_length(kBlockSize + 5, 1), 5u);
  EXPECT_EQ(block_length(kBlockSize + 5, 2), 0u);
  EXPECT_EQ(block_length(0, 0), 0u);
}

// Stored on disks and sent between versions of the program: these values must never change.
TEST(Checksum, KnownAnswers) {
  EXPECT_EQ(block_sum(""), 0x2d06800538d394c2u);
  EXPECT_EQ(block_sum("abc"), 0x78af5f94892f3950u);
  EXPECT_EQ(content_digest({}, 0).to_string(), "2c0a8a99dc147d5445c3b49d035665b2");
  EXPECT_EQ(content_digest_of("abc").to_string(), "d00cecf33892580551d7bea5ed1d4c7e");
}

TEST(Checksum, AnySplitGivesTheSameSums) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (size_t size :
       {size_t{0}, size_t{1}, kBlockSize - 1, kBlockSize, kBlockSize + 1, 5 * kBlockSize + 77}) {
    std::string content = random_bytes(random, size);
    BlockSums expected;
    for (size_t at = 0; at < size; at += kBlockSize) {
      expected.push_back(block_sum(std::string_view(content).substr(at, kBlockSize)));
    }
    BlockSummer summer;
    for (int round = 0; round < 3; ++round) {  // finish() starts over
      for (size_t at = 0; at < size;) {
        size_t part = std::min<size_t>(1 + random() % (2 * kBlockSize), size - at);
        summer.update(std::string_view(content).substr(at, part));
        at += part;
        EXPECT_EQ(summer.size(), at);
      }
      EXPECT_EQ(summer.finish(), expected) << size;
    }
  }
}

TEST(Checksum, VerifySaysWhichBlockOfWhat) {
  EXPECT_TRUE(verify_block("abc", 3, block_sum("abc"), "x").ok());
  Status status = verify_block("abd", 3, block_sum("abc"), "replica 7@1.2");
  EXPECT_EQ(status.code(), Code::kDataLoss);
  EXPECT_EQ(status.reason(), Reason::kChecksum);
  EXPECT_THAT(status.message(),
              HasSubstr("block 3 of replica 7@1.2 fails its checksum (expected 78af5f94892f3950"));
}

TEST(Checksum, DigestDependsOnSumsAndSize) {
  BlockSums sums{1, 2};
  EXPECT_EQ(content_digest(sums, 70000), content_digest(sums, 70000));
  EXPECT_NE(content_digest(sums, 70000), content_digest(sums, 70001));
  EXPECT_NE(content_digest(sums, 70000), content_digest({2, 1}, 70000));
}

TEST(Checksum, PackedSumsAreLittleEndian) {
  BlockSums sums{0x0102030405060708, UINT64_MAX};
  std::string packed = encode_sums(sums);
  EXPECT_EQ(packed, std::string("\x08\x07\x06\x05\x04\x03\x02\x01") + std::string(8, '\xff'));
  EXPECT_EQ(decode_sums(packed).value(), sums);
  EXPECT_EQ(decode_sums("").value(), BlockSums{});
  EXPECT_EQ(decode_sums("1234567").status().code(), Code::kDataLoss);
  ContentDigest digest = content_digest(sums, 1);
  EXPECT_EQ(decode_digest(encode_digest(digest)).value(), digest);
  EXPECT_FALSE(decode_digest("short").ok());
}

}  // namespace
}  // namespace fsdfs
