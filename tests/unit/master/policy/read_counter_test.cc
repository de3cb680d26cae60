#include "master/policy/read_counter.h"

#include "master/namespace/links.h"
#include "master/namespace/operations.h"
#include "master/scheduler/read_weight.h"
#include "store_fixture.h"
#include "tests/harness/wait.h"

namespace fsdfs::master {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// The scheduler's part, without one.
class FakeKeeper final : public WeightKeeper {
 public:
  void note_reads(std::vector<ReadCount> counts, WallTime at, Weights changed) override {
    std::vector<ReadWeight> now;
    for (const ReadCount& count : counts) {
      float& weight = weights[count.inode];
      weight = add_reads(weight, count.reads, at);
      now.push_back({count.inode, weight});
    }
    changed(now);
  }
  void restore_weights(std::vector<ReadWeight> restored) override {
    std::lock_guard lock(mutex);
    for (const ReadWeight& weight : restored) weights[weight.inode] = weight.weight;
  }
  std::mutex mutex;
  std::map<InodeId, float> weights;
};

class ReadCounterTest : public StoreFixture {
 protected:
  ReadCounterTest() { file_ = touch("/f"); }
  ~ReadCounterTest() override { counter_.reset(); }

  InodeId touch(const std::string& path) {
    auto made = make<Inode>([&](WriteTransaction& t) -> Result<Inode> {
      FSDFS_ASSIGN(auto slot, resolve_slot(t, {InodeId{}, path}));
      Inode inode = newborn(t, slot.parent, FileType::kRegular, {});
      FSDFS_TRY(t.add_inode(inode));
      FSDFS_TRY(add_name(t, slot.parent, slot.name, inode));
      return inode;
    });
    return made.ok() ? made->id : InodeId{};
  }
  void make_counter() {
    counter_ = std::make_unique<ReadCounter>(*store_, keeper_, clock_, logger_, ReadCounterSettings{},
                                             [this](const std::vector<InodeId>& files) { seen_ = files; });
  }
  void read(int times) {
    for (int i = 0; i < times; ++i) counter_->count(file_);
    counter_->drain();
    ASSERT_TRUE(counter_->save().ok());
  }
  // What the policy is shown: the files that it has to look at.
  std::vector<InodeId> show() {
    seen_.clear();
    EXPECT_TRUE(counter_->show_policy().ok());
    return seen_;
  }
  double seen_rate() {
    auto row = view()->reads(file_);
    return row.ok() && *row ? (*row)->seen : 0;
  }

  InodeId file_;
  FakeKeeper keeper_;
  std::vector<InodeId> seen_;
  std::unique_ptr<ReadCounter> counter_;
};

TEST_F(ReadCounterTest, ReadsBecomeARateThatThePolicySees) {
  make_counter();
  read(100);
  EXPECT_EQ(seen_rate(), 0);
  EXPECT_THAT(show(), ElementsAre(file_));
  EXPECT_NEAR(seen_rate(), 100 * std::log(2.0), 1);
}

TEST_F(ReadCounterTest, ThePolicyIsShownWhatMovedByATenth) {
  make_counter();
  read(100);
  show();
  double first = seen_rate();
  read(5);
  EXPECT_THAT(show(), IsEmpty());
  EXPECT_EQ(seen_rate(), first);
  read(6);
  EXPECT_THAT(show(), ElementsAre(file_));
  // A day later half is left, without any read.
  double second = seen_rate();
  clock_.advance(24h);
  EXPECT_THAT(show(), ElementsAre(file_));
  EXPECT_NEAR(seen_rate(), second / 2, 0.5);
}

TEST_F(ReadCounterTest, WhatNobodyReadsAnyMoreIsForgotten) {
  make_counter();
  read(100);
  show();
  clock_.advance(24h * 30);
  EXPECT_THAT(show(), ElementsAre(file_));
  EXPECT_FALSE(view()->reads(file_)->has_value());
  EXPECT_THAT(show(), IsEmpty());
}

TEST_F(ReadCounterTest, ReadsOfWhatWasRemovedLeaveNothing) {
  make_counter();
  counter_->count(file_);
  counter_->count(InodeId{4711});
  counter_->drain();
  ASSERT_TRUE(write([&](WriteTransaction& t) {
                return remove(t, {InodeId{}, "/f"}, RemoveKind::kAny).status();
              }).ok());
  ASSERT_TRUE(counter_->save().ok());
  EXPECT_THAT(*view()->reads_after(InodeId{}, 10), IsEmpty());
}

TEST_F(ReadCounterTest, WeightsComeBackAfterARestart) {
  make_counter();
  read(100);
  float before = keeper_.weights[file_];
  counter_.reset();
  keeper_.weights.clear();
  reopen();
  make_counter();
  counter_->start();
  EXPECT_TRUE(fsdfs::testing::eventually(60s, [&] {
    std::lock_guard lock(keeper_.mutex);
    return keeper_.weights.contains(file_) && keeper_.weights[file_] == before;
  }));
  counter_->stop();
}

TEST_F(ReadCounterTest, CountingNeverTakesMoreThanItsRoom) {
  make_counter();
  for (int i = 0; i < 1'000'000; ++i) counter_->count(file_);
  counter_->drain();
  EXPECT_GT(reads_left(keeper_.weights[file_], clock_.wall()), 1000);
  EXPECT_LT(reads_left(keeper_.weights[file_], clock_.wall()), 100'000);
}

}  // namespace
}  // namespace fsdfs::master
