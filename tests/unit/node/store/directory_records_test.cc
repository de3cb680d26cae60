#include "node/store/directory_records.h"

#include <gtest/gtest.h>

#include "tests/unit/node/store_fixture.h"

namespace fsdfs::node {
namespace {

class DirectoryRecordsTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(reopen()); }
  // True: it was made anew.
  bool reopen() {
    records_.reset();
    auto opened = DirectoryRecords::open(path_, logger_);
    EXPECT_TRUE(ok(opened));
    if (!opened.ok()) return false;
    records_ = std::move(opened->records);
    return opened->made_anew;
  }
  static DirectoryRecord directory(uint64_t inode, uint64_t parent, std::string name, uint64_t counter = 1) {
    DirectoryRecord record;
    record.inode = InodeId{inode};
    record.parent = InodeId{parent};
    record.name = std::move(name);
    record.metadata_counter = counter;
    record.mode = 0755;
    record.modified = {-5, 999'999'999};
    return record;
  }
  Status apply(const std::vector<DirectoryRecord>& directories, std::set<InodeId> holding = {},
               std::vector<InodeId> gone = {}) {
    return records_->apply(directories, gone, holding);
  }
  std::string path_of(uint64_t inode) { return records_->path_of(InodeId{inode}).value(); }
  void run(const std::string& sql) {
    records_.reset();
    auto database = sqlite::Database::open(path_);
    ASSERT_TRUE(ok(database));
    ASSERT_TRUE(ok((*database)->execute(sql)));
  }

  TempDirectory temp_;
  const std::string path_ = temp_ / "directories.db";
  MemoryLogger logger_;
  std::unique_ptr<DirectoryRecords> records_;
  const std::vector<DirectoryRecord> tree_{directory(1, 1, ""), directory(10, 1, "a"),
                                           directory(11, 10, "b\xff"), directory(20, 1, "other")};
};

TEST_F(DirectoryRecordsTest, WhatIsAboveFilesIsKeptAndNothingElse) {
  ASSERT_TRUE(ok(apply(tree_, {InodeId{11}})));
  ASSERT_FALSE(reopen());
  EXPECT_TRUE(records_->find(InodeId{1}).value());
  EXPECT_TRUE(records_->find(InodeId{10}).value());
  EXPECT_EQ(*records_->find(InodeId{11}).value(), tree_[2]);
  EXPECT_FALSE(records_->find(InodeId{20}).value());
  EXPECT_EQ(path_of(11), "/a/b\xff");
  EXPECT_EQ(path_of(1), "/");
  EXPECT_EQ(path_of(20), "");
}

TEST_F(DirectoryRecordsTest, WhatIsKnownFollowsAndBringsWhatIsAboveItThen) {
  ASSERT_TRUE(ok(apply(tree_, {InodeId{11}})));
  ASSERT_TRUE(ok(apply({directory(1, 1, "", 2), directory(20, 1, "other", 2), directory(10, 20, "aa", 2)})));
  EXPECT_EQ(path_of(11), "/other/aa/b\xff");
  ASSERT_TRUE(ok(apply({}, {}, {InodeId{11}, InodeId{99}})));
  EXPECT_EQ(path_of(11), "");
  EXPECT_FALSE(records_->find(InodeId{11}).value());
  EXPECT_EQ(path_of(10), "/other/aa");
}

TEST_F(DirectoryRecordsTest, ATargetComesAndGoes) {
  DirectoryRecord music = directory(10, 1, "music");
  music.target = 2.5;
  ASSERT_TRUE(ok(apply({music}, {InodeId{10}})));
  EXPECT_EQ(records_->find(InodeId{10}).value()->target, 2.5);
  music.target.reset();
  ++music.metadata_counter;
  ASSERT_TRUE(ok(apply({music})));
  EXPECT_FALSE(records_->find(InodeId{10}).value()->target);
}

TEST_F(DirectoryRecordsTest, ACircleHasNoPath) {
  ASSERT_TRUE(ok(apply({directory(10, 11, "a"), directory(11, 10, "b")}, {InodeId{10}})));
  EXPECT_EQ(path_of(10), "");
}

TEST_F(DirectoryRecordsTest, DamageIsFoundAndTheyAreMadeAnew) {
  ASSERT_TRUE(ok(apply(tree_, {InodeId{11}})));
  run("UPDATE directory SET name = x'63' WHERE inode = 10");
  EXPECT_TRUE(reopen());
  EXPECT_TRUE(logger_.contains("damaged"));
  EXPECT_FALSE(records_->find(InodeId{11}).value());
  ASSERT_TRUE(ok(apply(tree_, {InodeId{11}})));
  records_.reset();
  spit(path_, "not a database at all, and long enough to be one: " + content_of(5000));
  EXPECT_TRUE(reopen());
}

}  // namespace
}  // namespace fsdfs::node
