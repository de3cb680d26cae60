// What the tests of node/store share: a store in a directory of its own, over a disk that can fail.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <set>
#include <string>

#include "common/io/fault_disk.h"
#include "common/io/posix_disk.h"
#include "node/store/store.h"
#include "tests/unit/common/temp_directory.h"

namespace fsdfs::node {

inline ::testing::AssertionResult ok(const Status& status) {
  if (status.ok()) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << status.to_string();
}
template <typename T>
::testing::AssertionResult ok(const Result<T>& result) {
  return ok(result.status());
}

inline ReplicaId replica(uint64_t inode, uint64_t counter = 1, uint64_t epoch = 1) {
  return {InodeId{inode}, {Epoch{epoch}, counter}};
}

// Bytes that no two seeds share.
inline std::string content_of(size_t size, uint64_t seed = 1) {
  std::mt19937_64 random(seed);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

inline BlockSums sums_of(std::string_view bytes) {
  BlockSummer summer;
  summer.update(bytes);
  return summer.finish();
}

inline Content content_info(std::string_view bytes) {
  return {bytes.size(), content_digest_of(bytes)};
}

inline std::string slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}
inline void spit(const std::string& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}
inline void flip_bit(const std::string& path, size_t byte) {
  std::string bytes = slurp(path);
  bytes.at(byte) = static_cast<char>(bytes.at(byte) ^ 0x10);
  spit(path, bytes);
}

// The system's time, and what the test adds to it.
class ForwardClock final : public Clock {
 public:
  MonotonicTime now() const override { return system_.now() + ahead(); }
  WallTime wall() const override { return system_.wall() + ahead(); }
  void advance(Duration by) { ahead_.fetch_add(by.count()); }

 private:
  Duration ahead() const { return Duration(ahead_.load()); }
  SystemClock system_;
  std::atomic<Duration::rep> ahead_{0};
};

class StoreTest : public ::testing::Test {
 protected:
  static constexpr uint64_t kQuota = 64ULL * 1024 * 1024;

  StoreTest() {
    std::filesystem::create_directory(temp_ / "attic");
    settings_.quotas = {kQuota};
    settings_.free_floor = 0;
  }
  ~StoreTest() override { crash(); }

  Status open() {
    FSDFS_ASSIGN(disks_, NodeDisks::open(disk_, paths_, logger_));
    FSDFS_ASSIGN(store_, ReplicaStore::open(settings_, *disks_, clock_, logger_));
    return {};
  }
  // As kill -9 would leave it.
  void crash() {
    store_.reset();
    disks_.reset();
  }
  void close() {
    ASSERT_TRUE(ok(store_->close()));
    crash();
  }
  void reopen() {
    crash();
    ASSERT_TRUE(ok(open()));
  }

  Result<HeldReplica> try_put(const ReplicaId& id, std::string_view bytes,
                              ArrivalKind kind = ArrivalKind::kWrite) {
    FSDFS_ASSIGN(auto arrival, store_->begin_arrival(id, bytes.size(), kind));
    constexpr size_t kPortion = 4 * kBlockSize;
    for (size_t offset = 0; offset < bytes.size(); offset += kPortion) {
      std::string_view portion = bytes.substr(offset, kPortion);
      FSDFS_TRY(arrival->append(offset, portion, sums_of(portion)));
    }
    Origin origin;
    origin.parent = kRootInode;
    origin.name = "a file";
    return arrival->finish(content_info(bytes), origin);
  }
  void put(const ReplicaId& id, std::string_view bytes) { ASSERT_TRUE(ok(try_put(id, bytes))); }

  Result<std::string> read(const ReplicaId& id) {
    FSDFS_ASSIGN(auto open, store_->open_replica(id));
    std::string bytes(open->size(), '\0');
    FSDFS_TRY(store_->read(*open, 0, bytes));
    return bytes;
  }
  std::vector<HeldReplica> held() { return store_->page(std::nullopt, 1 << 20).value(); }
  uint64_t used() { return store_->figures().value().used; }
  const Layout& layout() { return disks_->layout(); }

  // Every regular file below the directory.
  static std::set<std::string> files_below(const std::string& path) {
    std::set<std::string> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
      if (entry.is_regular_file()) files.insert(entry.path().filename().string());
    }
    return files;
  }

  TempDirectory temp_;
  const std::string data_path_ = temp_ / "data";
  std::vector<std::string> paths_{data_path_};
  PosixDisk posix_;
  FaultDisk disk_{posix_, temp_ / "attic"};
  ForwardClock clock_;
  MemoryLogger logger_;
  StoreSettings settings_;
  std::unique_ptr<NodeDisks> disks_;
  std::unique_ptr<ReplicaStore> store_;
};

}  // namespace fsdfs::node
