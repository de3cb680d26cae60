// kill -9 at random moments of an import. The seed of the moments is printed; FSDFS_TEST_SEED repeats it.
//
// What must hold (invariant 6): every file whose put was acknowledged is there, whole; every other one is
// there whole or not at all; and the swarm finds back to its targets.
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <cstdlib>
#include <iostream>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "client/reader.h"
#include "client/upload.h"
#include "tests/harness/process_swarm.h"
#include "tests/harness/wait.h"

namespace fsdfs::testing {
namespace {

using namespace std::chrono_literals;

uint64_t seed() {
  if (const char* given = std::getenv("FSDFS_TEST_SEED")) return std::strtoull(given, nullptr, 10);
  return std::random_device{}();
}

// What a file of this number holds: all of it follows from the number, so a mixture would show.
std::string content_of(int number) {
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

void expect_whole(ProcessSwarm& swarm, Importer& importer) {
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

// Kills the server `rounds` times, each time after a random number of further acknowledgements and a random
// moment more.
void kill_repeatedly(ProcessSwarm& swarm, Importer& importer, const std::function<Server&()>& victim,
                     int rounds, std::mt19937& random) {
  for (int round = 0; round < rounds; ++round) {
    int wanted = importer.acknowledged_count() + static_cast<int>(random() % 40) + 1;
    ASSERT_TRUE(eventually(90s, [&] { return importer.acknowledged_count() >= wanted; }))
        << "the import stands still";
    // A moment between two acknowledgements: spin, so that the kill falls anywhere within a put.
    auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(random() % 20000);
    eventually(1s, [&] { return std::chrono::steady_clock::now() >= until; });
    Server& server = victim();
    server.process->kill();
    ASSERT_TRUE(swarm.launch(server).ok());
  }
}

TEST(Crash, MasterKilledInAnImport) {
  const uint64_t used = seed();
  std::cout << "seed " << used << "\n";
  std::mt19937 random(static_cast<unsigned>(used));
  ProcessSwarm swarm({.nodes = 3, .quota = "4G", .settings = {"node.report_interval=500ms"}});
  ASSERT_TRUE(swarm.start().ok());
  Importer importer(swarm.client(), 4);
  kill_repeatedly(
      swarm, importer, [&]() -> Server& { return swarm.master(); }, 8, random);
  importer.stop();
  ASSERT_TRUE(swarm.wait_nodes_up(3, 60s));
  expect_whole(swarm, importer);
  EXPECT_TRUE(swarm.wait_min_surplus(0, 120s));
}

TEST(Crash, NodesKilledInAnImport) {
  const uint64_t used = seed();
  std::cout << "seed " << used << "\n";
  std::mt19937 random(static_cast<unsigned>(used));
  ProcessSwarm swarm({.nodes = 3, .quota = "4G", .settings = {"node.report_interval=500ms"}});
  ASSERT_TRUE(swarm.start().ok());
  Importer importer(swarm.client(), 4);
  kill_repeatedly(
      swarm, importer, [&]() -> Server& { return swarm.node(1 + static_cast<int>(random() % 3)); }, 8,
      random);
  importer.stop();
  ASSERT_TRUE(swarm.wait_nodes_up(3, 60s));
  EXPECT_TRUE(swarm.wait_min_surplus(0, 120s));
  expect_whole(swarm, importer);
  // No copy counted that is not there: with N = K = 3 on three nodes each holds exactly the files.
  auto status = swarm.client().status();
  ASSERT_TRUE(status.ok());
  for (int i = 1; i <= 3; ++i) {
    EXPECT_TRUE(eventually(
        60s, [&] { return swarm.replica_files(swarm.node(i)) == static_cast<int>(status->files); }))
        << swarm.node(i).name << " has " << swarm.replica_files(swarm.node(i)) << " replicas for "
        << status->files << " files";
  }
}

TEST(Crash, EveryProcessKilledAtOnce) {
  ProcessSwarm swarm({.nodes = 3, .quota = "4G", .settings = {"node.report_interval=500ms"}});
  ASSERT_TRUE(swarm.start().ok());
  Importer importer(swarm.client(), 4);
  ASSERT_TRUE(eventually(90s, [&] { return importer.acknowledged_count() >= 100; }));
  for (int i = 0; i <= 3; ++i) swarm.node(i).process->signal(SIGKILL);
  for (int i = 0; i <= 3; ++i) swarm.node(i).process->kill();
  for (int i = 0; i <= 3; ++i) ASSERT_TRUE(swarm.launch(swarm.node(i)).ok());
  int before = importer.acknowledged_count();
  EXPECT_TRUE(eventually(90s, [&] { return importer.acknowledged_count() > before + 20; }));
  importer.stop();
  ASSERT_TRUE(swarm.wait_nodes_up(3, 60s));
  expect_whole(swarm, importer);
  EXPECT_TRUE(swarm.wait_min_surplus(0, 120s));
}

}  // namespace
}  // namespace fsdfs::testing
