// SqliteStore: the MetadataStore over one SQLite file in WAL mode, with one writer thread and a few
// connections for readers. The contract is store.h's.
//
// How a group is committed: the writer takes what is queued (group_max at most), runs each operation in a
// savepoint, writes the log, the remembered replies and the counters, and commits with synchronous=FULL if an
// operation asked for sync or the last sync is a second old, else with NORMAL. If the commit fails, nobody of
// the group has happened and everybody is told so.
//
// Lock order: close_mutex_, then queue_mutex_.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "common/log.h"
#include "common/sqlite/database.h"
#include "master/store/id_source.h"
#include "master/store/node_slots.h"
#include "master/store/reader_pool.h"
#include "master/store/sqlite_transaction.h"
#include "master/store/store.h"

namespace fsdfs::master {

struct StoreOptions {
  size_t readers_max = 8;     // connections; one more read waits
  size_t queue_max = 65'536;  // operations that wait for the writer
  size_t group_max = 512;     // operations in one commit
  uint64_t log_entries_kept = kLogEntriesKept;
  Duration sync_interval = std::chrono::seconds(1);
  Duration prune_interval = std::chrono::seconds(1);
};

class SqliteStore final : public MetadataStore {
 public:
  // Opens or makes the database at `path` and starts a new epoch. Clock and logger outlive the store.
  static Result<std::unique_ptr<SqliteStore>> open(const std::string& path, const Clock& clock,
                                                   Logger& logger, StoreOptions options = {});
  ~SqliteStore() override;

  SwarmId swarm() const override { return swarm_; }
  Epoch epoch() const override { return ids_.epoch(); }
  Status raise_epoch(Epoch seen) override;
  InodeId new_inode_id() override { return ids_.inode(); }
  SessionId new_session_id() override { return ids_.session(); }
  Version new_version() override { return ids_.version(); }

  Result<std::unique_ptr<ReadView>> read() override { return readers_.view(); }
  void submit(WriteOptions options, Operation operation, Done done) override;
  void add_listener(CommitListener& listener) override { listeners_.push_back(&listener); }
  void close() override;

 private:
  struct Task {
    WriteOptions options;
    Operation operation;
    Done done;
    // Instead of an operation: a new epoch, in a transaction of its own.
    std::optional<Epoch> raise_above = {};
  };
  struct Ended {
    Result<std::string> result;
    LogEntry entry;  // without records when nothing is to be logged
  };

  SqliteStore(std::string path, const Clock& clock, Logger& logger, StoreOptions options);
  Status start();
  Status begin_epoch(Epoch above);
  Status make_root(WriteTransaction& transaction);
  Status load_swarm();

  void run();
  std::vector<Task> take_group();
  void commit_group(std::vector<Task>& group);
  Result<std::vector<Ended>> run_group(std::vector<Task>& group, bool sync);
  Result<std::string> run_task(Task& task, LogEntry& entry, TotalsDelta& delta);
  Status write_log(LogEntry& entry);
  Status write_totals(const TotalsDelta& delta);
  Status remember(const RequestId& request, const std::string& reply, FileTime now);
  void idle_work();
  void sync_now();
  void prune();
  Status prune_aged(std::string_view sql, int64_t before);

  // Constant after construction, or thread-safe.
  const std::string path_;
  const Clock& clock_;
  Logger& logger_;
  const StoreOptions options_;
  IdSource ids_{Epoch{0}};
  NodeSlots slots_;
  SwarmId swarm_;
  std::vector<CommitListener*> listeners_;
  ReaderPool readers_;

  // Of the writer thread (and of open, before it runs).
  std::unique_ptr<sqlite::Database> database_;
  uint64_t sequence_ = 0;
  bool unsynced_ = false;
  MonotonicTime synced_at_;
  MonotonicTime pruned_at_;

  std::mutex queue_mutex_;
  std::condition_variable queue_filled_;
  std::deque<Task> queue_;  // guarded by queue_mutex_
  bool closing_ = false;    // guarded by queue_mutex_

  std::mutex close_mutex_;  // one close() at a time
  std::thread writer_;      // joined under close_mutex_
};

}  // namespace fsdfs::master
