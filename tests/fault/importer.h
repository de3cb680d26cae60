// Importer: puts small files of known content from several threads until it is told to stop, and remembers
// which puts were acknowledged; expect_whole then holds the swarm to it (invariant 6): every file whose put
// was acknowledged is there, whole; every other one is there whole or not at all. Not thread-safe itself.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <map>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "client/reader.h"
#include "client/upload.h"
#include "tests/harness/process_swarm.h"
#include "tests/harness/wait.h"

namespace fsdfs::testing {

// Of a test's random moments; FSDFS_TEST_SEED repeats one.
inline uint64_t random_seed() {
  const char* given = std::getenv("FSDFS_TEST_SEED");
  uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::cout << "seed " << seed << "\n";
  return seed;
}

// What a file of this number holds: all of it follows from the number, so a mixture would show.
inline std::string content_of(int number) {
  std::mt19937 random(static_cast<unsigned>(number));
  std::string content(random() % 200000, '\0');
  for (auto& byte : content) byte = static_cast<char>(random());
  return content;
}

class TextSource final : public client::ContentSource {
 public:
  explicit TextSource(std::string text) : text_(std::move(text)) {}
  Result<size_t> read(std::span<std::byte> out) override {
    size_t count = std::min(out.size(), text_.size() - position_);
    std::memcpy(out.data(), text_.data() + position_, count);
    position_ += count;
    return count;
  }
  bool rewind() override {
    position_ = 0;
    return true;
  }
  std::optional<uint64_t> size() const override { return text_.size(); }

 private:
  std::string text_;
  size_t position_ = 0;
};

// Puts files `first`, `first` + 1, ... from several threads until told to stop, and remembers which were
// acknowledged.
class Importer {
 public:
  Importer(client::SwarmClient& client, int threads, int first = 0) : client_(client), next_(first) {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
  }
  ~Importer() { stop(); }
  void stop() {
    stopping_ = true;
    for (auto& thread : threads_)
      if (thread.joinable()) thread.join();
  }
  int begun() const { return next_; }  // all files below this number
  int acknowledged_count() {
    std::lock_guard lock(mutex_);
    return static_cast<int>(results_.size()) - failed_;
  }
  std::map<int, bool> results() {
    std::lock_guard lock(mutex_);
    return results_;
  }

 private:
  void run() {
    while (!stopping_) {
      int number = next_++;
      TextSource source(content_of(number));
      auto put = client::upload(client_, {kRootInode, "/f" + std::to_string(number)}, source, {});
      if (!put.ok()) std::cerr << "put f" << number << ": " << put.status().to_string() << "\n";
      std::lock_guard lock(mutex_);
      results_[number] = put.ok();
      failed_ += put.ok() ? 0 : 1;
    }
  }

  client::SwarmClient& client_;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> next_;
  std::mutex mutex_;
  std::map<int, bool> results_;  // guarded by mutex_: number -> acknowledged
  int failed_ = 0;               // guarded by mutex_
  std::vector<std::thread> threads_;
};

// All bytes, from the holders that the open file names first.
inline Result<std::string> read_all(client::SwarmClient& client, const client::OpenFile& open) {
  client::FileReader reader(client, open);
  std::string bytes(open.attributes.size, '\0');
  size_t have = 0;
  while (have < bytes.size()) {
    FSDFS_ASSIGN(size_t count, reader.read(have, std::as_writable_bytes(std::span(bytes).subspan(have))));
    if (count == 0) return data_loss("it ends at " + std::to_string(have));
    have += count;
  }
  return bytes;
}

// `puts`: by the number of the file, whether its put was acknowledged.
inline void expect_whole(ProcessSwarm& swarm, const std::map<int, bool>& puts) {
  int acknowledged = 0;
  for (auto [number, acked] : puts) {
    auto open = swarm.client().open_for_read({kRootInode, "/f" + std::to_string(number)});
    if (acked) {
      ++acknowledged;
      ASSERT_TRUE(open.ok()) << "f" << number << " was acknowledged: " << open.status().to_string();
    } else if (!open.ok()) {
      ASSERT_EQ(open.status().code(), Code::kNotFound) << open.status().to_string();
      continue;
    }
    auto read = read_all(swarm.client(), *open);
    ASSERT_TRUE(read.ok()) << "f" << number << ": " << read.status().to_string();
    ASSERT_TRUE(*read == content_of(number)) << "f" << number << " is not what was put";
  }
  std::cout << "[ MEASURED ] " << puts.size() << " puts begun, " << acknowledged << " acknowledged\n";
}

inline void expect_whole(ProcessSwarm& swarm, Importer& importer) {
  expect_whole(swarm, importer.results());
}

// Puts so many more files, from `next` on, which goes on with it; each must be acknowledged.
inline void import_all(client::SwarmClient& client, int count, int& next, std::map<int, bool>& files) {
  Importer importer(client, 4, next);
  EXPECT_TRUE(eventually(std::chrono::seconds(90), [&] { return importer.acknowledged_count() >= count; }));
  importer.stop();
  next = importer.begun();
  for (auto [number, acknowledged] : importer.results()) {
    EXPECT_TRUE(acknowledged) << "f" << number;
    files[number] = acknowledged;
  }
}

}  // namespace fsdfs::testing
