#include "master/scheduler/file_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <vector>

namespace fsdfs::master {
namespace {

std::vector<NodeIndex> list_of(const FileTable& table, const FileRecord& record) {
  auto holders = table.holders(record);
  return {holders.begin(), holders.end()};
}

TEST(FileTable, FindsWhatWasInserted) {
  FileTable table;
  EXPECT_EQ(table.find(7), kNoSlot);
  Slot slot = table.insert(7);
  EXPECT_EQ(table.find(7), slot);
  EXPECT_EQ(table.at(slot).inode, 7U);
  EXPECT_EQ(table.size(), 1U);
  table.erase(slot);
  EXPECT_EQ(table.find(7), kNoSlot);
  EXPECT_EQ(table.at(slot).inode, 0U);
  EXPECT_EQ(table.insert(8), slot) << "slots are used again";
}

TEST(FileTable, HoldersKeepTheirOrderAtAnyLength) {
  FileTable table;
  FileRecord& record = table.at(table.insert(1));
  std::vector<NodeIndex> expected;
  for (NodeIndex node = 0; node < 100; ++node) {
    table.add_holder(record, node);
    expected.push_back(node);
    ASSERT_EQ(list_of(table, record), expected);
  }
  while (!expected.empty()) {
    NodeIndex node = expected[expected.size() / 2];
    table.remove_holder(record, node);
    std::erase(expected, node);
    ASSERT_EQ(list_of(table, record), expected);
    ASSERT_FALSE(table.holds(record, node));
  }
}

TEST(FileTable, AgreesWithAPlainMapWhateverHappens) {
  uint32_t seed = 20240611;
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  FileTable table;
  std::map<uint64_t, std::vector<NodeIndex>> plain;
  for (int step = 0; step < 60'000; ++step) {
    uint64_t inode = (uint64_t{1} << 40) + 1 + random() % 3000;
    Slot slot = table.find(inode);
    ASSERT_EQ(slot != kNoSlot, plain.contains(inode));
    if (slot == kNoSlot) {
      table.insert(inode);
      plain[inode] = {};
      continue;
    }
    FileRecord& record = table.at(slot);
    ASSERT_EQ(record.inode, inode);
    ASSERT_EQ(list_of(table, record), plain[inode]);
    auto node = static_cast<NodeIndex>(random() % 40);
    uint64_t action = random() % 20;
    if (action == 0) {
      table.clear_holders(record);
      table.erase(slot);
      plain.erase(inode);
    } else if (table.holds(record, node)) {
      table.remove_holder(record, node);
      std::erase(plain[inode], node);
    } else {
      table.add_holder(record, node);
      plain[inode].push_back(node);
    }
    ASSERT_EQ(table.size(), plain.size());
  }
}

TEST(FileTable, StaysSmallWithAMillionFiles) {
  FileTable table;
  for (uint64_t inode = 1; inode <= 1'000'000; ++inode) {
    FileRecord& record = table.at(table.insert((uint64_t{1} << 40) | inode));
    for (NodeIndex node = 0; node < 3; ++node) table.add_holder(record, node);
  }
  EXPECT_LT(static_cast<double>(table.resident_bytes()) / 1'000'000, 57);
  EXPECT_EQ(table.size(), 1'000'000U);
}

TEST(Version, PacksAndKeepsItsOrder) {
  Version versions[] = {{Epoch{0}, 1}, {Epoch{1}, 0}, {Epoch{1}, (uint64_t{1} << 40) - 1}, {Epoch{2}, 0}};
  for (const Version& a : versions) {
    EXPECT_EQ(unpack_version(pack_version(a)), a);
    for (const Version& b : versions) EXPECT_EQ(a < b, pack_version(a) < pack_version(b));
  }
}

}  // namespace
}  // namespace fsdfs::master
