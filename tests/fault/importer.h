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

// Puts files 0, 1, 2, ... from several threads until told to stop, and remembers which were acknowledged.
class Importer {
 public:
  Importer(client::SwarmClient& client, int threads) : client_(client) {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
  }
  ~Importer() { stop(); }
  void stop() {
    stopping_ = true;
    for (auto& thread : threads_)
      if (thread.joinable()) thread.join();
  }
  int begun() const { return next_; }
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
  std::atomic<int> next_ = 0;
  std::mutex mutex_;
  std::map<int, bool> results_;  // guarded by mutex_: number -> acknowledged
  int failed_ = 0;               // guarded by mutex_
  std::vector<std::thread> threads_;
};

inline void expect_whole(ProcessSwarm& swarm, Importer& importer) {
  int acknowledged = 0;
  for (auto [number, acked] : importer.results()) {
    auto got = swarm.client().lookup({kRootInode, "/f" + std::to_string(number)});
    if (acked) {
      ++acknowledged;
      ASSERT_TRUE(got.ok()) << "f" << number << " was acknowledged: " << got.status().to_string();
    } else if (!got.ok()) {
      ASSERT_EQ(got.status().code(), Code::kNotFound) << got.status().to_string();
      continue;
    }
    const std::string wanted = content_of(number);
    ASSERT_EQ(got->size, wanted.size()) << "f" << number;
    auto open = swarm.client().open_for_read({kRootInode, "/f" + std::to_string(number)});
    ASSERT_TRUE(open.ok()) << open.status().to_string();
    client::FileReader reader(swarm.client(), *open);
    std::string read(wanted.size(), '\0');
    size_t have = 0;
    while (have < read.size()) {
      auto count = reader.read(have, std::as_writable_bytes(std::span(read).subspan(have)));
      ASSERT_TRUE(count.ok()) << "f" << number << ": " << count.status().to_string();
      ASSERT_GT(*count, 0U);
      have += *count;
    }
    ASSERT_TRUE(read == wanted) << "f" << number << " is not what was put";
  }
  std::cout << "[ MEASURED ] " << importer.begun() << " puts begun, " << acknowledged << " acknowledged\n";
}

}  // namespace fsdfs::testing
