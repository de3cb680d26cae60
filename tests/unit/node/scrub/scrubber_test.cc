#include "node/scrub/scrubber.h"

#include <gtest/gtest.h>

#include "scrub_fixture.h"

namespace fsdfs::node {
namespace {

using namespace std::chrono_literals;

using ScrubberTest = ScrubFixture;

TEST_F(ScrubberTest, APassReadsEverythingAndSaysSo) {
  make_scrubber();
  std::string big = content_of(3 * Scrubber::kChunkBytes + 5);
  put(replica(1), big);
  put(replica(2), "");
  put(replica(3), content_of(kBlockSize, 3));
  uint64_t held = big.size() + kBlockSize;
  WallTime begun = time_.wall();
  run_requested();
  EXPECT_EQ(state().passes, 1U);
  EXPECT_EQ(state().replicas, 3U);
  EXPECT_EQ(state().bytes, held);
  EXPECT_EQ(state().total, held);
  EXPECT_EQ(state().bad, 0U);
  EXPECT_EQ(state().answered, 1U);
  EXPECT_GE(state().finished, begun);
  auto verified = verified_.take(10);
  ASSERT_EQ(verified.size(), 3U);
  EXPECT_EQ(verified[0].replica, replica(1));
  EXPECT_GE(verified[0].at, begun);
}

TEST_F(ScrubberTest, EveryKindOfDamageIsFoundSetAsideAndReported) {
  make_scrubber();
  std::string bytes = content_of(2 * kBlockSize + 100);
  for (uint64_t inode = 1; inode <= 7; ++inode) put(replica(inode), bytes);
  ASSERT_TRUE(ok(read(replica(1))));  // kept open, with its sums in memory: that does not help it
  flip_bit(layout().data(replica(1)), 0);
  flip_bit(layout().data(replica(2)), bytes.size() - 1);
  flip_bit(layout().meta(replica(3)), 60);
  std::filesystem::resize_file(layout().data(replica(4)), bytes.size() - 1);
  spit(layout().data(replica(5)), bytes + "more");
  std::filesystem::remove(layout().data(replica(6)));
  store_->changes().acknowledge(store_->changes().last_sequence());
  run_requested();
  EXPECT_EQ(state().bad, 6U);
  EXPECT_EQ(state().replicas, 1U);
  for (uint64_t inode = 1; inode <= 5; ++inode) {
    EXPECT_EQ(state_of(replica(inode)), HeldState::kQuarantined) << inode;
    EXPECT_TRUE(std::filesystem::exists(layout().quarantined_data(replica(inode)))) << inode;
  }
  EXPECT_FALSE(store_->find(replica(6)).value());
  EXPECT_EQ(state_of(replica(7)), HeldState::kWhole);
  EXPECT_EQ(store_->changes().pending(), 6U);
  EXPECT_EQ(scrubber_->figures().answered_at_change, store_->changes().last_sequence());
}

TEST_F(ScrubberTest, AReadErrorFailsTheReplicaForGood) {
  make_scrubber();
  put(replica(1), content_of(kBlockSize));
  disk_.inject({.op = DiskOp::kRead, .where = [](std::string_view path) {
                  return path.ends_with(Layout::file_name(replica(1)));
                }});
  run_requested();
  EXPECT_EQ(state().bad, 1U);
  EXPECT_EQ(state_of(replica(1)), HeldState::kQuarantined);
}

TEST_F(ScrubberTest, AWrongRowOfTheIndexIsCorrectedOnTheWay) {
  std::string bytes = content_of(kBlockSize + 3);
  put(replica(1), bytes);
  close();
  {
    auto index = std::move(Index::open(Layout(data_path_).index(), logger_)->index);
    IndexRow wrong = *index->find(replica(1)).value();
    wrong.held.content.digest.bytes[3] ^= 1;
    ASSERT_TRUE(ok(index->put(wrong)));
    ASSERT_TRUE(ok(index->close()));
  }
  ASSERT_TRUE(ok(open()));
  make_scrubber();
  run_requested();
  EXPECT_EQ(state().bad, 0U);
  EXPECT_EQ(store_->find(replica(1)).value()->content, content_info(bytes));
  EXPECT_EQ(store_->changes().pending_after(0, 10).back().held.content, content_info(bytes));
}

TEST_F(ScrubberTest, TheRateIsKept) {
  scrub_settings_.rate = 1024 * 1024;
  make_scrubber();
  put(replica(1), content_of(8 * 1024 * 1024));
  Duration took = run_requested();
  EXPECT_GE(took, 8s);
  EXPECT_LE(took, 9s);
}

TEST_F(ScrubberTest, SmallFilesCostASeek) {
  scrub_settings_.rate = Scrubber::kReplicaCost;  // one a second
  make_scrubber();
  for (uint64_t inode = 1; inode <= 20; ++inode) put(replica(inode), "x");
  EXPECT_GE(run_requested(), 20s);
}

TEST_F(ScrubberTest, ItCreepsWhileClientsReadSlowly) {
  make_scrubber();
  put(replica(1), content_of(4 * Scrubber::kChunkBytes));
  foreground_ = 80ms;
  Duration slow = run_requested();
  EXPECT_GE(slow, 4s);
  foreground_ = 5ms;
  EXPECT_EQ(run_requested(), 0s);
}

TEST_F(ScrubberTest, APassComesOncePerPeriod) {
  scrub_settings_.period = 48h;
  make_scrubber();
  put(replica(1), content_of(100));
  MonotonicTime begun = time_.now();
  while (state().passes == 0 && time_.now() - begun < 100h) time_.advance(scrubber_->step());
  EXPECT_EQ(state().passes, 1U);
  EXPECT_GE(time_.now() - begun, 48h);
  EXPECT_LE(time_.now() - begun, 49h);
  while (state().passes == 1 && time_.now() - begun < 200h) time_.advance(scrubber_->step());
  EXPECT_GE(time_.now() - begun, 96h);
  EXPECT_LE(time_.now() - begun, 98h);
}

TEST_F(ScrubberTest, WithoutAPeriodItWaitsToBeAsked) {
  scrub_settings_.period = Duration::zero();
  make_scrubber();
  put(replica(1), content_of(100));
  MonotonicTime begun = time_.now();
  while (time_.now() - begun < 10'000h) {
    Duration rest = scrubber_->step();
    ASSERT_FALSE(state().running);
    time_.advance(std::max<Duration>(rest, 1min));
  }
  EXPECT_EQ(state().passes, 0U);
  run_requested();
  EXPECT_EQ(state().passes, 1U);
}

TEST_F(ScrubberTest, ThePeriodGoesOnOverRestartsWhateverTheWallClockSays) {
  scrub_settings_.period = 48h;
  make_scrubber();
  time_.advance(30h);
  remake();
  EXPECT_GT(scrubber_->step(), 0s);
  EXPECT_FALSE(state().running);
  time_.advance(17h + 59min);
  (void)scrubber_->step();
  EXPECT_EQ(state().passes, 0U);
  time_.advance(2min);
  finish_pass();
  EXPECT_EQ(state().passes, 1U);
}

TEST_F(ScrubberTest, ThePositionSurvivesARestart) {
  make_scrubber();
  for (uint64_t inode = 1; inode <= 10; ++inode) put(replica(inode), content_of(kBlockSize, inode));
  scrubber_->request_pass(41);
  while (state().replicas < 4) time_.advance(scrubber_->step());
  scrubber_->save();
  remake();
  EXPECT_TRUE(state().running);
  EXPECT_EQ(state().replicas, 4U);
  flip_bit(layout().data(replica(2)), 7);  // behind it: the next pass will see
  flip_bit(layout().data(replica(9)), 7);
  finish_pass();
  EXPECT_EQ(state().replicas, 9U);
  EXPECT_EQ(state().bad, 1U);
  EXPECT_EQ(state().answered, 41U);
  EXPECT_EQ(state_of(replica(2)), HeldState::kWhole);
  EXPECT_EQ(state_of(replica(9)), HeldState::kQuarantined);
}

TEST_F(ScrubberTest, ARequestBeginsAPassAnewAndIsDoneOnce) {
  make_scrubber();
  for (uint64_t inode = 1; inode <= 5; ++inode) put(replica(inode), content_of(kBlockSize, inode));
  scrubber_->request_pass(7);
  while (state().replicas < 3) time_.advance(scrubber_->step());
  flip_bit(layout().data(replica(1)), 7);
  scrubber_->request_pass(8);
  finish_pass();
  EXPECT_EQ(state().bad, 1U);
  EXPECT_EQ(state().passes, 1U);
  EXPECT_EQ(state().answered, 8U);
  scrubber_->request_pass(8);
  scrubber_->request_pass(7);
  (void)scrubber_->step();
  EXPECT_FALSE(state().running);
}

TEST_F(ScrubberTest, ADamagedPositionCostsAPassAndNothingElse) {
  make_scrubber();
  put(replica(1), content_of(100));
  run_requested();
  flip_bit(layout().scrub_state(), 30);
  remake();
  EXPECT_EQ(state().passes, 0U);
  EXPECT_TRUE(logger_.contains("the scrubber starts over"));
  run_requested();
  EXPECT_EQ(state().passes, 1U);
}

TEST_F(ScrubberTest, AFullDiskDoesNotEndIt) {
  make_scrubber();
  put(replica(1), content_of(100));
  disk_.inject(
      {.op = DiskOp::kCreate, .error = ENOSPC, .where = named("scrub.state"), .times = Fault::kForever});
  disk_.inject(
      {.op = DiskOp::kCreate, .error = ENOSPC, .where = named("SHA256SUMS"), .times = Fault::kForever});
  run_requested();
  EXPECT_EQ(state().passes, 1U);
  EXPECT_EQ(state().replicas, 1U);
  EXPECT_TRUE(logger_.contains("SHA-256 sums is not written"));
}

TEST_F(ScrubberTest, WhatGoesMeanwhileIsNotBad) {
  make_scrubber();
  for (uint64_t inode = 1; inode <= 3; ++inode) put(replica(inode), content_of(kBlockSize, inode));
  scrubber_->request_pass(1);
  while (state().replicas < 1) time_.advance(scrubber_->step());
  ASSERT_TRUE(ok(store_->remove({replica(2)}).front()));
  finish_pass();
  EXPECT_EQ(state().bad, 0U);
  EXPECT_EQ(state().replicas, 2U);
}

}  // namespace
}  // namespace fsdfs::node
