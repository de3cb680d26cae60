#include "common/inventory.h"

#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <vector>

namespace fsdfs {
namespace {

struct Replica {
  ReplicaId id;
  uint64_t size = 0;
  ContentDigest content;
  uint8_t state = 1;
};

uint64_t digest_of(const std::vector<Replica>& replicas) {
  RangeDigest digest;
  for (const Replica& each : replicas) digest.add(each.id, each.size, each.content, each.state);
  EXPECT_EQ(digest.count(), replicas.size());
  return digest.finish();
}

Replica random_replica(std::mt19937_64& random) {
  Replica replica{{InodeId{random() >> 1}, {Epoch{random() >> 1}, random() >> 1}}, random(), {}, 1};
  for (uint8_t& byte : replica.content.bytes) byte = static_cast<uint8_t>(random());
  return replica;
}

// Sent between nodes and the master: these values must never change.
TEST(RangeDigest, KnownAnswers) {
  EXPECT_EQ(digest_of({}), 0x2d06800538d394c2U);
  ContentDigest content;
  content.bytes[0] = 0xAB;
  EXPECT_EQ(digest_of({{{InodeId{1}, {Epoch{2}, 3}}, 4, content, 1}}), 0x3e05574cabb19923U);
}

TEST(RangeDigest, EveryFieldOfEveryReplicaCounts) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  std::vector<Replica> replicas(1 + random() % 50);
  for (Replica& each : replicas) each = random_replica(random);
  const uint64_t before = digest_of(replicas);
  const std::function<void(Replica&)> changes[] = {
      [](Replica& r) { ++r.id.inode.value; },     [](Replica& r) { ++r.id.version.epoch.value; },
      [](Replica& r) { ++r.id.version.counter; }, [](Replica& r) { ++r.size; },
      [](Replica& r) { ++r.content.bytes[15]; },  [](Replica& r) { r.state = 4; },
  };
  for (const auto& change : changes) {
    std::vector<Replica> others = replicas;
    change(others[random() % others.size()]);
    EXPECT_NE(digest_of(others), before);
  }
  std::vector<Replica> fewer = replicas;
  fewer.erase(fewer.begin() + static_cast<ptrdiff_t>(random() % fewer.size()));
  EXPECT_NE(digest_of(fewer), before);
  std::vector<Replica> more = replicas;
  more.push_back(random_replica(random));
  EXPECT_NE(digest_of(more), before);
  EXPECT_EQ(digest_of(replicas), before);
}

TEST(RangeDigest, FinishStartsOver) {
  RangeDigest digest;
  digest.add({InodeId{1}, {Epoch{1}, 1}}, 5, {}, 1);
  uint64_t first = digest.finish();
  EXPECT_EQ(digest.count(), 0U);
  EXPECT_EQ(digest.finish(), digest_of({}));
  digest.add({InodeId{1}, {Epoch{1}, 1}}, 5, {}, 1);
  EXPECT_EQ(digest.finish(), first);
}

}  // namespace
}  // namespace fsdfs
