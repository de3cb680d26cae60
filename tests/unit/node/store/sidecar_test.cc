#include "node/store/sidecar.h"

#include <gtest/gtest.h>

#include "tests/unit/node/store_fixture.h"

namespace fsdfs::node {
namespace {

Description describe(std::string_view bytes) {
  Description description;
  description.swarm = random_id<SwarmId>();
  description.replica = replica(1099511627777, 5, 3);
  description.content = content_info(bytes);
  description.sums = sums_of(bytes);
  description.origin = {InodeId{1}, "na\xffme", 7, 2.5, 0644, 1000, 1001, {-5, 999'999'999}};
  description.created = WallTime(std::chrono::nanoseconds(1'700'000'000'123'456'789));
  return description;
}

TEST(SidecarTest, SaysAllAgain) {
  for (size_t size : {size_t{0}, size_t{1}, kBlockSize, 3 * kBlockSize + 17}) {
    Description before = describe(content_of(size));
    auto after = decode_sidecar(encode_sidecar(before));
    ASSERT_TRUE(ok(after));
    EXPECT_EQ(after->swarm, before.swarm);
    EXPECT_EQ(after->replica, before.replica);
    EXPECT_EQ(after->content, before.content);
    EXPECT_EQ(after->sums, before.sums);
    EXPECT_EQ(after->origin, before.origin);
    EXPECT_EQ(after->created, before.created);
  }
}

TEST(SidecarTest, EveryTornOneIsTold) {
  std::string whole = encode_sidecar(describe(content_of(kBlockSize + 1)));
  for (size_t length = 0; length < whole.size(); ++length) {
    EXPECT_EQ(decode_sidecar(whole.substr(0, length)).status().code(), Code::kDataLoss) << length;
  }
  EXPECT_FALSE(decode_sidecar(whole + '\0').ok());
}

TEST(SidecarTest, EveryFlippedBitIsTold) {
  std::string whole = encode_sidecar(describe(content_of(kBlockSize + 1)));
  for (size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string damaged = whole;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    EXPECT_EQ(decode_sidecar(damaged).status().code(), Code::kDataLoss) << bit;
  }
}

TEST(SidecarTest, SumsThatContradictTheDigestAreTold) {
  Description wrong = describe(content_of(2 * kBlockSize));
  wrong.sums[1] ^= 1;
  EXPECT_EQ(decode_sidecar(encode_sidecar(wrong)).status().code(), Code::kDataLoss);
  wrong = describe(content_of(2 * kBlockSize));
  wrong.sums.pop_back();
  EXPECT_EQ(decode_sidecar(encode_sidecar(wrong)).status().code(), Code::kDataLoss);
}

}  // namespace
}  // namespace fsdfs::node
