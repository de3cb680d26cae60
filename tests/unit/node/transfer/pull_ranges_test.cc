// Copies that go on where another broke off, that take from an older version what is the same, and that come
// from several sources at once.
#include <gtest/gtest.h>

#include "tests/unit/node/transfer/pull_fixture.h"

namespace fsdfs::node {
namespace {

constexpr uint64_t kSize = 20 * kBlockSize + 7;

class PullRangesTest : public PullTest {
 protected:
  void SetUp() override {
    settings_.shelf.bytes_min = kBlockSize;
    sizes_.together_max = 0;
    sizes_.several_sources_from = 8 * kBlockSize;
    sizes_.segment = 2 * kBlockSize;
    make(std::chrono::seconds(60), 4);  // longer than the tests' patience
  }
  void expect_copy(const ReplicaId& id, const std::string& bytes) {
    ASSERT_TRUE(arrives(id));
    EXPECT_TRUE(read(id).value() == bytes);
    EXPECT_TRUE(files_below(layout().stage()).empty());
  }
  static std::string edited(std::string bytes, const std::vector<size_t>& blocks) {
    for (size_t block : blocks) bytes[block * kBlockSize] ^= 1;
    return bytes;
  }

  const ReplicaId id_ = replica(1, 2);
  const ReplicaId old_ = replica(1, 1);
  const std::string bytes_ = content_of(kSize);
};

TEST_F(PullRangesTest, ABrokenCopyGoesOnWithTheNextOrder) {
  FakeSource source(bytes_, {.die_at = 15 * kBlockSize});
  puller_->submit(order(1, id_, bytes_, {source.where()}));
  EXPECT_EQ(failure().failed_source, source.where().node);
  EXPECT_EQ(used(), kSize);  // counted, as before
  EXPECT_EQ(files_below(layout().stage()).size(), 1U);
  source.behave({});
  puller_->submit(order(2, id_, bytes_, {source.where()}));
  expect_copy(id_, bytes_);
  EXPECT_EQ(used(), kSize);
  EXPECT_EQ(source.sent(), kSize);  // nothing twice
  auto asked = source.asked();
  ASSERT_GE(asked.size(), 2U);
  EXPECT_EQ(asked[1].offset, 15 * kBlockSize);
  EXPECT_FALSE(asked[1].describe);
}

TEST_F(PullRangesTest, ABrokenCopyGoesOnFromAnotherSourceAndAnotherMaster) {
  FakeSource dies(bytes_, {.die_at = 15 * kBlockSize});
  puller_->submit(order(1, id_, bytes_, {dies.where()}));
  EXPECT_FALSE(failure().status.ok());
  FakeSource good(bytes_, {});
  CopyOrder next = order(1, id_, bytes_, {good.where()});
  next.epoch = Epoch{2};
  puller_->submit(next);
  expect_copy(id_, bytes_);
  EXPECT_EQ(good.sent(), kSize - 15 * kBlockSize);
}

TEST_F(PullRangesTest, WhatBrokeOffGoesWithItsDeletionOrForAnotherContent) {
  FakeSource source(bytes_, {.die_at = 15 * kBlockSize});
  puller_->submit(order(1, id_, bytes_, {source.where()}));
  EXPECT_FALSE(failure().status.ok());
  puller_->cancel(id_);
  ASSERT_TRUE(ok(store_->remove({id_}).at(0)));
  expect_nothing();
  puller_->submit(order(2, id_, bytes_, {source.where()}));
  EXPECT_FALSE(failure().status.ok());
  EXPECT_EQ(used(), kSize);
  std::string other = content_of(3 * kBlockSize, 2);
  FakeSource others(other, {});
  puller_->submit(order(3, id_, other, {others.where()}));
  expect_copy(id_, other);
  EXPECT_EQ(used(), other.size());
}

// One that the master found too slow goes on where it was; what is to be deleted is not kept.
TEST_F(PullRangesTest, ACancelledCopyGoesOnUnlessItIsDeleted) {
  FakeSource source(bytes_, {.hang_at = 15 * kBlockSize});
  puller_->submit(order(1, id_, bytes_, {source.where()}));
  ASSERT_TRUE(eventually([&] { return meter_.bytes_in() == 15 * kBlockSize; }));
  puller_->cancel(Epoch{1}, OrderId{1});
  ASSERT_TRUE(eventually([&] { return store_->figures()->spare == kSize; }));
  FakeSource other(bytes_, {.hang_at = 18 * kBlockSize});
  puller_->submit(order(2, id_, bytes_, {other.where()}));
  ASSERT_TRUE(eventually([&] { return other.sent() > 0; }));
  EXPECT_GE(other.offsets().at(0), 14 * kBlockSize);  // the last one may not have been written yet
  puller_->cancel(id_);
  EXPECT_EQ(failure().status.code(), Code::kCancelled);
  expect_nothing();
}

TEST_F(PullRangesTest, OfANewVersionOnlyTheChangedBlocksArePulled) {
  put(old_, bytes_);
  std::string fresh = edited(bytes_, {3, 4, 11, 20});
  FakeSource source(fresh, {});
  puller_->submit(order(1, id_, fresh, {source.where()}));
  expect_copy(id_, fresh);
  EXPECT_EQ(source.sent(), 3 * kBlockSize + 7);
  EXPECT_EQ(meter_.bytes_in(), 3 * kBlockSize + 7);
  EXPECT_TRUE(read(old_).value() == bytes_);  // never in place
  EXPECT_EQ(used(), 2 * kSize);
  EXPECT_TRUE(disk_.all_synced(layout().replicas()));
}

TEST_F(PullRangesTest, WhatIsTheSameAltogetherIsNotPulledAtAll) {
  put(old_, bytes_);
  FakeSource source(bytes_, {});
  puller_->submit(order(1, id_, bytes_, {source.where()}));
  expect_copy(id_, bytes_);
  EXPECT_EQ(source.sent(), 0U);
}

TEST_F(PullRangesTest, ABadBlockOfTheOldVersionIsPulledInstead) {
  put(old_, bytes_);
  flip_bit(layout().data(old_), 9 * kBlockSize + 5);
  std::string fresh = edited(bytes_, {3});
  FakeSource source(fresh, {});
  puller_->submit(order(1, id_, fresh, {source.where()}));
  expect_copy(id_, fresh);
  EXPECT_LT(source.sent(), kSize - 4 * kBlockSize);
  EXPECT_EQ(store_->find(old_).value()->state, HeldState::kQuarantined);
  EXPECT_EQ(used(), 2 * kSize);
}

TEST_F(PullRangesTest, ALiarsSumsDoNotDecideWhatIsTakenFromTheOldVersion) {
  put(old_, bytes_);
  std::string fresh = edited(bytes_, {3});
  FakeSource liar(bytes_, {});  // says that the new version is the old one
  puller_->submit(order(1, id_, fresh, {liar.where()}));
  EXPECT_EQ(failure().failed_source, liar.where().node);
  EXPECT_TRUE(eventually([&] { return used() == kSize; }));
  FakeSource good(fresh, {});
  puller_->submit(order(2, id_, fresh, {liar.where(), good.where()}));
  expect_copy(id_, fresh);
}

TEST_F(PullRangesTest, AVersionsLengthMayChange) {
  uint64_t inode = 10;
  for (size_t size : {size_t{1}, 5 * kBlockSize, 20 * kBlockSize, 20 * kBlockSize + 8, 31 * kBlockSize + 1}) {
    ++inode;
    put(replica(inode, 1), bytes_);
    std::string fresh = content_of(size, inode);
    fresh.replace(0, std::min<size_t>(size, kSize), bytes_, 0, std::min<size_t>(size, kSize));
    FakeSource source(fresh, {});
    puller_->submit(order(inode, replica(inode, 2), fresh, {source.where()}));
    expect_copy(replica(inode, 2), fresh);
    EXPECT_LE(source.sent(), (size > kSize ? size - kSize : 0) + kBlockSize) << size;
  }
}

TEST_F(PullRangesTest, ABigFileComesFromSeveralSources) {
  FakeSource first(bytes_, {});
  FakeSource second(bytes_, {});
  // The first one stands still after its second segment, until the second one has brought something.
  first.behave({.hang_at = 2 * kBlockSize});
  puller_->submit(order(1, id_, bytes_, {first.where(), second.where()}));
  ASSERT_TRUE(eventually([&] { return second.sent() > 0; }));
  first.let_go();
  expect_copy(id_, bytes_);
  EXPECT_GT(first.sent(), 0U);
  EXPECT_EQ(failures(), 0U);
}

TEST_F(PullRangesTest, ASourceThatHangsLosesItsSegment) {
  for (bool first_hangs : {true, false}) {
    ReplicaId id = replica(first_hangs ? 1 : 2);
    FakeSource hangs(bytes_, {.hang_at = 0});
    FakeSource good(bytes_, {});
    std::vector<CopySource> sources = {hangs.where(), good.where()};
    if (!first_hangs) std::swap(sources[0], sources[1]);
    puller_->submit(order(1, id, bytes_, sources));
    expect_copy(id, bytes_);  // long before the idle timeout
  }
  EXPECT_EQ(failures(), 0U);
}

TEST_F(PullRangesTest, WhenTheOthersFailTheSlowOneIsAskedAgain) {
  FakeSource slow(bytes_, {.hang_at = 0});
  FakeSource dies(bytes_, {.die_at = 10 * kBlockSize});
  puller_->submit(order(1, id_, bytes_, {slow.where(), dies.where()}));
  ASSERT_TRUE(eventually([&] { return dies.sent() >= 8 * kBlockSize; }));
  slow.let_go();
  expect_copy(id_, bytes_);
  EXPECT_EQ(failures(), 0U);
}

TEST_F(PullRangesTest, ALiarAmongSeveralIsLeftAndHarmsNobody) {
  struct Case {
    const char* what;
    FakeSource::Behaviour behaviour;
    std::string serves;
  };
  uint64_t inode = 1;
  for (const Case& each : std::vector<Case>{{"a wrong byte", {.wrong_byte = 5}, bytes_},
                                            {"a wrong last byte", {.wrong_byte = kSize - 1}, bytes_},
                                            {"another content", {}, content_of(kSize, 2)},
                                            {"a longer one", {}, bytes_ + "x"},
                                            {"a shorter one", {}, bytes_.substr(0, kSize - 1)},
                                            {"no sums", {.omit_description = true}, bytes_}}) {
    for (bool first : {true, false}) {
      ReplicaId id = replica(++inode);
      FakeSource liar(each.serves, each.behaviour);
      FakeSource good(bytes_, {});
      std::vector<CopySource> sources = {liar.where(), good.where()};
      if (!first) std::swap(sources[0], sources[1]);
      puller_->submit(order(inode, id, bytes_, sources));
      expect_copy(id, bytes_);
      ASSERT_TRUE(ok(store_->remove({id}).at(0))) << each.what;
    }
  }
  EXPECT_EQ(failures(), 0U);
}

TEST_F(PullRangesTest, SourcesThatAllVanishLeaveWhatWasVerified) {
  FakeSource first(bytes_, {.die_at = 9 * kBlockSize});
  FakeSource second(bytes_, {.die_at = 9 * kBlockSize});
  puller_->submit(order(1, id_, bytes_, {first.where(), second.where()}));
  OrderFailure told = failure();
  EXPECT_FALSE(told.failed_source.none());
  EXPECT_EQ(used(), kSize);
  uint64_t before = first.sent() + second.sent();
  first.behave({});
  puller_->submit(order(2, id_, bytes_, {first.where()}));
  expect_copy(id_, bytes_);
  // At most the segment in whose middle they vanished came twice.
  EXPECT_LE(first.sent() + second.sent(), std::max(before, 9 * kBlockSize) + kSize - 8 * kBlockSize);
  EXPECT_EQ(used(), kSize);
}

TEST_F(PullRangesTest, ACancelEndsEveryPhase) {
  put(replica(50, 1), bytes_);
  const uint64_t before = used();
  std::string fresh = edited(bytes_, {3});
  struct Case {
    const char* what;
    uint64_t inode;
    FakeSource::Behaviour behaviour;
    size_t sources;
  };
  uint64_t number = 0;
  for (const Case& each : std::vector<Case>{{"describing, one source", 10, {.hang_early = true}, 1},
                                            {"describing, several", 11, {.hang_early = true}, 2},
                                            {"describing, another version", 50, {.hang_early = true}, 1},
                                            {"after the sums", 12, {.hang = true}, 1},
                                            {"bytes of one source", 13, {.hang_at = 5 * kBlockSize}, 1},
                                            {"bytes of several", 14, {.hang_at = 0}, 2},
                                            {"the changed block", 50, {.hang_at = 0}, 1}}) {
    ReplicaId id = replica(each.inode, 2);
    FakeSource first(fresh, each.behaviour);
    FakeSource second(fresh, each.behaviour);
    std::vector<CopySource> sources = {first.where(), second.where()};
    sources.resize(each.sources);
    size_t waits = each.behaviour.hang_early || each.sources == 1 ? 1 : 2;
    puller_->submit(order(++number, id, fresh, sources));
    ASSERT_TRUE(eventually([&] { return first.streams() + second.streams() >= waits; })) << each.what;
    puller_->cancel(id);
    EXPECT_EQ(failure().status.code(), Code::kCancelled) << each.what;
    EXPECT_TRUE(eventually([&] { return used() == before; })) << each.what;
    EXPECT_TRUE(files_below(layout().stage()).empty()) << each.what;
  }
}

TEST_F(PullRangesTest, AFullDiskEndsTheOrderAndBlamesNoSource) {
  FakeSource first(bytes_, {});
  FakeSource second(bytes_, {});
  disk_.inject({.op = DiskOp::kWrite, .error = ENOSPC});
  puller_->submit(order(1, id_, bytes_, {first.where(), second.where()}));
  EXPECT_TRUE(failure().failed_source.none());
  expect_nothing();
}

// Whatever sources do: a copy is right or is none, and the quota is exact.
TEST_F(PullRangesTest, AnySources) {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    std::mt19937 random(seed);
    SCOPED_TRACE("seed " + std::to_string(seed));
    ReplicaId id = replica(100 + seed, 2);
    std::string fresh = bytes_;
    uint64_t older = 0;
    if (random() % 2 == 0) {
      put(replica(100 + seed, 1), bytes_);
      older = kSize;
      for (int i = 0; i < 5; ++i) fresh[random() % kSize] ^= 1;
    }
    std::vector<std::unique_ptr<FakeSource>> sources;
    std::vector<CopySource> where;
    for (size_t i = 1 + random() % 4; i > 0; --i) {
      FakeSource::Behaviour behaviour;
      switch (random() % 4) {
        case 0:
          behaviour.die_at = random() % kSize;
          break;
        case 1:
          behaviour.wrong_byte = random() % kSize;
          break;
        case 2:
          behaviour.describes = content_of(random() % kSize, seed);
          break;
        default:
          break;
      }
      sources.push_back(std::make_unique<FakeSource>(fresh, behaviour));
      where.push_back(sources.back()->where());
    }
    puller_->submit(order(seed, id, fresh, where));
    ASSERT_TRUE(eventually([&] { return puller_->in_flight() == 0; }));
    if (store_->find(id).value()) {
      EXPECT_TRUE(read(id).value() == fresh);
      EXPECT_EQ(used(), kSize + older);
    } else {
      EXPECT_FALSE(failure().status.ok());  // told a moment after the order is over
    }
    EXPECT_EQ(failures(), 0U);
    ASSERT_TRUE(ok(store_->remove({id}).at(0)));
    EXPECT_TRUE(eventually([&] { return used() == older; }));
    EXPECT_TRUE(files_below(layout().stage()).empty());
    if (older > 0) {
      ASSERT_TRUE(ok(store_->remove({replica(100 + seed, 1)}).at(0)));
    }
  }
}

}  // namespace
}  // namespace fsdfs::node
