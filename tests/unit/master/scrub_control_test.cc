// What nodes find when they check what they hold, and what becomes of bad copies.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control_fixture.h"

namespace fsdfs::master {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::HasSubstr;

constexpr std::initializer_list<uint8_t> kThree = {1, 2, 3};

class ScrubControlTest : public ControlFixture {
 protected:
  static ReplicaId current(const Inode& inode) { return {inode.id, inode.version}; }
  void make_bad(uint8_t number, const Inode& inode) {
    node(number).add_change({current(inode), inode.content, ReplicaState::kQuarantined});
    ASSERT_TRUE(eventually([&] { return row(current(inode), number) == ReplicaState::kQuarantined; }));
  }
  ScrubStarted scrub(std::vector<NodeId> nodes) {
    std::promise<ScrubStarted> answer;
    auto future = answer.get_future();
    EXPECT_TRUE(loop_->scrub(std::move(nodes), [&](ScrubStarted given) { answer.set_value(given); }));
    return future.get();
  }
  FileTime verified_at(const Inode& inode, uint8_t number) {
    return (*view()->replica(current(inode), node(number).hello.node))->verified;
  }
  bool warns(const std::string& text) {
    for (const std::string& warning : loop_->view()->warnings) {
      if (warning.find(text) != std::string::npos) return true;
    }
    return false;
  }
};

TEST_F(ScrubControlTest, TimesOfVerificationReachTheRows) {
  join_all({1});
  Inode f = put("/f", "bytes", 1);
  settle();
  FileTime before = verified_at(f, 1);
  clock_.advance(1h);
  FileTime at = file_time(clock_.wall());
  clock_.advance(1h);
  node(1).verified = {{current(f), at}, {{InodeId{99}, f.version}, at}};  // one is of no file
  node(1).report();
  EXPECT_TRUE(eventually([&] { return verified_at(f, 1) == at; }));
  EXPECT_GT(at, before);
  // Nothing is verified in the future, whatever the node's clock says.
  node(1).verified = {{current(f), FileTime{at.seconds + 86400 * 365, 0}}};
  node(1).report();
  EXPECT_TRUE(eventually([&] { return verified_at(f, 1) == file_time(clock_.wall()); }));
}

TEST_F(ScrubControlTest, ABadCopyGoesOnceAnotherWasMade) {
  settings_.scheduler.fill = false;
  restart();
  join_all({1, 2, 3, 4});
  Inode f = put("/f", "bytes", 3);
  ASSERT_TRUE(eventually([&] { return rows(f, ReplicaState::kWhole) == 3; }));
  uint8_t bad = 0;
  for (auto& [number, fake] : nodes_) {
    fake->obeys_copies = false;
    fake->copies.clear();
    if (row(current(f), number)) bad = number;
  }
  clock_.advance(1s);
  make_bad(bad, f);
  FakeNode* target = nullptr;
  ASSERT_TRUE(eventually([&] {
    for (auto& [number, fake] : nodes_) {
      if (!fake->copies.empty()) target = fake.get();
    }
    return target != nullptr;
  }));
  settle();
  EXPECT_EQ(row(current(f), bad), ReplicaState::kQuarantined) << "the others were never read since";
  clock_.advance(1s);
  target->add_change({current(f), f.content, ReplicaState::kWhole});
  EXPECT_TRUE(eventually([&] { return rows(f, ReplicaState::kQuarantined) == 0; }));
  EXPECT_TRUE(eventually([&] { return rows(f, ReplicaState::kWhole) == 3; }));
}

TEST_F(ScrubControlTest, ABadCopyGoesOnceAnotherWasReadAgain) {
  settings_.scheduler.fill = false;
  restart();
  join_all({1, 2, 3});
  Inode f = put("/f", "bytes", 2);
  ASSERT_TRUE(eventually([&] { return rows(f, ReplicaState::kWhole) == 2; }));
  for (uint8_t number : kThree) node(number).obeys_copies = false;
  uint8_t bad = 0, good = 0;
  for (uint8_t number : kThree) {
    if (row(current(f), number)) (bad == 0 ? bad : good) = number;
  }
  ASSERT_NE(good, 0);
  // Of three, one bad and two whole.
  uint8_t third = static_cast<uint8_t>(6 - bad - good);
  node(third).add_change({current(f), f.content, ReplicaState::kWhole});
  ASSERT_TRUE(eventually([&] { return row(current(f), third) == ReplicaState::kWhole; }));
  clock_.advance(1s);
  make_bad(bad, f);
  settle();
  EXPECT_EQ(row(current(f), bad), ReplicaState::kQuarantined);
  clock_.advance(1s);
  node(good).verified = {{current(f), file_time(clock_.wall())}};
  node(good).report();
  EXPECT_TRUE(eventually([&] { return !row(current(f), bad); }));
}

TEST_F(ScrubControlTest, CopiesOnDeadNodesDoNotLetABadOneGo) {
  join_all({1, 2, 3});
  Inode f = put("/f", "bytes", 3);
  ASSERT_TRUE(eventually([&] { return rows(f, ReplicaState::kWhole) == 3; }));
  node(2).leave();
  node(3).leave();
  node(1).obeys_copies = false;
  pass(settings_.dead_after + 5s);
  ASSERT_TRUE(eventually([&] { return loop_->view()->health.nodes_dead == 2; }));
  make_bad(1, f);
  settle();
  EXPECT_EQ(row(current(f), 1), ReplicaState::kQuarantined);
  EXPECT_TRUE(node(1).deletions.empty());
}

TEST_F(ScrubControlTest, WhenAllCopiesAreBadTheyAreKeptAndSaid) {
  join_all({1, 2, 3});
  Inode f = put("/f", "bytes", 3);
  Inode fine = put("/fine", "bytes", 3);
  ASSERT_TRUE(eventually([&] { return rows(f, ReplicaState::kWhole) == 3; }));
  for (uint8_t number : kThree) {
    node(number).obeys_copies = false;
    clock_.advance(1s);
    make_bad(number, f);
  }
  settle();
  EXPECT_TRUE(eventually([&] { return warns("1 files have only bad copies left"); }));
  EXPECT_EQ(rows(f, ReplicaState::kQuarantined), 3u);
  for (uint8_t number : kThree) EXPECT_TRUE(node(number).deletions.empty());
  EXPECT_EQ(rows(fine, ReplicaState::kWhole), 3u);
  // One comes back right: it counts, and the others are made anew.
  for (uint8_t number : kThree) node(number).obeys_copies = true;
  clock_.advance(1s);
  node(2).add_change({current(f), f.content, ReplicaState::kWhole});
  EXPECT_TRUE(eventually([&] { return rows(f, ReplicaState::kWhole) == 3; }));
  EXPECT_TRUE(eventually([&] { return !warns("only bad copies"); }));
}

TEST_F(ScrubControlTest, AnOrderReachesWhoAttendsAndItsNumberGrows) {
  join_all({1, 2, 3});
  node(3).leave();
  settle();
  ScrubStarted first = scrub({node(1).hello.node});
  ASSERT_EQ(first.told.size(), 1u);
  EXPECT_EQ(first.told[0].id, node(1).hello.node);
  ScrubStarted all = scrub({});
  EXPECT_EQ(all.told.size(), 2u);
  ASSERT_EQ(all.not_told.size(), 1u);
  EXPECT_EQ(all.not_told[0].id, node(3).hello.node);
  EXPECT_TRUE(eventually([&] { return node(1).scrubs.size() == 2 && node(2).scrubs.size() == 1; }));
  EXPECT_EQ(node(1).scrubs, (std::vector<uint64_t>{first.request, all.request}));
  EXPECT_TRUE(node(3).scrubs.empty());
  restart();
  join_all({1});
  EXPECT_GT(scrub({}).request, all.request);
  EXPECT_GT(all.request, first.request);
}

TEST_F(ScrubControlTest, ProgressIsInTheView) {
  join_all({1});
  node(1).scrub = {true, 10, 100, 3, 1, 5, FileTime{1000, 0}, 7};
  node(1).report();
  EXPECT_TRUE(eventually([&] {
    auto view = loop_->view();
    const NodeStatus* status = view->find(node(1).hello.node);
    return status != nullptr && status->scrub.running && status->scrub.bytes_total == 100 &&
           status->scrub.answered == 7;
  }));
}

}  // namespace
}  // namespace fsdfs::master
