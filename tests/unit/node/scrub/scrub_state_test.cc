#include "node/scrub/scrub_state.h"

#include <gtest/gtest.h>

namespace fsdfs::node {
namespace {

ScrubState some_state() {
  ScrubState state;
  state.running = true;
  state.started = WallTime(std::chrono::seconds(1'790'000'000));
  state.finished = WallTime(std::chrono::nanoseconds(1'789'000'000'000'000'001));
  state.passes = 3;
  state.after = ReplicaId{InodeId{77}, {Epoch{2}, 9}};
  state.bytes = 100;
  state.total = 1000;
  state.replicas = 7;
  state.bad = 1;
  state.request = 1ULL << 60;
  state.answered = 5;
  return state;
}

TEST(ScrubStateTest, ComesBackAsItWas) {
  EXPECT_EQ(decode_scrub_state(encode_scrub_state(some_state())).value(), some_state());
  EXPECT_EQ(decode_scrub_state(encode_scrub_state({})).value(), ScrubState());
}

TEST(ScrubStateTest, AnyFlippedBitIsNoticed) {
  std::string text = encode_scrub_state(some_state());
  for (size_t byte = 0; byte < text.size(); ++byte) {
    std::string bad = text;
    bad[byte] = static_cast<char>(bad[byte] ^ 1);
    EXPECT_EQ(decode_scrub_state(bad).status().code(), Code::kDataLoss) << byte;
    EXPECT_EQ(decode_scrub_state(text.substr(0, byte)).status().code(), Code::kDataLoss) << byte;
  }
  EXPECT_EQ(decode_scrub_state(text + "x").status().code(), Code::kDataLoss);
}

}  // namespace
}  // namespace fsdfs::node
