#include "node/store/identity.h"

#include <gtest/gtest.h>

#include "tests/unit/node/store_fixture.h"

namespace fsdfs::node {
namespace {

Identity some_identity() {
  Identity identity;
  identity.swarm = random_id<SwarmId>();
  identity.node = random_id<NodeId>();
  identity.incarnation = Incarnation{7};
  identity.epoch = Epoch{3};
  identity.disk = random_id<DiskId>();
  identity.known = {{identity.disk, "/data/a"}, {{}, "/data/a path: with spaces"}};
  return identity;
}

TEST(Identity, WhatWasWrittenIsRead) {
  Identity identity = some_identity();
  EXPECT_EQ(decode_identity(encode_identity(identity)).value(), identity);
  identity.swarm = {};
  identity.known.clear();
  EXPECT_EQ(decode_identity(encode_identity(identity)).value(), identity);
}

TEST(Identity, EveryFlippedBitIsTold) {
  const std::string right = encode_identity(some_identity());
  for (size_t bit = 0; bit < right.size() * 8; ++bit) {
    std::string damaged = right;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(decode_identity(damaged).ok()) << bit;
  }
  for (size_t length = 0; length < right.size(); ++length) {
    EXPECT_FALSE(decode_identity(right.substr(0, length)).ok()) << length;
  }
  EXPECT_FALSE(decode_identity(right + "\n").ok());
}

}  // namespace
}  // namespace fsdfs::node
