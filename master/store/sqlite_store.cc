#include "master/store/sqlite_store.h"

#include <algorithm>
#include <future>

#include "common/sqlite/migrations.h"
#include "master/store/log_codec.h"
#include "master/store/schema.h"
#include "master/store/sqlite_rows.h"

namespace fsdfs::master {
namespace {

constexpr int64_t kWriterCacheBytes = 64LL * 1024 * 1024;
constexpr int64_t kPruneBatch = 5000;  // rows a step, so that no prune delays the writer for long
constexpr uint32_t kRootMode = 0755;

}  // namespace

Result<std::string> MetadataStore::write(WriteOptions options, Operation operation) {
  std::promise<Result<std::string>> promise;
  auto future = promise.get_future();
  submit(options, std::move(operation),
         [&promise](Result<std::string> result) { promise.set_value(std::move(result)); });
  return future.get();
}

SqliteStore::SqliteStore(std::string path, const Clock& clock, Logger& logger, StoreOptions options)
    : path_(std::move(path)),
      clock_(clock),
      logger_(logger),
      options_(options),
      readers_(path_, slots_, options_.readers_max) {}

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(const std::string& path, const Clock& clock,
                                                       Logger& logger, StoreOptions options) {
  std::unique_ptr<SqliteStore> store(new SqliteStore(path, clock, logger, options));
  FSDFS_TRY(store->start());
  return store;
}

SqliteStore::~SqliteStore() {
  close();
}

Status SqliteStore::start() {
  sqlite::OpenOptions open;
  open.synchronous = sqlite::Synchronous::kFull;
  open.cache_bytes = kWriterCacheBytes;
  FSDFS_ASSIGN(database_, sqlite::Database::open(path_, open));
  FSDFS_ASSIGN(auto migrated, sqlite::migrate(*database_, master_migrations()));
  if (migrated.from != 0 && migrated.from != migrated.to) {
    logger_.info("the master's database was brought from version {} to {}; the old one is kept as {}",
                 migrated.from, migrated.to, migrated.backup);
  }
  // A checkpoint for each 16 MiB: fewer syncs of the database file during imports than with SQLite's 4 MiB.
  FSDFS_TRY(database_->execute("PRAGMA wal_autocheckpoint = 4096"));
  FSDFS_ASSIGN(auto last, database_->query_int("SELECT MAX(sequence) FROM log"));
  sequence_ = static_cast<uint64_t>(last.value_or(0));
  FSDFS_TRY(load_swarm());
  FSDFS_TRY(begin_epoch(Epoch{0}));
  synced_at_ = pruned_at_ = clock_.now();
  writer_ = std::thread([this] { run(); });
  return {};
}

Status SqliteStore::load_swarm() {
  FSDFS_ASSIGN(auto transaction, sqlite::Transaction::begin(*database_));
  {
    FSDFS_ASSIGN(auto statement, database_->prepare("SELECT value FROM meta WHERE name = 'swarm'"));
    FSDFS_ASSIGN(bool found, statement.step());
    if (found) {
      std::string_view bytes = statement.get_blob(0);
      if (bytes.size() != swarm_.bytes.size()) {
        return data_loss("the master's database holds no valid swarm id: " + path_, Reason::kNone);
      }
      std::copy(bytes.begin(), bytes.end(), swarm_.bytes.begin());
    } else {
      swarm_ = random_id<SwarmId>();
      FSDFS_ASSIGN(auto insert, database_->prepare("INSERT INTO meta (name, value) VALUES ('swarm', ?)"));
      FSDFS_TRY(insert.bind_blob(1, bytes_view(swarm_.bytes)).run());
    }
  }
  {
    FSDFS_ASSIGN(auto statement, database_->prepare("SELECT slot, id FROM nodes ORDER BY slot"));
    while (true) {
      FSDFS_ASSIGN(bool more, statement.step());
      if (!more) break;
      NodeId node;
      std::string_view bytes = statement.get_blob(1);
      std::copy_n(bytes.begin(), std::min(bytes.size(), node.bytes.size()), node.bytes.begin());
      slots_.load(statement.get_int(0), node);
    }
  }
  return transaction.commit();
}

// On the writer's connection, at FULL. The root directory is made with the first epoch.
Status SqliteStore::begin_epoch(Epoch above) {
  FSDFS_TRY(database_->set_synchronous(sqlite::Synchronous::kFull));
  FSDFS_ASSIGN(auto transaction, sqlite::Transaction::begin(*database_));
  FSDFS_ASSIGN(auto stored, database_->query_int("SELECT value FROM counters WHERE name = 'epoch'"));
  Epoch epoch{std::max(static_cast<uint64_t>(stored.value_or(0)), above.value) + 1};
  {
    FSDFS_ASSIGN(auto update, database_->prepare("UPDATE counters SET value = ? WHERE name = 'epoch'"));
    FSDFS_TRY(update.bind_uint(1, epoch.value).run());
  }
  LogEntry entry{sequence_ + 1, epoch, file_time(clock_.wall()), {EpochStarted{epoch}}};
  if (epoch.value == 1) {
    SqliteTransaction changes(*database_, slots_, ids_, entry.time);
    FSDFS_TRY(make_root(changes));
    FSDFS_TRY(write_totals(changes.delta()));
    for (LogRecord& record : changes.records()) entry.records.push_back(std::move(record));
  }
  FSDFS_TRY(write_log(entry));
  FSDFS_TRY(transaction.commit());
  sequence_ = entry.sequence;
  ids_.raise(epoch);
  for (CommitListener* listener : listeners_) listener->on_commit(entry);
  return {};
}

Status SqliteStore::make_root(WriteTransaction& transaction) {
  Inode root;
  root.id = root.parent = kRootInode;
  root.type = FileType::kDirectory;
  root.mode = kRootMode;
  root.links = 2;
  root.accessed = root.modified = root.changed = transaction.now();
  root.metadata_counter = 1;
  return transaction.add_inode(root);
}

Status SqliteStore::raise_epoch(Epoch seen) {
  if (seen < epoch()) return {};
  std::promise<Result<std::string>> promise;
  auto future = promise.get_future();
  Task task{{}, {}, [&promise](Result<std::string> result) { promise.set_value(std::move(result)); }, seen};
  {
    std::lock_guard lock(queue_mutex_);
    if (closing_) return unavailable("the master is shutting down");
    queue_.push_back(std::move(task));
  }
  queue_filled_.notify_one();
  return future.get().status();
}

void SqliteStore::submit(WriteOptions options, Operation operation, Done done) {
  Status refused;
  {
    std::lock_guard lock(queue_mutex_);
    if (closing_) {
      refused = unavailable("the master is shutting down: try again at its successor");
    } else if (queue_.size() >= options_.queue_max) {
      refused = Status(Code::kResourceExhausted, "the master has too many changes waiting: try again later");
    } else {
      queue_.push_back({std::move(options), std::move(operation), std::move(done)});
    }
  }
  if (!refused.ok()) return done(refused);
  queue_filled_.notify_one();
}

void SqliteStore::close() {
  std::lock_guard close_lock(close_mutex_);
  {
    std::lock_guard lock(queue_mutex_);
    closing_ = true;
  }
  queue_filled_.notify_all();
  if (writer_.joinable()) writer_.join();
}

// --- the writer thread ---

void SqliteStore::run() {
  while (true) {
    auto group = take_group();
    if (!group.empty()) {
      commit_group(group);
      continue;
    }
    std::unique_lock lock(queue_mutex_);
    if (!queue_.empty()) continue;
    if (closing_) break;
    lock.unlock();
    idle_work();
  }
  if (unsynced_) sync_now();
}

// Waits for work, at most until the next sync or prune is due.
std::vector<SqliteStore::Task> SqliteStore::take_group() {
  std::unique_lock lock(queue_mutex_);
  queue_filled_.wait_for(lock, options_.sync_interval, [this] { return closing_ || !queue_.empty(); });
  std::vector<Task> group;
  while (!queue_.empty() && group.size() < options_.group_max) {
    bool alone = queue_.front().raise_above.has_value();
    if (alone && !group.empty()) break;
    group.push_back(std::move(queue_.front()));
    queue_.pop_front();
    if (alone) break;
  }
  return group;
}

void SqliteStore::commit_group(std::vector<Task>& group) {
  if (auto above = group.front().raise_above) {
    Status raised;
    if (*above >= epoch()) raised = begin_epoch(*above);
    return group.front().done(raised.ok() ? Result<std::string>(std::string()) : raised);
  }
  MonotonicTime now = clock_.now();
  bool sync = now - synced_at_ >= options_.sync_interval ||
              std::any_of(group.begin(), group.end(), [](const Task& task) { return task.options.sync; });
  auto ended = run_group(group, sync);
  if (!ended.ok()) {
    logger_.error("the master's database refused a commit of {} changes: {}", group.size(),
                  ended.status().to_string());
    for (Task& task : group) task.done(ended.status());
    return;
  }
  unsynced_ = !sync;
  if (sync) synced_at_ = now;
  for (const Ended& one : *ended) {
    if (one.entry.records.empty()) continue;
    for (CommitListener* listener : listeners_) listener->on_commit(one.entry);
  }
  for (size_t i = 0; i < group.size(); ++i) group[i].done(std::move((*ended)[i].result));
  if (now - pruned_at_ >= options_.prune_interval) prune();
}

Result<std::vector<SqliteStore::Ended>> SqliteStore::run_group(std::vector<Task>& group, bool sync) {
  FSDFS_TRY(database_->set_synchronous(sync ? sqlite::Synchronous::kFull : sqlite::Synchronous::kNormal));
  FSDFS_ASSIGN(auto transaction, sqlite::Transaction::begin(*database_));
  std::vector<Ended> ended;
  TotalsDelta delta;
  uint64_t sequence = sequence_;
  for (Task& task : group) {
    LogEntry entry{sequence + 1, epoch(), file_time(clock_.wall()), {}};
    auto result = run_task(task, entry, delta);
    if (!result.ok()) entry.records.clear();
    if (!entry.records.empty()) ++sequence;
    ended.push_back({std::move(result), std::move(entry)});
  }
  FSDFS_TRY(write_totals(delta));
  FSDFS_TRY(transaction.commit());
  sequence_ = sequence;
  return ended;
}

// All of one operation, or nothing of it.
Result<std::string> SqliteStore::run_task(Task& task, LogEntry& entry, TotalsDelta& delta) {
  FSDFS_ASSIGN(auto savepoint, sqlite::Savepoint::begin(*database_));
  SqliteTransaction changes(*database_, slots_, ids_, entry.time);
  const auto& request = task.options.request;
  if (request) {
    FSDFS_ASSIGN(auto remembered, changes.remembered_reply(*request));
    if (remembered) return std::move(*remembered);
  }
  FSDFS_ASSIGN(auto reply, task.operation(changes));
  if (request) FSDFS_TRY(remember(*request, reply, entry.time));
  entry.records = std::move(changes.records());
  if (!entry.records.empty()) FSDFS_TRY(write_log(entry));
  FSDFS_TRY(savepoint.release());
  delta.add(changes.delta());
  return reply;
}

Status SqliteStore::write_log(LogEntry& entry) {
  FSDFS_ASSIGN(auto insert, database_->prepare("INSERT INTO log (sequence, entry) VALUES (?, ?)"));
  return insert.bind_uint(1, entry.sequence).bind_blob(2, encode_log_entry(entry)).run();
}

Status SqliteStore::write_totals(const TotalsDelta& delta) {
  const std::pair<std::string_view, int64_t> changes[] = {{"files", delta.files},
                                                          {"directories", delta.directories},
                                                          {"bytes", delta.bytes},
                                                          {"trash_files", delta.trash_files},
                                                          {"trash_bytes", delta.trash_bytes}};
  for (const auto& [name, change] : changes) {
    if (change == 0) continue;
    FSDFS_ASSIGN(auto update, database_->prepare("UPDATE counters SET value = value + ? WHERE name = ?"));
    FSDFS_TRY(update.bind_int(1, change).bind_text(2, name).run());
  }
  return {};
}

Status SqliteStore::remember(const RequestId& request, const std::string& reply, FileTime now) {
  FSDFS_ASSIGN(
      auto insert,
      database_->prepare("INSERT INTO requests (client, number, answered_s, reply) VALUES (?, ?, ?, ?)"));
  return insert.bind_blob(1, bytes_view(request.client.bytes))
      .bind_uint(2, request.number)
      .bind_int(3, now.seconds)
      .bind_blob(4, reply)
      .run();
}

void SqliteStore::idle_work() {
  if (unsynced_) sync_now();
  if (clock_.now() - pruned_at_ >= options_.prune_interval) prune();
}

// A commit at FULL syncs the write-ahead log with all that was committed before.
void SqliteStore::sync_now() {
  auto sync = [this]() -> Status {
    FSDFS_TRY(database_->set_synchronous(sqlite::Synchronous::kFull));
    FSDFS_ASSIGN(auto transaction, sqlite::Transaction::begin(*database_));
    FSDFS_TRY(database_->execute("UPDATE counters SET value = value + 1 WHERE name = 'syncs'"));
    return transaction.commit();
  };
  Status status = sync();
  if (!status.ok()) return logger_.error("the master's database could not be synced: {}", status.to_string());
  unsynced_ = false;
  synced_at_ = clock_.now();
}

// What is too old to matter goes, a batch at a time. A failure only means that it goes later.
void SqliteStore::prune() {
  pruned_at_ = clock_.now();
  int64_t now = file_time(clock_.wall()).seconds;
  auto work = [&]() -> Status {
    FSDFS_TRY(database_->set_synchronous(sqlite::Synchronous::kNormal));
    FSDFS_ASSIGN(auto transaction, sqlite::Transaction::begin(*database_));
    FSDFS_ASSIGN(auto oldest, database_->query_int("SELECT MIN(sequence) FROM log"));
    if (oldest && sequence_ - static_cast<uint64_t>(*oldest) >= options_.log_entries_kept) {
      uint64_t surplus = sequence_ - static_cast<uint64_t>(*oldest) + 1 - options_.log_entries_kept;
      FSDFS_ASSIGN(auto remove, database_->prepare("DELETE FROM log WHERE sequence < ?"));
      FSDFS_TRY(remove.bind_int(1, *oldest + std::min(static_cast<int64_t>(surplus), kPruneBatch)).run());
    }
    FSDFS_TRY(
        prune_aged("DELETE FROM requests WHERE (client, number) IN (SELECT client, number FROM requests "
                   "WHERE answered_s < ? ORDER BY answered_s LIMIT ?)",
                   now - std::chrono::seconds(kRepliesKept).count()));
    FSDFS_TRY(
        prune_aged("DELETE FROM tombstones WHERE (inode, version_epoch, version_counter) IN (SELECT inode, "
                   "version_epoch, version_counter FROM tombstones WHERE removed_s < ? ORDER BY removed_s "
                   "LIMIT ?)",
                   now - std::chrono::seconds(kTombstonesKept).count()));
    return transaction.commit();
  };
  Status status = work();
  if (!status.ok())
    logger_.warning("old entries of the master's database stay for now: {}", status.to_string());
}

Status SqliteStore::prune_aged(std::string_view sql, int64_t before) {
  FSDFS_ASSIGN(auto statement, database_->prepare(sql));
  return statement.bind_int(1, before).bind_int(2, kPruneBatch).run();
}

}  // namespace fsdfs::master
