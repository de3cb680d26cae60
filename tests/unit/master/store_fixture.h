// A store in a directory of its own, for tests of what stands on it. Each fixture cleans up after itself.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "common/clock.h"
#include "common/log.h"
#include "master/namespace/operations.h"
#include "master/store/sqlite_store.h"

namespace fsdfs::master {

class StoreFixture : public ::testing::Test {
 protected:
  StoreFixture() {
    std::string pattern = (std::filesystem::temp_directory_path() / "fsdfs-master-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
    open();
  }
  ~StoreFixture() override {
    store_.reset();
    std::filesystem::remove_all(directory_);
  }

  std::string database() const { return directory_ + "/master.db"; }
  void open(StoreOptions options = {}) {
    auto opened = SqliteStore::open(database(), clock_, logger_, options);
    ASSERT_TRUE(opened.ok()) << opened.status().to_string();
    store_ = std::move(*opened);
  }
  void reopen() {
    store_.reset();
    open();
  }

  // Runs one operation to its commit.
  template <typename Operation>
  Status write(Operation operation) {
    return store_
        ->write({},
                [&](WriteTransaction& transaction) -> Result<std::string> {
                  FSDFS_TRY(operation(transaction));
                  return std::string();
                })
        .status();
  }
  // The same for one that makes a value.
  template <typename T, typename Operation>
  Result<T> make(Operation operation) {
    std::optional<T> value;
    Status status = write([&](WriteTransaction& transaction) -> Status {
      Result<T> made = operation(transaction);
      if (!made.ok()) return made.status();
      value = std::move(*made);
      return {};
    });
    if (!status.ok()) return status;
    return std::move(*value);
  }
  std::unique_ptr<ReadView> view() {
    auto opened = store_->read();
    EXPECT_TRUE(opened.ok()) << opened.status().to_string();
    return std::move(*opened);
  }

  Inode mkdir(const std::string& path) {
    auto made = make<Inode>([&](WriteTransaction& transaction) {
      return make_directory(transaction, {InodeId{}, path}, NewInode{0755, 1, 2}, true);
    });
    EXPECT_TRUE(made.ok()) << made.status().to_string();
    return made.ok() ? *made : Inode{};
  }
  NodeRecord add_node(uint8_t number) {
    NodeRecord node;
    node.id.bytes[0] = number;
    node.address = "127.0.0.1:" + std::to_string(5000 + number);
    node.zone = "z" + std::to_string(number);
    node.quota = 1'000'000;
    node.incarnation = Incarnation{1};
    EXPECT_TRUE(write([&](WriteTransaction& transaction) { return transaction.put_node(node); }).ok());
    return node;
  }

  ManualClock clock_;
  MemoryLogger logger_;
  std::string directory_;
  std::unique_ptr<SqliteStore> store_;
};

// Remembers what the log says, in the order of the commits.
class RecordingListener final : public CommitListener {
 public:
  void on_commit(const LogEntry& entry) override { entries.push_back(entry); }
  std::vector<LogEntry> entries;
};

inline Content content_of(const std::string& bytes) {
  return {bytes.size(), content_digest_of(bytes)};
}

}  // namespace fsdfs::master
