#include "common/sqlite/database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <fstream>
#include <string>
#include <thread>

#include "tests/unit/common/temp_directory.h"

namespace fsdfs::sqlite {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class DatabaseTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = Database::open(directory_ / "db");
    ASSERT_TRUE(opened.ok()) << opened.status().to_string();
    database_ = std::move(opened).value();
    ASSERT_TRUE(database_->execute("CREATE TABLE t (id INTEGER PRIMARY KEY, v)").ok());
  }
  Status insert(int64_t id, std::string_view text) {
    FSDFS_ASSIGN(auto statement, database_->prepare("INSERT INTO t VALUES (?, ?)"));
    return statement.bind_int(1, id).bind_text(2, text).run();
  }
  int64_t count() { return database_->query_int("SELECT count(*) FROM t").value().value(); }

  TempDirectory directory_;
  std::unique_ptr<Database> database_;
};

TEST_F(DatabaseTest, OpensInWalModeAndPrivately) {
  EXPECT_EQ(database_->query_text("PRAGMA journal_mode").value(), "wal");
  EXPECT_EQ(database_->query_int("PRAGMA foreign_keys").value(), 1);
  EXPECT_EQ(database_->query_int("PRAGMA synchronous").value(), 1);
  EXPECT_EQ(database_->query_int("PRAGMA cache_size").value(), -16 * 1024);
  ASSERT_TRUE(insert(1, "x").ok());
  for (const char* file : {"db", "db-wal", "db-shm"}) {
    struct stat stat = {};
    ASSERT_EQ(::stat((directory_ / file).c_str(), &stat), 0) << file;
    EXPECT_EQ(stat.st_mode & 0777, 0600u) << file;
  }
}

TEST_F(DatabaseTest, EveryTypeComesBack) {
  const std::string bytes("\0\xff'x", 4);
  auto insert = database_->prepare("INSERT INTO t VALUES (?, ?)").value();
  EXPECT_TRUE(insert.bind_int(1, 1).bind_int(2, INT64_MIN).run().ok());
  EXPECT_TRUE(insert.bind_int(1, 2).bind_uint(2, UINT64_MAX).run().ok());
  EXPECT_TRUE(insert.bind_int(1, 3).bind_double(2, 0.1).run().ok());
  EXPECT_TRUE(insert.bind_int(1, 4).bind_text(2, bytes).run().ok());
  EXPECT_TRUE(insert.bind_int(1, 5).bind_blob(2, bytes).run().ok());
  EXPECT_TRUE(insert.bind_int(1, 6).bind_blob(2, {}).run().ok());
  EXPECT_TRUE(insert.bind_int(1, 7).bind_null(2).run().ok());
  EXPECT_EQ(database_->changes(), 1);
  EXPECT_EQ(database_->last_insert_id(), 7);

  auto select = database_->prepare("SELECT v, typeof(v) FROM t ORDER BY id").value();
  EXPECT_EQ(select.columns(), 2);
  ASSERT_TRUE(select.step().value());
  EXPECT_EQ(select.get_int(0), INT64_MIN);
  ASSERT_TRUE(select.step().value());
  EXPECT_EQ(select.get_uint(0), UINT64_MAX);
  ASSERT_TRUE(select.step().value());
  EXPECT_EQ(select.get_double(0), 0.1);
  ASSERT_TRUE(select.step().value());
  EXPECT_EQ(select.get_text(0), bytes);
  EXPECT_EQ(select.get_text(1), "text");
  ASSERT_TRUE(select.step().value());
  EXPECT_EQ(select.get_blob(0), bytes);
  ASSERT_TRUE(select.step().value());
  EXPECT_FALSE(select.is_null(0));
  EXPECT_EQ(select.get_blob(0), "");
  ASSERT_TRUE(select.step().value());
  EXPECT_TRUE(select.is_null(0));
  EXPECT_FALSE(select.step().value());
}

TEST_F(DatabaseTest, AStatementGoesBackCleanAndIsUsedAgain) {
  const char* sql = "INSERT INTO t VALUES (?, ?)";
  {
    auto statement = database_->prepare(sql).value();
    EXPECT_TRUE(statement.bind_int(1, 1).bind_text(2, "secret").step().ok());
  }
  auto again = database_->prepare(sql).value();
  EXPECT_TRUE(again.bind_int(1, 2).run().ok());
  EXPECT_EQ(database_->query_text("SELECT v FROM t WHERE id = 2").value(), std::nullopt);
  // Two of the same SQL at once are two statements.
  auto first = database_->prepare("SELECT id FROM t ORDER BY id").value();
  auto second = database_->prepare("SELECT id FROM t ORDER BY id").value();
  ASSERT_TRUE(first.step().value());
  ASSERT_TRUE(first.step().value());
  ASSERT_TRUE(second.step().value());
  EXPECT_EQ(first.get_int(0), 2);
  EXPECT_EQ(second.get_int(0), 1);
  second = std::move(first);
  EXPECT_EQ(second.get_int(0), 2);
}

TEST_F(DatabaseTest, MoreStatementsThanAreKept) {
  OpenOptions options;
  options.statements_max = 2;
  auto database = Database::open(directory_ / "small", options).value();
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(database->query_int("SELECT " + std::to_string(i % 5)).value(), i % 5);
  }
}

TEST_F(DatabaseTest, FaultsHaveTheirCodes) {
  ASSERT_TRUE(insert(1, "x").ok());
  Status twice = insert(1, "y");
  EXPECT_EQ(twice.code(), Code::kAlreadyExists);
  EXPECT_THAT(twice.message(), HasSubstr(directory_ / "db"));
  EXPECT_THAT(twice.message(), HasSubstr("INSERT INTO t"));
  EXPECT_EQ(database_->prepare("SELEKT").status().code(), Code::kInternal);
  EXPECT_EQ(database_->prepare("SELECT 1; SELECT 2").status().code(), Code::kInternal);
  EXPECT_EQ(database_->prepare("  ").status().code(), Code::kInternal);
  auto wrong_index = database_->prepare("SELECT ?").value();
  EXPECT_EQ(wrong_index.bind_int(2, 1).run().code(), Code::kInternal);
  ASSERT_TRUE(database_->execute("CREATE TABLE n (v NOT NULL, p REFERENCES t(id))").ok());
  EXPECT_EQ(database_->execute("INSERT INTO n VALUES (NULL, 1)").code(), Code::kFailedPrecondition);
  EXPECT_EQ(database_->execute("INSERT INTO n VALUES (1, 99)").code(), Code::kFailedPrecondition);
}

TEST_F(DatabaseTest, AFullDatabaseIsNoSpace) {
  ASSERT_TRUE(database_->execute("PRAGMA max_page_count = 4").ok());
  Status status;
  for (int i = 0; i < 100 && status.ok(); ++i) status = insert(i, std::string(4000, 'x'));
  EXPECT_EQ(status.reason(), Reason::kNoSpace) << status.to_string();
}

TEST_F(DatabaseTest, DamageIsDataLoss) {
  std::ofstream(directory_ / "text") << std::string(5000, 'x');
  EXPECT_EQ(Database::open(directory_ / "text").status().code(), Code::kDataLoss);

  for (int i = 0; i < 500; ++i) ASSERT_TRUE(insert(i, std::string(100, 'x')).ok());
  EXPECT_TRUE(database_->check_integrity(false).ok());
  ASSERT_TRUE(database_->checkpoint(true).ok());
  database_.reset();
  std::fstream file(directory_ / "db", std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(3 * 4096);
  file << std::string(4096, '\x5a');
  file.close();
  database_ = Database::open(directory_ / "db").value();
  Status damaged = database_->check_integrity(true);
  EXPECT_EQ(damaged.code(), Code::kDataLoss) << damaged.to_string();
  EXPECT_EQ(database_->execute("SELECT * FROM t ORDER BY v").code(), Code::kDataLoss);
}

TEST_F(DatabaseTest, MissingAndReadOnly) {
  OpenOptions options;
  options.mode = OpenOptions::Mode::kReadWrite;
  EXPECT_EQ(Database::open(directory_ / "none", options).status().code(), Code::kNotFound);
  ASSERT_TRUE(insert(1, "x").ok());
  options.mode = OpenOptions::Mode::kReadOnly;
  auto reader = Database::open(directory_ / "db", options).value();
  EXPECT_EQ(reader->query_int("SELECT count(*) FROM t").value(), 1);
  EXPECT_EQ(reader->execute("DELETE FROM t").reason(), Reason::kReadOnly);
  EXPECT_TRUE(Database::open(":memory:").ok());
}

TEST_F(DatabaseTest, ATransactionIsAllOrNothing) {
  {
    auto transaction = Transaction::begin(*database_).value();
    ASSERT_TRUE(insert(1, "x").ok());
  }
  EXPECT_EQ(count(), 0);
  EXPECT_FALSE(database_->in_transaction());
  {
    auto transaction = Transaction::begin(*database_).value();
    ASSERT_TRUE(insert(1, "x").ok());
    EXPECT_EQ(database_->set_synchronous(Synchronous::kFull).code(), Code::kFailedPrecondition);
    auto moved = std::move(transaction);
    EXPECT_TRUE(moved.commit().ok());
    EXPECT_FALSE(moved.commit().ok());
  }
  EXPECT_EQ(count(), 1);
  EXPECT_TRUE(database_->set_synchronous(Synchronous::kFull).ok());
  EXPECT_EQ(database_->query_int("PRAGMA synchronous").value(), 2);
}

TEST_F(DatabaseTest, ACommitThatFailsLeavesNothing) {
  ASSERT_TRUE(
      database_->execute("CREATE TABLE child (p REFERENCES t(id) DEFERRABLE INITIALLY DEFERRED)").ok());
  auto transaction = Transaction::begin(*database_).value();
  ASSERT_TRUE(database_->execute("INSERT INTO child VALUES (99)").ok());
  EXPECT_EQ(transaction.commit().code(), Code::kFailedPrecondition);
  EXPECT_FALSE(database_->in_transaction());
  EXPECT_EQ(database_->query_int("SELECT count(*) FROM child").value(), 0);
}

TEST_F(DatabaseTest, SavepointsNest) {
  EXPECT_EQ(Savepoint::begin(*database_).status().code(), Code::kInternal);
  auto transaction = Transaction::begin(*database_).value();
  ASSERT_TRUE(insert(1, "outside").ok());
  {
    auto outer = Savepoint::begin(*database_).value();
    ASSERT_TRUE(insert(2, "outer").ok());
    {
      auto inner = Savepoint::begin(*database_).value();
      ASSERT_TRUE(insert(3, "inner").ok());
    }
    auto kept = Savepoint::begin(*database_).value();
    ASSERT_TRUE(insert(4, "kept").ok());
    EXPECT_TRUE(kept.release().ok());
    EXPECT_TRUE(outer.release().ok());
  }
  {
    auto dropped = Savepoint::begin(*database_).value();
    auto inside = Savepoint::begin(*database_).value();
    ASSERT_TRUE(insert(5, "dropped").ok());
    EXPECT_TRUE(inside.release().ok());
    dropped.rollback();
  }
  EXPECT_TRUE(transaction.commit().ok());
  EXPECT_EQ(database_->query_text("SELECT group_concat(id) FROM (SELECT id FROM t ORDER BY id)").value(),
            "1,2,4");
}

TEST_F(DatabaseTest, TwoWritersAndAReader) {
  OpenOptions options;
  options.busy_timeout = 1ms;
  auto other = Database::open(directory_ / "db", options).value();
  ASSERT_TRUE(insert(1, "x").ok());
  auto transaction = Transaction::begin(*database_).value();
  ASSERT_TRUE(insert(2, "x").ok());
  EXPECT_EQ(Transaction::begin(*other).status().code(), Code::kUnavailable);
  EXPECT_EQ(other->query_int("SELECT count(*) FROM t").value(), 1);  // the state before
  EXPECT_TRUE(transaction.commit().ok());
  EXPECT_EQ(other->query_int("SELECT count(*) FROM t").value(), 2);
}

TEST_F(DatabaseTest, AnInterruptEndsALongQuery) {
  std::atomic<bool> ended = false;
  std::thread interrupter([&] {
    while (!ended) {
      database_->interrupt();
      std::this_thread::yield();
    }
  });
  Status status = database_->execute(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n");
  ended = true;
  interrupter.join();
  EXPECT_EQ(status.code(), Code::kCancelled);
}

}  // namespace
}  // namespace fsdfs::sqlite
