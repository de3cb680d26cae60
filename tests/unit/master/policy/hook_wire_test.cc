#include "master/policy/hook_wire.h"

#include <gtest/gtest.h>

#include <cstring>

namespace fsdfs::master {
namespace {

std::string body(const std::string& message) {
  uint32_t length = 0;
  std::memcpy(&length, message.data(), sizeof length);
  EXPECT_EQ(length + kHookLengthBytes, message.size());
  return message.substr(kHookLengthBytes);
}

TEST(HookWire, WhatIsSaidIsWhatIsHeard) {
  EXPECT_EQ(*decode_kind(body(encode_load("x"))), HookKind::kLoad);
  EXPECT_EQ(*decode_load(body(encode_load("def f(): pass\n"))), "def f(): pass\n");
  std::vector<HookFile> files = {{"/a", 5, 1.5, {{"x", 2}, {"y", -3.5}}, 3, 2}, {"/\xFF", 0, 0, {}, 0, 0}};
  EXPECT_EQ(*decode_kind(body(encode_evaluate(files))), HookKind::kEvaluate);
  EXPECT_EQ(*decode_evaluate(body(encode_evaluate(files))), files);
  for (const HookAnswer& answer : {HookAnswer{}, HookAnswer{2.5, ""}, HookAnswer{{}, "raised it"}}) {
    EXPECT_EQ(*decode_answer(body(encode_answer(answer))), answer);
  }
  EXPECT_EQ(decode_answer(body(encode_answer({{}, std::string(10'000, 'x')})))->error.size(),
            kHookErrorBytesMax);
}

TEST(HookWire, DamageIsNoMessage) {
  std::string whole = body(encode_evaluate({{"/a", 5, 1.5, {{"x", 2}}, 3, 2}}));
  for (size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(decode_evaluate(whole.substr(0, size)).ok());
  EXPECT_FALSE(decode_evaluate(whole + "x").ok());
  EXPECT_FALSE(decode_kind("").ok());
  EXPECT_FALSE(decode_kind("\x09").ok());
  EXPECT_FALSE(decode_answer("").ok());
}

}  // namespace
}  // namespace fsdfs::master
