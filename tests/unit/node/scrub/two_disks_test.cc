// A pass over several data disks: each has its own list, and what two of them hold is checked on both.
#include <gtest/gtest.h>

#include <cstdlib>

#include "scrub_fixture.h"

namespace fsdfs::node {
namespace {

class ScrubTwoDisksTest : public ScrubFixture {
 protected:
  ScrubTwoDisksTest() {
    paths_ = {a_, b_};
    settings_.quotas = {kQuota, kQuota};
    time_.advance(std::chrono::hours(24 * 365 * 20));  // after whatever arrives now
  }
  static size_t listed_in(const std::string& disk) {
    EXPECT_EQ(std::system(("cd " + disk + " && sha256sum -c --strict --quiet SHA256SUMS >&2").c_str()), 0);
    std::string list = slurp(Layout(disk).sha256_list());
    return static_cast<size_t>(std::count(list.begin(), list.end(), '\n'));
  }
  // The other disk gets what one has as well, as when it comes back after the replica was made anew.
  void give_to_both(const ReplicaId& id) {
    bool on_a = std::filesystem::exists(Layout(a_).data(id));
    Layout from(on_a ? a_ : b_);
    Layout to(on_a ? b_ : a_);
    scrubber_.reset();
    crash();
    std::filesystem::create_directories(to.directory_of(id));
    std::filesystem::copy_file(from.data(id), to.data(id));
    std::filesystem::copy_file(from.meta(id), to.meta(id));
    ASSERT_TRUE(ok(open()));
    make_scrubber();
  }

  const std::string a_ = temp_ / "a";
  const std::string b_ = temp_ / "b";
};

TEST_F(ScrubTwoDisksTest, EachDiskHasItsOwnList) {
  make_scrubber();
  for (uint64_t inode = 1; inode <= 5; ++inode) put(replica(inode), content_of(inode * 1000, inode));
  run_requested();
  EXPECT_EQ(state().replicas, 5U);
  EXPECT_EQ(state().total, 15'000U);
  size_t on_a = listed_in(a_);
  size_t on_b = listed_in(b_);
  EXPECT_GT(on_a, 0U);
  EXPECT_GT(on_b, 0U);
  EXPECT_EQ(on_a + on_b, 5U);
}

TEST_F(ScrubTwoDisksTest, WhatBothHoldIsCheckedOnTheOtherNextTime) {
  put(replica(1), content_of(1000));
  give_to_both(replica(1));
  run_requested();
  run_requested();
  EXPECT_EQ(state().replicas, 1U);
  EXPECT_EQ(listed_in(a_), 1U);
  EXPECT_EQ(listed_in(b_), 1U);
  EXPECT_TRUE(store_->page_unhashed(std::nullopt, 10)->empty());
}

TEST_F(ScrubTwoDisksTest, OfABadOneTheOtherDisksCopyIsHeld) {
  std::string bytes = content_of(1000);
  put(replica(1), bytes);
  give_to_both(replica(1));
  flip_bit(Layout(b_).data(replica(1)), 7);
  run_requested();
  uint64_t bad = state().bad;
  run_requested();
  EXPECT_EQ(bad + state().bad, 1U);
  EXPECT_TRUE(std::filesystem::exists(Layout(b_).quarantined_data(replica(1))));
  EXPECT_EQ(state_of(replica(1)), HeldState::kWhole);
  EXPECT_EQ(read(replica(1)).value(), bytes);
  EXPECT_EQ(store_->changes().pending_after(0, 100).back().held.state, HeldState::kWhole) << "the last word";
}

TEST_F(ScrubTwoDisksTest, ThePassGoesOnWithoutADiskThatFails) {
  make_scrubber();
  for (uint64_t inode = 1; inode <= 6; ++inode) put(replica(inode), content_of(1000, inode));
  uint64_t on_a = store_->figures()->disks.at(0).replicas;
  disks_->slots().at(1).directory->health().fail(data_loss("it broke"));
  run_requested();
  EXPECT_EQ(state().replicas, on_a);
  EXPECT_EQ(state().bad, 0U);
  EXPECT_EQ(listed_in(a_), on_a);
}

}  // namespace
}  // namespace fsdfs::node
