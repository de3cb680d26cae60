#include "fuse/directory_reader.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/unit/fuse/fake_swarm.h"

namespace fsdfs::fuse {
namespace {

struct Item {
  std::string name;
  uint64_t next_offset;
  InodeId inode;
};

// One call, of at most `room` items.
std::vector<Item> read_some(DirectoryReader& reader, uint64_t offset, size_t room) {
  std::vector<Item> items;
  Status status = reader.read(offset, [&](const DirectoryItem& item) {
    if (items.size() == room) return false;
    items.push_back({std::string(item.name), item.next_offset, item.inode});
    return true;
  });
  EXPECT_TRUE(status.ok()) << status.to_string();
  return items;
}

std::vector<Item> read_all(DirectoryReader& reader, size_t room = 7) {
  std::vector<Item> all;
  uint64_t offset = 0;
  while (true) {
    auto items = read_some(reader, offset, room);
    if (items.empty()) return all;
    offset = items.back().next_offset;
    all.insert(all.end(), items.begin(), items.end());
  }
}

TEST(DirectoryReader, AnEmptyDirectoryHasItsTwoDots) {
  FakeSwarm swarm;
  InodeId directory = swarm.add_directory(kRootInode, "d");
  DirectoryReader reader(swarm, directory);
  auto items = read_all(reader);
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(items[0].name, ".");
  EXPECT_EQ(items[0].inode, directory);
  EXPECT_EQ(items[1].name, "..");
  EXPECT_EQ(items[1].inode, kRootInode);
}

TEST(DirectoryReader, GoesOnWhereTheLastCallEndedWhateverFitsIntoOne) {
  FakeSwarm swarm;
  for (int i = 0; i < 20; ++i) swarm.add_file(kRootInode, "f" + std::to_string(i), "x");
  for (uint32_t page : {1U, 3U, 4096U}) {
    swarm.set_page_limit(page);
    for (size_t room : {1U, 2U, 5U, 100U}) {
      DirectoryReader reader(swarm, kRootInode);
      auto items = read_all(reader, room);
      ASSERT_EQ(items.size(), 22U) << "pages of " << page << ", calls of " << room;
      for (int i = 0; i < 20; ++i) EXPECT_EQ(items[static_cast<size_t>(i) + 2].name, "f" + std::to_string(i));
    }
  }
}

TEST(DirectoryReader, AsksOnceForWhatFitsIntoOnePage) {
  FakeSwarm swarm;
  for (int i = 0; i < 20; ++i) swarm.add_file(kRootInode, "f" + std::to_string(i), "x");
  DirectoryReader reader(swarm, kRootInode);
  (void)read_all(reader, 3);
  EXPECT_EQ(swarm.calls("read_directory"), 1);
}

TEST(DirectoryReader, TheStartIsAlwaysReadAnew) {
  FakeSwarm swarm;
  DirectoryReader reader(swarm, kRootInode);
  EXPECT_EQ(read_all(reader).size(), 2U);
  swarm.add_file(kRootInode, "new", "x");
  EXPECT_EQ(read_all(reader).size(), 3U);
}

TEST(DirectoryReader, GoesBackToAnyOffset) {
  FakeSwarm swarm;
  swarm.set_page_limit(4);
  for (int i = 0; i < 20; ++i) swarm.add_file(kRootInode, "f" + std::to_string(i), "x");
  DirectoryReader reader(swarm, kRootInode);
  auto items = read_all(reader);
  for (size_t i = 0; i + 1 < items.size(); ++i) {
    auto again = read_some(reader, items[i].next_offset, 1);
    ASSERT_EQ(again.size(), 1U);
    EXPECT_EQ(again[0].name, items[i + 1].name);
  }
}

TEST(DirectoryReader, TellsTheErrorWhenThereIsNothingElseToTell) {
  FakeSwarm swarm;
  swarm.fail_with(unavailable("no master"));
  DirectoryReader reader(swarm, kRootInode);
  Status status = reader.read(0, [](const DirectoryItem&) { return true; });
  EXPECT_EQ(status.code(), Code::kUnavailable);
}

TEST(DirectoryReader, GivesWhatItHasBeforeItTellsTheError) {
  FakeSwarm swarm;
  swarm.set_page_limit(2);
  for (int i = 0; i < 4; ++i) swarm.add_file(kRootInode, "f" + std::to_string(i), "x");
  DirectoryReader reader(swarm, kRootInode);
  uint64_t offset = 0;
  Status first = reader.read(0, [&](const DirectoryItem& item) {
    offset = item.next_offset;
    if (item.name == "f1") swarm.fail_with(unavailable("no master"));
    return true;
  });
  EXPECT_TRUE(first.ok());
  Status second = reader.read(offset, [](const DirectoryItem&) { return true; });
  EXPECT_EQ(second.code(), Code::kUnavailable);
}

// Whatever comes and goes meanwhile: what is there all the time is given exactly once.
TEST(DirectoryReader, AHundredThousandEntriesWhileTheyChange) {
  uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);

  FakeSwarm swarm;
  constexpr int kEntries = 100'000;
  std::set<std::string> staying;
  std::vector<std::string> leaving;
  for (int i = 0; i < kEntries; ++i) {
    std::string name = "entry-" + std::to_string(i);
    swarm.add_file(kRootInode, name, "");
    if (i % 2 == 0) {
      staying.insert(name);
    } else {
      leaving.push_back(name);
    }
  }
  std::shuffle(leaving.begin(), leaving.end(), random);

  DirectoryReader reader(swarm, kRootInode);
  std::map<std::string, int> seen;
  uint64_t offset = 0;
  int added = 0;
  while (true) {
    auto items = read_some(reader, offset, 1 + random() % 200);
    if (items.empty()) break;
    offset = items.back().next_offset;
    for (const auto& item : items) ++seen[item.name];
    for (uint64_t i = random() % 40; i > 0 && !leaving.empty(); --i) {
      swarm.remove(kRootInode, leaving.back());
      leaving.pop_back();
    }
    if (added < kEntries) swarm.add_file(kRootInode, "added-" + std::to_string(added++), "");
  }
  for (const auto& name : staying) ASSERT_EQ(seen[name], 1) << name;
  for (const auto& [name, times] : seen) ASSERT_EQ(times, 1) << name;
  EXPECT_LT(swarm.calls("read_directory"),
            2 * kEntries / static_cast<int>(DirectoryReader::kPageEntries) + 10);
}

}  // namespace
}  // namespace fsdfs::fuse
