// SQLite behind RAII and Status: the one place that speaks its C interface (sqlite3.h stays in the .cc
// files). Used by the master's namespace, the node's index and the shadows.
//
// Threads: a Database is one connection and belongs to one thread at a time, with everything made from it;
// only interrupt() may be called from another. Readers that shall not wait for the writer open their own
// (WAL). Lifetime: Statements, Transactions and Savepoints end before their Database. Crash: after commit()
// at Synchronous::kFull the transaction survives a power cut; at kNormal it survives kill -9 and is never
// torn, but a power cut may take back the latest commits. Errors: SQLITE_FULL is kNoSpace; CORRUPT, NOTADB
// and IOERR kDataLoss; BUSY kUnavailable; a broken UNIQUE or PRIMARY KEY kAlreadyExists, other constraints
// kFailedPrecondition; INTERRUPT kCancelled; READONLY kReadOnly; the rest (wrong SQL, misuse) kInternal. The
// message names the database file, what SQLite says, and the statement.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/clock.h"
#include "common/status.h"

struct sqlite3;
struct sqlite3_stmt;

namespace fsdfs::sqlite {

enum class Synchronous { kOff, kNormal, kFull };

struct OpenOptions {
  enum class Mode { kCreate, kReadWrite, kReadOnly };
  Mode mode = Mode::kCreate;
  Synchronous synchronous = Synchronous::kNormal;
  bool journal =
      true;  // false: no WAL and no rollback either, for a file that is thrown away after a failure
  Duration busy_timeout = std::chrono::seconds(5);
  int64_t cache_bytes = 16LL * 1024 * 1024;
  int64_t mmap_bytes = 0;  // 0: off. An I/O error in a mapped file is a SIGBUS, so this is for trusted disks.
  bool foreign_keys = true;
  size_t statements_max = 256;  // idle prepared statements that are kept
};

class Database;

// A prepared statement in use. Comes from Database::prepare, which keeps prepared ones by their SQL, so
// preparing again is a hash lookup; at destruction it is reset, its bindings are cleared and it goes back.
// Movable. Parameters count from 1, columns from 0. A failed bind is remembered and returned by the next
// step() or run().
class Statement {
 public:
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&& other) noexcept;
  ~Statement();

  // Text and blob bytes are copied.
  Statement& bind_int(int index, int64_t value);
  // Stored as the int64 with the same bits: values from 2^63 up compare as negative in SQL.
  Statement& bind_uint(int index, uint64_t value);
  Statement& bind_double(int index, double value);
  Statement& bind_text(int index, std::string_view value);
  Statement& bind_blob(int index, std::string_view value);
  Statement& bind_null(int index);

  // True: a row is there to be read. False: done.
  Result<bool> step();
  // For statements without rows: steps to the end (dropping rows) and resets.
  Status run();
  // Ready to step again; the bindings stay.
  void reset();

  int columns() const;
  bool is_null(int column) const;
  int64_t get_int(int column) const;
  uint64_t get_uint(int column) const;  // of bind_uint
  double get_double(int column) const;
  // Valid until the next step, reset or destruction. Text is as stored, not checked to be UTF-8. NULL: empty.
  std::string_view get_text(int column) const;
  std::string_view get_blob(int column) const;

 private:
  friend class Database;
  Statement(Database& database, sqlite3_stmt* handle) : database_(&database), handle_(handle) {}
  void remember(int code);
  void give_back();

  Database* database_;
  sqlite3_stmt* handle_;  // null after a move
  Status failed_bind_;
};

class Database {
 public:
  // Opens `path` in WAL mode (":memory:" for tests, without WAL). kNotFound when it is missing and mode is
  // not kCreate. A file that is not a database is found here (kDataLoss), not at the first query.
  static Result<std::unique_ptr<Database>> open(const std::string& path, const OpenOptions& options = {});
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  const std::string& path() const { return path_; }

  Result<Statement> prepare(std::string_view sql);  // one statement
  // Runs a script of any number of statements; rows are dropped.
  Status execute(const std::string& sql);
  // The first column of the first row; nullopt when there is no row or it is NULL.
  Result<std::optional<int64_t>> query_int(std::string_view sql);
  Result<std::optional<std::string>> query_text(std::string_view sql);

  int64_t changes() const;         // rows that the last INSERT, UPDATE or DELETE touched
  int64_t last_insert_id() const;  // its rowid
  bool in_transaction() const;

  // Takes effect with the next transaction. kFailedPrecondition inside one (SQLite would ignore it).
  Status set_synchronous(Synchronous level);
  // Moves the log into the database file as far as readers allow. With `truncate` it waits for them (busy
  // timeout) and leaves an empty log.
  Status checkpoint(bool truncate);
  // Looks for damage: kDataLoss with the first findings. `quick` leaves out indexes against tables.
  Status check_integrity(bool quick);
  // Makes the statement that runs now in this connection end with kCancelled. From any thread.
  void interrupt();

  // A Status for an SQLite result code of this connection. For this folder's files.
  Status error(int code, std::string_view doing) const;
  sqlite3* handle() const { return handle_; }

 private:
  friend class Statement;
  Database(std::string path, sqlite3* handle, size_t statements_max);
  Status configure(const OpenOptions& options);
  void keep(sqlite3_stmt* statement);

  const std::string path_;
  sqlite3* const handle_;
  const size_t statements_max_;
  struct SqlHash {
    using is_transparent = void;
    size_t operator()(std::string_view sql) const { return std::hash<std::string_view>{}(sql); }
  };
  std::unordered_multimap<std::string, sqlite3_stmt*, SqlHash, std::equal_to<>>
      idle_;  // reset, without bindings, by their SQL
};

// All or nothing. Rolls back unless committed.
class Transaction {
 public:
  enum class Kind {
    kDeferred,   // for reads: a snapshot from the first read on
    kImmediate,  // for writes: takes the write lock now (kUnavailable after the busy timeout)
  };
  static Result<Transaction> begin(Database& database, Kind kind = Kind::kImmediate);
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  // After an error nothing was committed, and the transaction is rolled back.
  Status commit();
  void rollback();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;  // null: ended or moved
};

// A part of a transaction that can be taken back alone. They nest; the last begun ends first.
class Savepoint {
 public:
  static Result<Savepoint> begin(Database& database);
  Savepoint(Savepoint&& other) noexcept;
  Savepoint& operator=(Savepoint&&) = delete;
  ~Savepoint();

  Status release();  // keeps its changes, as part of the transaction around it
  void rollback();

 private:
  explicit Savepoint(Database& database) : database_(&database) {}
  Database* database_;  // null: ended or moved
};

}  // namespace fsdfs::sqlite
