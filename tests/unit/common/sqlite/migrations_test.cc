#include "common/sqlite/migrations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <vector>

#include "tests/unit/common/temp_directory.h"

namespace fsdfs::sqlite {
namespace {

using ::testing::HasSubstr;

constexpr Migration kFirst{1, "CREATE TABLE a (v); INSERT INTO a VALUES ('first');"};
constexpr Migration kSecond{2, "CREATE TABLE b (v); INSERT INTO b SELECT v || ' moved' FROM a;"};
constexpr Migration kThird{3, "ALTER TABLE b ADD COLUMN w DEFAULT 7;"};
constexpr Migration kBroken{3, "CREATE TABLE c (v); INSERT INTO nowhere VALUES (1);"};

class MigrationsTest : public ::testing::Test {
 protected:
  std::string path() const { return directory_ / "db"; }
  static Result<MigrationReport> run(Database& database, std::vector<Migration> migrations) {
    return migrate(database, migrations);
  }
  static bool has_table(Database& database, const std::string& name) {
    return database.query_int("SELECT count(*) FROM sqlite_master WHERE name = '" + name + "'").value() == 1;
  }

  TempDirectory directory_;
};

TEST_F(MigrationsTest, AFreshDatabaseGetsAllWithoutACopy) {
  auto database = Database::open(path()).value();
  auto report = run(*database, {kFirst, kSecond, kThird}).value();
  EXPECT_EQ(report.from, 0);
  EXPECT_EQ(report.to, 3);
  EXPECT_EQ(report.backup, "");
  EXPECT_EQ(database->query_text("SELECT v || w FROM b").value(), "first moved7");
  EXPECT_EQ(database->query_int("PRAGMA user_version").value(), 3);
  // As they were before.
  EXPECT_EQ(database->query_int("PRAGMA foreign_keys").value(), 1);
  EXPECT_EQ(database->query_int("PRAGMA synchronous").value(), 1);
  EXPECT_EQ(run(*database, {kFirst, kSecond, kThird})->from, 3);  // nothing more to do
}

TEST_F(MigrationsTest, AnOlderDatabaseIsCopiedFirst) {
  auto database = Database::open(path()).value();
  ASSERT_TRUE(run(*database, {kFirst}).ok());
  auto report = run(*database, {kFirst, kSecond, kThird}).value();
  EXPECT_EQ(report.from, 1);
  EXPECT_EQ(report.backup, path() + ".before-v2");
  auto backup = Database::open(report.backup).value();
  EXPECT_EQ(backup->query_int("PRAGMA user_version").value(), 1);
  EXPECT_EQ(backup->query_text("SELECT v FROM a").value(), "first");
  EXPECT_FALSE(has_table(*backup, "b"));
  EXPECT_TRUE(backup->check_integrity(false).ok());
  EXPECT_EQ(std::filesystem::status(report.backup).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_FALSE(std::filesystem::exists(report.backup + ".tmp"));
}

TEST_F(MigrationsTest, ABrokenStepStopsAtTheLastWholeOne) {
  auto database = Database::open(path()).value();
  ASSERT_TRUE(run(*database, {kFirst}).ok());
  Status status = run(*database, {kFirst, kSecond, kBroken}).status();
  EXPECT_EQ(status.code(), Code::kInternal);
  EXPECT_THAT(status.message(), HasSubstr("migrate " + path() + " to version 3"));
  EXPECT_EQ(database->query_int("PRAGMA user_version").value(), 2);
  EXPECT_FALSE(has_table(*database, "c"));
  EXPECT_EQ(database->query_int("PRAGMA foreign_keys").value(), 1);
  // The next try starts from there, and the copy of version 1 stays.
  EXPECT_EQ(run(*database, {kFirst, kSecond, kThird})->backup, path() + ".before-v3");
  EXPECT_TRUE(std::filesystem::exists(path() + ".before-v2"));
}

TEST_F(MigrationsTest, ADatabaseOfTheFutureIsRefused) {
  auto database = Database::open(path()).value();
  ASSERT_TRUE(run(*database, {kFirst, kSecond, kThird}).ok());
  Status status = run(*database, {kFirst, kSecond}).status();
  EXPECT_EQ(status.code(), Code::kFailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr("has schema version 3, and this program knows versions up to 2"));
  EXPECT_THAT(status.message(), HasSubstr(path() + ".before-v3"));
  EXPECT_EQ(database->query_int("SELECT w FROM b").value(), 7);
}

TEST_F(MigrationsTest, TablesMayBeRebuiltButReferencesMustHoldAtTheEnd) {
  auto database = Database::open(path()).value();
  const Migration tables{1,
                         "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p REFERENCES p(id));"
                         "INSERT INTO p VALUES (1); INSERT INTO c VALUES (1);"};
  const Migration rebuild{2,
                          "CREATE TABLE p2 (id INTEGER PRIMARY KEY, x); INSERT INTO p2 SELECT id, 0 FROM p;"
                          "DROP TABLE p; ALTER TABLE p2 RENAME TO p;"};
  const Migration breaks{3, "DELETE FROM p;"};
  ASSERT_TRUE(run(*database, {tables, rebuild}).ok());
  Status status = run(*database, {tables, rebuild, breaks}).status();
  EXPECT_EQ(status.code(), Code::kFailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr("table c"));
  EXPECT_EQ(database->query_int("SELECT count(*) FROM p").value(), 1);
}

TEST_F(MigrationsTest, DefectsOfTheProgramAreSaid) {
  auto database = Database::open(path()).value();
  EXPECT_EQ(run(*database, {kFirst, kThird}).status().code(), Code::kInternal);
  EXPECT_EQ(run(*database, {{1, "CREATE TABLE z (v); COMMIT;"}}).status().code(), Code::kInternal);
  auto transaction = Transaction::begin(*database).value();
  EXPECT_EQ(run(*database, {kFirst}).status().code(), Code::kInternal);
  EXPECT_EQ(copy_database(*database, directory_ / "copy").code(), Code::kInternal);
}

TEST_F(MigrationsTest, ACopyIsOneMomentWhileOthersWrite) {
  auto source = Database::open(path()).value();
  auto writer = Database::open(path()).value();
  ASSERT_TRUE(source->execute("CREATE TABLE t (v)").ok());
  {
    auto transaction = Transaction::begin(*source).value();
    auto insert = source->prepare("INSERT INTO t VALUES (?)").value();
    for (int i = 0; i < 3000; ++i) ASSERT_TRUE(insert.bind_text(1, std::string(4000, 'x')).run().ok());
    ASSERT_TRUE(transaction.commit().ok());
  }
  int portions = 0;
  Status status = copy_database(*source, directory_ / "copy", [&](const CopyProgress& progress) {
    EXPECT_LE(progress.pages_left, progress.pages_total);
    EXPECT_TRUE(writer->execute("INSERT INTO t VALUES ('later')").ok());
    ++portions;
    return portions < 1000;  // starting over at every write would never end
  });
  ASSERT_TRUE(status.ok()) << status.to_string();
  EXPECT_GE(portions, 2);
  EXPECT_EQ(source->query_int("SELECT count(*) FROM t").value(), 3000 + portions);
  auto copy = Database::open(directory_ / "copy").value();
  EXPECT_EQ(copy->query_int("SELECT count(*) FROM t").value(), 3000);
  EXPECT_TRUE(copy->check_integrity(false).ok());
}

TEST_F(MigrationsTest, AStoppedCopyLeavesTheTargetAsItWas) {
  auto source = Database::open(path()).value();
  ASSERT_TRUE(run(*source, {kFirst}).ok());
  const std::string target = directory_ / "copy";
  std::ofstream(target) << "what was there";
  // Two portions are needed for the callback to be asked.
  ASSERT_TRUE(source->execute("INSERT INTO a VALUES (zeroblob(20000000))").ok());
  Status status = copy_database(*source, target, [](const CopyProgress&) { return false; });
  EXPECT_EQ(status.code(), Code::kCancelled);
  EXPECT_EQ(std::filesystem::file_size(target), 14u);
  EXPECT_FALSE(std::filesystem::exists(target + ".tmp"));
  EXPECT_FALSE(copy_database(*source, directory_ / "none/copy").ok());
  EXPECT_FALSE(source->in_transaction());
}

}  // namespace
}  // namespace fsdfs::sqlite
