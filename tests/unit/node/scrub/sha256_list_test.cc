// DATA/SHA256SUMS, and the SHA-256 of what has arrived since the last pass.
#include <gtest/gtest.h>

#include <cstdlib>

#include "scrub_fixture.h"

namespace fsdfs::node {
namespace {

using namespace std::chrono_literals;

class Sha256ListTest : public ScrubFixture {
 protected:
  // As somebody would who knows nothing of fsdfs.
  int check() {
    return std::system(("cd " + data_path_ + " && sha256sum -c --strict --quiet SHA256SUMS >&2").c_str());
  }
  size_t lines() {
    std::string list = slurp(layout().sha256_list());
    return static_cast<size_t>(std::count(list.begin(), list.end(), '\n'));
  }
};

TEST_F(Sha256ListTest, ADiskCanBeCheckedWithoutFsdfs) {
  make_scrubber();
  put(replica(1), content_of(3 * kBlockSize + 1));
  put(replica(2), "");
  put(replica(300), content_of(5));
  run_requested();
  EXPECT_EQ(lines(), 3U);
  EXPECT_EQ(check(), 0);
  flip_bit(layout().data(replica(300)), 2);
  EXPECT_NE(check(), 0);
}

TEST_F(Sha256ListTest, WhatIsBadOrGoneIsNotListed) {
  make_scrubber();
  for (uint64_t inode = 1; inode <= 3; ++inode) put(replica(inode), content_of(1000, inode));
  run_requested();
  flip_bit(layout().data(replica(2)), 2);
  ASSERT_TRUE(ok(store_->remove({replica(3)}).front()));
  run_requested();
  EXPECT_EQ(lines(), 1U);
  EXPECT_EQ(check(), 0);
}

TEST_F(Sha256ListTest, WhatArrivesIsListedWithoutWaitingForAPass) {
  make_scrubber();
  put(replica(1), content_of(1000));
  MonotonicTime begun = time_.now();
  while (!std::filesystem::exists(layout().sha256_list()) && time_.now() - begun < 48h) {
    time_.advance(scrubber_->step());
  }
  EXPECT_LE(time_.now() - begun, Scrubber::kFreshInterval + 1min);
  EXPECT_EQ(state().passes, 0U);
  EXPECT_EQ(check(), 0);
  EXPECT_TRUE(store_->page_unhashed(std::nullopt, 10)->empty());
  // It survives a clean restart and a scan after a crash.
  close();
  ASSERT_TRUE(ok(open()));
  EXPECT_TRUE(store_->page_unhashed(std::nullopt, 10)->empty());
  reopen();
  EXPECT_TRUE(store_->page_unhashed(std::nullopt, 10)->empty());
}

TEST_F(Sha256ListTest, WhereThereIsATreeTheListIsOfItsPaths) {
  settings_.tree = true;
  reopen();
  make_scrubber();
  for (uint64_t inode = 1; inode <= 3; ++inode) put(replica(inode), content_of(1000, inode));
  RecordPage page;
  page.position = {1, Epoch{1}};
  page.directories = {{InodeId{50}, kRootInode, "music", 1, std::nullopt, 0755, 0, 0, {}}};
  page.files = {{replica(1), {InodeId{50}, "plain.mp3", 1, 2, 0644, 0, 0, {}}},
                {replica(2), {InodeId{50}, "line\nbreak\\and more\r", 1, 2, 0644, 0, 0, {}}}};
  ASSERT_TRUE(ok(store_->apply(page)));
  run_requested();
  EXPECT_EQ(lines(), 3U);
  EXPECT_NE(slurp(layout().sha256_list()).find("  music/plain.mp3\n"), std::string::npos);
  auto check_tree = [&] {
    return std::system(
        ("cd " + data_path_ + "/tree && sha256sum -c --strict --quiet ../SHA256SUMS >&2").c_str());
  };
  EXPECT_EQ(check_tree(), 0);
  flip_bit(layout().data(replica(2)), 2);
  EXPECT_NE(check_tree(), 0);
}

TEST_F(Sha256ListTest, AListThatCannotBeReplacedStays) {
  make_scrubber();
  put(replica(1), content_of(1000));
  run_requested();
  std::string before = slurp(layout().sha256_list());
  put(replica(2), content_of(1000, 2));
  disk_.inject({.op = DiskOp::kRename, .error = ENOSPC, .where = named("SHA256SUMS")});
  run_requested();
  EXPECT_EQ(slurp(layout().sha256_list()), before);
  run_requested();
  EXPECT_EQ(lines(), 2U);
}

}  // namespace
}  // namespace fsdfs::node
