#include "master/store/reader_pool.h"

#include "master/store/sqlite_reads.h"

namespace fsdfs::master {
namespace {

constexpr int64_t kCacheBytes = 8LL * 1024 * 1024;

}  // namespace

// A connection, lent for one moment of the database.
class ReaderPool::View final : public SqliteReads<ReadView> {
 public:
  View(ReaderPool& pool, std::unique_ptr<sqlite::Database> connection, sqlite::Transaction transaction)
      : SqliteReads(*connection, pool.slots_),
        pool_(pool),
        connection_(std::move(connection)),
        transaction_(std::move(transaction)) {}
  ~View() override {
    transaction_.rollback();
    pool_.give(std::move(connection_));
  }

 private:
  ReaderPool& pool_;
  std::unique_ptr<sqlite::Database> connection_;
  sqlite::Transaction transaction_;
};

Result<std::unique_ptr<ReadView>> ReaderPool::view() {
  FSDFS_ASSIGN(auto connection, take());
  auto transaction = sqlite::Transaction::begin(*connection, sqlite::Transaction::Kind::kDeferred);
  if (!transaction.ok()) {
    give(std::move(connection));
    return transaction.status();
  }
  return std::unique_ptr<ReadView>(new View(*this, std::move(connection), std::move(*transaction)));
}

Result<std::unique_ptr<sqlite::Database>> ReaderPool::take() {
  std::unique_lock lock(mutex_);
  freed_.wait(lock, [this] { return !idle_.empty() || open_ < connections_max_; });
  if (!idle_.empty()) {
    auto connection = std::move(idle_.back());
    idle_.pop_back();
    return connection;
  }
  ++open_;
  lock.unlock();
  sqlite::OpenOptions options;
  options.mode = sqlite::OpenOptions::Mode::kReadOnly;
  options.cache_bytes = kCacheBytes;
  auto connection = sqlite::Database::open(path_, options);
  if (!connection.ok()) {
    lock.lock();
    --open_;
    freed_.notify_one();
  }
  return connection;
}

void ReaderPool::give(std::unique_ptr<sqlite::Database> connection) {
  {
    std::lock_guard lock(mutex_);
    idle_.push_back(std::move(connection));
  }
  freed_.notify_one();
}

}  // namespace fsdfs::master
