// One flipped bit, on real processes. What must hold (invariants 1, 3, 5 and 11): it is never served, it is
// found by a read and by a scrub, and it repairs itself: K-N is what it was and the bad copy is gone. When
// all copies of a file are bad, their bytes are kept and it is said so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "common/sqlite/database.h"
#include "tests/harness/process_swarm.h"
#include "tests/harness/wait.h"

namespace fsdfs::testing {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using nlohmann::json;
using ::testing::HasSubstr;

std::string bytes_of(size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

std::string slurp(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// One bit, in place, as a disk would do it.
void flip_bit(const fs::path& path, size_t byte) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekg(static_cast<std::streamoff>(byte));
  int before = file.get();
  ASSERT_NE(before, EOF) << path << " has no byte " << byte;
  file.seekp(static_cast<std::streamoff>(byte));
  file.put(static_cast<char>(before ^ 0x04));
}

class BitrotTest : public ::testing::Test {
 protected:
  explicit BitrotTest(int nodes = 4)
      : swarm_({.nodes = nodes,
                .quota = "1G",
                .settings = {"node.report_interval=200ms", "scrub.rate=0", "copies.spare=false"}}) {}
  void SetUp() override {
    Status started = swarm_.start();
    ASSERT_TRUE(started.ok()) << started.to_string();
  }

  json command(std::vector<std::string> arguments) {
    arguments.push_back("--json");
    CommandResult result = swarm_.fsdfs(arguments);
    return json::parse(result.out, nullptr, false);
  }
  void put(const std::string& path, const std::string& bytes) {
    ASSERT_TRUE(swarm_.put(path, bytes));
    ASSERT_TRUE(swarm_.wait_min_surplus(0, 60s));
  }

  // Nodes that have a file of the inode below `directory` ("replicas", "quarantine").
  std::vector<int> holders(uint64_t inode, const std::string& directory) {
    std::vector<int> found;
    for (int i = 1; i <= swarm_.nodes(); ++i) {
      if (!file_of(i, inode, directory).empty()) found.push_back(i);
    }
    return found;
  }
  fs::path file_of(int node, uint64_t inode, const std::string& directory = "replicas",
                   const std::string& suffix = "") {
    std::error_code ignored;
    std::string prefix = std::to_string(inode) + ".";
    for (fs::recursive_directory_iterator it(fs::path(swarm_.node(node).data) / directory, ignored), end;
         it != end; it.increment(ignored)) {
      std::string name = it->path().filename().string();
      bool meta = name.ends_with(".meta");
      if (name.starts_with(prefix) && meta == (suffix == ".meta")) return it->path();
    }
    return {};
  }
  uint64_t inode_of(const std::string& path) { return command({"stat", path})["inode"]; }

  // Reads as often as it takes to have asked every holder.
  void expect_reads(const std::string& path, const std::string& bytes) {
    for (int i = 0; i < 12; ++i) ASSERT_EQ(swarm_.get(path), bytes) << "read " << i;
  }
  bool whole_again(const std::string& path, uint64_t inode, size_t copies) {
    return eventually(60s, [&] {
      return swarm_.copies(path) == static_cast<int>(copies) && holders(inode, "quarantine").empty() &&
             holders(inode, "replicas").size() == copies;
    });
  }
  // Every copy that is there is the right one, byte for byte.
  void expect_right_on_disk(uint64_t inode, const std::string& bytes) {
    for (int node : holders(inode, "replicas")) {
      EXPECT_EQ(slurp(file_of(node, inode)), bytes) << swarm_.node(node).name;
    }
  }
  uint64_t bad_found() {
    uint64_t bad = 0;
    for (const json& node : command({"nodes"})) bad += node["scrub"]["bad"].get<uint64_t>();
    return bad;
  }
  // Its sidecars have been brought to what the master says; until then they are read for that, too.
  bool has_followed(int node) {
    auto number = [](const std::string& database, std::string_view sql) -> std::optional<int64_t> {
      sqlite::OpenOptions options;
      options.mode = sqlite::OpenOptions::Mode::kReadOnly;
      auto open = sqlite::Database::open(database, options);
      if (!open.ok()) return std::nullopt;
      auto value = (*open)->query_int(sql);
      return value.ok() ? *value : std::nullopt;
    };
    auto last = number(swarm_.master().data + "/master/master.db", "SELECT max(sequence) FROM log");
    return last && last == number(swarm_.node(node).data + "/index.db", "SELECT sequence FROM followed");
  }
  void restart(int node) {
    ASSERT_TRUE(swarm_.terminate(swarm_.node(node)));
    ASSERT_TRUE(swarm_.launch(swarm_.node(node)).ok());
    ASSERT_TRUE(swarm_.wait_nodes_up(swarm_.nodes(), 60s));
  }

  ProcessSwarm swarm_;
};

struct Damage {
  const char* name;
  size_t size;
  bool sidecar;
};

class BitrotInAFile : public BitrotTest, public ::testing::WithParamInterface<Damage> {
 protected:
  std::string bytes_ = bytes_of(GetParam().size, 7);
  void damage(int node, uint64_t inode) {
    if (!GetParam().sidecar) return flip_bit(file_of(node, inode), bytes_.size() - 1);
    fs::path meta = file_of(node, inode, "replicas", ".meta");
    flip_bit(meta, fs::file_size(meta) / 2);  // among the sums, which are most of it
  }
};

TEST_P(BitrotInAFile, IsFoundByAReadAndRepaired) {
  put("/f", bytes_);
  uint64_t inode = inode_of("/f");
  int node = holders(inode, "replicas").front();
  restart(node);  // so that its sums are read again
  damage(node, inode);
  expect_reads("/f", bytes_);
  // A reader may be lucky with its holders: the one that is damaged is asked by name.
  for (int other : holders(inode, "replicas")) {
    if (other != node) swarm_.node(other).process->signal(SIGSTOP);
  }
  CommandResult result = swarm_.fsdfs({"cat", "/f", "--set", "deadline=3s"});
  EXPECT_TRUE(bytes_.starts_with(result.out)) << "no bad byte came out";
  for (int i = 1; i <= swarm_.nodes(); ++i) swarm_.node(i).process->signal(SIGCONT);
  EXPECT_TRUE(whole_again("/f", inode, 3)) << swarm_.log_tail(swarm_.master());
  expect_right_on_disk(inode, bytes_);
  expect_reads("/f", bytes_);
  EXPECT_TRUE(swarm_.wait_min_surplus(0, 60s));
}

TEST_P(BitrotInAFile, IsFoundByAScrubAndRepaired) {
  put("/f", bytes_);
  put("/other", bytes_of(1000, 8));
  uint64_t inode = inode_of("/f");
  int node = holders(inode, "replicas").back();
  ASSERT_TRUE(eventually(60s, [&] { return has_followed(node); }));
  damage(node, inode);
  CommandResult scrubbed = swarm_.fsdfs({"scrub", "--wait"});
  EXPECT_THAT(scrubbed.out, HasSubstr("1 bad"));
  EXPECT_EQ(bad_found(), 1U);
  EXPECT_TRUE(whole_again("/f", inode, 3)) << swarm_.log_tail(swarm_.master());
  expect_right_on_disk(inode, bytes_);
  expect_reads("/f", bytes_);
  CommandResult again = swarm_.fsdfs({"scrub", "--wait"});
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(bad_found(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Bitrot, BitrotInAFile,
                         ::testing::Values(Damage{"ASmallFile", 100, false},
                                           Damage{"TheLastBlock", 5 * 1024 * 1024 + 77, false},
                                           Damage{"ASum", 40 * 1024 * 1024, true}),
                         [](const auto& damage) { return std::string(damage.param.name); });

TEST_F(BitrotTest, InARowOfTheIndexIsCorrected) {
  std::string bytes = bytes_of(100'000, 9);
  put("/f", bytes);
  uint64_t inode = inode_of("/f");
  int node = holders(inode, "replicas").front();
  ASSERT_TRUE(swarm_.terminate(swarm_.node(node)));
  // The digest stands in the row as it stands in the sidecar.
  fs::path index = fs::path(swarm_.node(node).data) / "index.db";
  std::string meta = slurp(file_of(node, inode, "replicas", ".meta"));
  std::string rows = slurp(index);
  size_t flipped = 0;
  for (size_t i = 0; i + 17 <= meta.size(); ++i) {
    if (meta[i] != 16) continue;  // the length of the digest
    std::string digest = meta.substr(i + 1, 16);
    for (size_t at = rows.find(digest); at != std::string::npos; at = rows.find(digest, at + 1), ++flipped) {
      flip_bit(index, at + 5);
    }
  }
  ASSERT_NE(flipped, 0U);
  ASSERT_TRUE(swarm_.launch(swarm_.node(node)).ok());
  ASSERT_TRUE(swarm_.wait_nodes_up(4, 60s));
  expect_reads("/f", bytes);
  EXPECT_TRUE(whole_again("/f", inode, 3)) << swarm_.log_tail(swarm_.node(node));
  CommandResult scrubbed = swarm_.fsdfs({"scrub", "--wait"});
  EXPECT_EQ(scrubbed.code, 0) << scrubbed.err;
  expect_right_on_disk(inode, bytes);
}

TEST_F(BitrotTest, InTheIdentityFileIsRefusedWithTheReason) {
  put("/f", bytes_of(1000, 10));
  Server& node = swarm_.node(1);
  ASSERT_TRUE(swarm_.terminate(node));
  fs::path identity = fs::path(node.data) / "fsdfs-identity";
  std::string before = slurp(identity);
  flip_bit(identity, before.find("node: ") + 8);
  ASSERT_TRUE(swarm_.launch(node).ok());
  auto ended = node.process->wait(30s);
  ASSERT_TRUE(ended);
  EXPECT_TRUE(ended->exited);
  EXPECT_NE(ended->code, 0);
  EXPECT_THAT(swarm_.log_tail(node), HasSubstr("identity file"));
  EXPECT_THAT(swarm_.log_tail(node), HasSubstr("is damaged"));
  // With its file restored it is what it was.
  std::ofstream(identity, std::ios::binary | std::ios::trunc) << before;
  ASSERT_TRUE(swarm_.launch(node).ok());
  EXPECT_TRUE(swarm_.wait_nodes_up(4, 60s));
  EXPECT_TRUE(swarm_.wait_min_surplus(0, 60s));
}

TEST_F(BitrotTest, InAllCopiesTheirBytesAreKeptAndItIsSaid) {
  std::string bytes = bytes_of(300'000, 11);
  put("/lost", bytes);
  put("/fine", "right");
  uint64_t inode = inode_of("/lost");
  std::vector<int> nodes = holders(inode, "replicas");
  ASSERT_EQ(nodes.size(), 3U);
  // In a place of its own on each, so that together they still have it all.
  for (size_t i = 0; i < nodes.size(); ++i) flip_bit(file_of(nodes[i], inode), i * 100'000);
  CommandResult scrubbed = swarm_.fsdfs({"scrub", "--wait"});
  EXPECT_EQ(scrubbed.code, 1) << "bad, and not replaced";
  CommandResult got = swarm_.fsdfs({"cat", "/lost", "--set", "deadline=5s"});
  EXPECT_NE(got.code, 0);
  EXPECT_EQ(got.out, "");
  EXPECT_THAT(got.err, HasSubstr("/lost"));
  EXPECT_EQ(swarm_.get("/fine"), "right");
  EXPECT_TRUE(eventually(30s, [&] { return command({"status"})["unavailable"] == 1; }));
  EXPECT_THAT(swarm_.fsdfs({"status"}).out, HasSubstr("only bad copies left"));
  // Nothing that the swarm does afterwards drops them: a restart of all, another scrub.
  for (int i = 0; i <= swarm_.nodes(); ++i) ASSERT_TRUE(swarm_.terminate(swarm_.node(i)));
  for (int i = 0; i <= swarm_.nodes(); ++i) ASSERT_TRUE(swarm_.launch(swarm_.node(i)).ok());
  ASSERT_TRUE(swarm_.wait_nodes_up(4, 60s));
  EXPECT_EQ(swarm_.fsdfs({"scrub", "--wait"}).code, 1);
  EXPECT_EQ(holders(inode, "quarantine"), nodes);
  for (size_t i = 0; i < nodes.size(); ++i) {
    std::string kept = slurp(file_of(nodes[i], inode, "quarantine"));
    ASSERT_EQ(kept.size(), bytes.size());
    kept[i * 100'000] = bytes[i * 100'000];
    EXPECT_TRUE(kept == bytes) << "all but the bit that flipped is there";
  }
  // A new content of the file is as good as ever, and lets the bad ones go.
  put("/lost", "anew");
  EXPECT_TRUE(eventually(60s, [&] { return holders(inode, "quarantine").empty(); }));
  EXPECT_EQ(swarm_.get("/lost"), "anew");
}

}  // namespace
}  // namespace fsdfs::testing
