#include "node/store/index.h"

#include <gtest/gtest.h>

#include "common/sqlite/database.h"
#include "tests/unit/node/store_fixture.h"

namespace fsdfs::node {
namespace {

class IndexTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(open().made_anew); }
  Index::Opened open() {
    index_.reset();
    auto opened = Index::open(path_, logger_);
    EXPECT_TRUE(ok(opened));
    if (!opened.ok()) return {};
    bool made_anew = opened->made_anew;
    index_ = std::move(opened->index);
    return {nullptr, made_anew};
  }
  static IndexRow row(const ReplicaId& id, uint64_t size, HeldState state = HeldState::kWhole) {
    IndexRow row;
    row.held = {id, {size, content_digest_of(std::to_string(size))}, state};
    row.verified = WallTime(std::chrono::seconds(1'700'000'000));
    row.parent = InodeId{42};
    row.name = std::string("a\0b\xff", 4);
    row.metadata_counter = 7;
    return row;
  }

  TempDirectory temp_;
  const std::string path_ = temp_ / "index.db";
  MemoryLogger logger_;
  std::unique_ptr<Index> index_;
};

TEST_F(IndexTest, RowsComeBackAsTheyWere) {
  ReplicaId big = replica(UINT64_MAX - 1, UINT64_MAX, 1ULL << 63);
  ASSERT_TRUE(ok(index_->put(row(big, 1ULL << 62))));
  ASSERT_TRUE(ok(index_->close()));
  EXPECT_FALSE(open().made_anew);
  auto found = index_->find(big);
  ASSERT_TRUE(ok(found));
  ASSERT_TRUE(*found);
  IndexRow expected = row(big, 1ULL << 62);
  EXPECT_EQ((*found)->held, expected.held);
  EXPECT_EQ((*found)->verified, expected.verified);
  EXPECT_EQ((*found)->parent, expected.parent);
  EXPECT_EQ((*found)->name, expected.name);
  EXPECT_EQ((*found)->metadata_counter, expected.metadata_counter);
  EXPECT_FALSE(index_->find(replica(1)).value());
}

TEST_F(IndexTest, TotalsAndPagesCoverEveryRowOnce) {
  for (uint64_t inode = 1; inode <= 100; ++inode) {
    ASSERT_TRUE(ok(index_->put(row(replica(inode, 101 - inode), inode,
                                   inode % 10 == 0 ? HeldState::kQuarantined : HeldState::kWhole))));
  }
  auto totals = index_->totals();
  ASSERT_TRUE(ok(totals));
  EXPECT_EQ(totals->replicas, 100U);
  EXPECT_EQ(totals->bytes, 5050U);
  EXPECT_EQ(totals->quarantined, 10U);
  std::set<ReplicaId> seen;
  std::optional<ReplicaId> after;
  for (int pages = 0; pages < 100; ++pages) {
    auto page = index_->page(after, 7);
    ASSERT_TRUE(ok(page));
    if (page->empty()) break;
    for (const IndexRow& each : *page) EXPECT_TRUE(seen.insert(each.held.replica).second);
    after = page->back().held.replica;
  }
  EXPECT_EQ(seen.size(), 100U);
  ASSERT_TRUE(ok(index_->remove(replica(1, 100))));
  EXPECT_EQ(index_->totals()->replicas, 99U);
}

TEST_F(IndexTest, AScanDropsWhatItDidNotSee) {
  for (uint64_t inode = 1; inode <= 5; ++inode) ASSERT_TRUE(ok(index_->put(row(replica(inode), inode))));
  ASSERT_TRUE(ok(index_->begin_scan()));
  ASSERT_TRUE(ok(index_->mark_seen(replica(2))));
  ASSERT_TRUE(ok(index_->put(row(replica(9), 9))));
  auto dropped = index_->end_scan();
  ASSERT_TRUE(ok(dropped));
  EXPECT_EQ(*dropped, 4U);
  EXPECT_TRUE(index_->find(replica(2)).value());
  EXPECT_TRUE(index_->find(replica(9)).value());
  EXPECT_FALSE(index_->find(replica(1)).value());
}

TEST_F(IndexTest, ADamagedFileIsMadeAnew) {
  ASSERT_TRUE(ok(index_->put(row(replica(1), 1))));
  ASSERT_TRUE(ok(index_->close()));
  index_.reset();
  spit(path_, "this is no database, and long enough to be told from an empty one " + std::string(4096, 'x'));
  EXPECT_TRUE(open().made_anew);
  EXPECT_FALSE(index_->find(replica(1)).value());
  EXPECT_TRUE(logger_.contains("made anew"));
}

// As a power cut leaves it when it takes back some pages and not others: the table and what is indexed of it
// do not agree. SQLite finds that only when it looks for it, or when such a row goes.
TEST_F(IndexTest, APageThatWasTakenBackIsFound) {
  ASSERT_TRUE(ok(index_->put(row(replica(1), 1))));
  EXPECT_TRUE(ok(index_->check()));
  ASSERT_TRUE(ok(index_->close()));
  index_.reset();
  auto run = [&](const std::string& sql) {
    auto database = sqlite::Database::open(path_).value();
    ASSERT_TRUE(ok(database->execute("PRAGMA writable_schema = ON; " + sql)));
  };
  run("CREATE TABLE kept AS SELECT * FROM sqlite_schema WHERE name = 'unhashed';"
      "DELETE FROM sqlite_schema WHERE name = 'unhashed';");
  run("UPDATE replica SET inode = inode + 1;");
  run("INSERT INTO sqlite_schema SELECT * FROM kept; DROP TABLE kept;");
  open();
  EXPECT_EQ(index_->check().code(), Code::kDataLoss);
}

}  // namespace
}  // namespace fsdfs::node
