#include "master/scheduler/front.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

namespace fsdfs::master {
namespace {

Front::Entry entry(int32_t major, uint64_t inode) {
  return Front::Entry{major, static_cast<Slot>(inode), 0, inode};
}

TEST(Front, GivesTheBestFirst) {
  Front front;
  for (int32_t major : {5, 1, 9, 3}) front.offer(entry(major, 100 + static_cast<uint64_t>(major)));
  std::vector<int32_t> order;
  while (!front.empty()) order.push_back(front.pop().major);
  EXPECT_EQ(order, (std::vector<int32_t>{1, 3, 5, 9}));
  EXPECT_TRUE(front.complete());
}

TEST(Front, OrdersByMajorThenMinorThenInode) {
  EXPECT_LT((Front::Entry{1, 9, 9, 9}), (Front::Entry{2, 1, 1, 1}));
  EXPECT_LT((Front::Entry{1, 9, 1, 9}), (Front::Entry{1, 1, 2, 1}));
  EXPECT_LT((Front::Entry{1, 9, 1, 1}), (Front::Entry{1, 1, 1, 2}));
  EXPECT_EQ((Front::Entry{1, 9, 1, 1}), (Front::Entry{1, 1, 1, 1})) << "the slot is no part of the order";
}

TEST(Front, ForgottenIsEmptyAndIncompleteUntilASweep) {
  Front front;
  front.offer(entry(1, 1));
  front.forget();
  EXPECT_TRUE(front.empty());
  EXPECT_FALSE(front.complete());
  front.offer(entry(1, 1));
  EXPECT_TRUE(front.empty()) << "nothing is before a floor that is not known";
  front.begin_sweep(100);
  front.sweep_offer(entry(2, 2));
  front.offer(entry(1, 1));
  EXPECT_TRUE(front.end_sweep());
  EXPECT_TRUE(front.complete());
  EXPECT_EQ(front.pop().inode, 1U);
  EXPECT_EQ(front.pop().inode, 2U);
}

TEST(Front, ForgottenWhileSweepingNeedsAnotherSweep) {
  Front front;
  front.begin_sweep(100);
  front.sweep_offer(entry(1, 1));
  front.forget();
  EXPECT_FALSE(front.end_sweep());
  EXPECT_TRUE(front.empty());
  EXPECT_FALSE(front.complete());
}

// A table of files with changing places; whatever is popped must be the best of all that is before the floor.
TEST(Front, NeverMissesABetterOneWhateverHappens) {
  uint32_t seed = 99;
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  Front front;
  std::map<uint64_t, int32_t> places;
  int incomplete_pops = 0;
  for (uint64_t inode = 1; inode <= 1000; ++inode) places[inode] = static_cast<int32_t>(random() % 10'000);
  for (int round = 0; round < 300; ++round) {
    front.begin_sweep(20);
    uint64_t cursor = 0;
    while (true) {
      // The sweep goes on in steps; files change in between, before and behind it.
      auto it = places.upper_bound(cursor);
      for (int i = 0; i < 50 && it != places.end(); ++i, ++it) {
        front.sweep_offer(entry(it->second, it->first));
        cursor = it->first;
      }
      if (it == places.end()) break;
      uint64_t inode = 1 + random() % 1000;
      auto place = static_cast<int32_t>(random() % 10'000);
      places[inode] = place;
      front.offer(entry(place, inode));
    }
    ASSERT_TRUE(front.end_sweep());
    for (int i = 0; i < 30; ++i) {
      if (random() % 3 == 0) {
        uint64_t inode = 1 + random() % 1000;
        auto place = static_cast<int32_t>(random() % 10'000);
        places[inode] = place;
        front.offer(entry(place, inode));
      }
      if (front.empty()) break;
      Front::Entry popped = front.pop();
      auto it = places.find(popped.inode);
      if (it == places.end() || entry(it->second, it->first) != popped) {
        if (it != places.end() && popped < entry(it->second, it->first)) {
          front.offer(entry(it->second, it->first));
        }
        continue;
      }
      for (const auto& [inode, place] : places) {
        ASSERT_FALSE(entry(place, inode) < popped) << "a better one was missed";
      }
      incomplete_pops += !front.complete();
      places.erase(popped.inode);
    }
  }
  EXPECT_GT(incomplete_pops, 100) << "the floor was hardly ever tested";
}

}  // namespace
}  // namespace fsdfs::master
