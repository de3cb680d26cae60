// A filesystem filled to its last byte by somebody else, under a node that has to write to it all the same: a
// scrub finds bad replicas there, which go to the quarantine, and the index has to grow by the SHA-256 of
// those that are right.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fault/importer.h"
#include "tests/fault/mounts.h"
#include "tests/fault/node_disk.h"
#include "tests/fault/swarm_state.h"
#include "tests/harness/wait.h"

namespace fsdfs::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

constexpr int kNodes = 3;
constexpr int kVictim = 1;
constexpr int kFiles = 60;
constexpr size_t kBad = 3;

void flip_a_bit(const fs::path& path) {
  std::string bytes = read_bytes(path);
  ASSERT_FALSE(bytes.empty());
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(static_cast<std::streamoff>(bytes.size() / 2));
  file.put(static_cast<char>(bytes[bytes.size() / 2] ^ 0x10));
}

class FullDiskTest : public ::testing::Test {
 protected:
  // N = 2 and a spare copy of each file.
  explicit FullDiskTest(const std::string& floor = "0", bool alone = false)
      : swarm_({.nodes = kNodes,
                .quota = "100M",
                .settings = {"node.report_interval=200ms", "node.free_floor=" + floor, "target.default=2",
                             "trash.retention=0s", "scrub.rate=0"},
                .disks = {
                    alone ? std::vector<DataDisk>{{place_ / "small", "100M"}}
                          : std::vector<DataDisk>{{place_ / "small", "100M"}, {place_ / "other", "40M"}}}}) {}

  void SetUp() override {
    if (std::string why = missing_for_mounts(); !why.empty()) GTEST_SKIP() << why;
    auto small = Mount::tmpfs(place_ / "small", 64);
    ASSERT_TRUE(small.ok()) << small.status().message();
    small_ = std::move(*small);
    ASSERT_TRUE(swarm_.start().ok());
    import(kFiles);
    ASSERT_TRUE(swarm_.wait_min_surplus(1, 90s));
    ASSERT_TRUE(wait_copies(swarm_));
  }

  Server& victim() { return swarm_.node(kVictim); }
  std::string ballast() const { return small_->path() + "/ballast"; }

  void import(int files) { import_all(swarm_.client(), files, next_, files_); }
  // Big enough to have a bit to flip.
  std::vector<fs::path> some_replicas() {
    std::vector<fs::path> paths;
    for (const auto& [id, path] : replicas_in_place(small_->path())) {
      if (fs::file_size(path) > 0 && paths.size() < kBad) paths.push_back(path);
    }
    return paths;
  }
  // But for so many bytes.
  void fill_up(uint64_t but = 0) {
    std::ofstream file(ballast());
    const std::string portion(4096, 'x');
    while ((but == 0 || fs::space(small_->path()).available > but) && file << portion << std::flush) {
    }
  }
  void expect_the_node_goes_on() {
    auto node = node_info(swarm_, kVictim);
    ASSERT_TRUE(node);
    EXPECT_TRUE(node->attending);
    for (const client::DiskInfo& disk : node->disks) EXPECT_EQ(disk.failed, "") << disk.path;
  }

  Place place_;
  std::unique_ptr<Mount> small_;
  ProcessSwarm swarm_;
  int next_ = 0;
  std::map<int, bool> files_;
};

// Expected: the bad replicas are found and never served; the log says that there is no room, and for what;
// no disk has failed; puts go on being acknowledged. With room again the next scrub sets them aside, they are
// replaced, and the list of SHA-256 sums fits the disk.
TEST_F(FullDiskTest, WhileAScrubFindsBadReplicas) {
  auto bad = some_replicas();
  ASSERT_EQ(bad.size(), kBad);
  for (const fs::path& path : bad) flip_a_bit(path);
  fill_up();
  CommandResult scrubbed = swarm_.fsdfs({"scrub", "--wait"});
  EXPECT_THAT(scrubbed.out, HasSubstr("3 bad"));
  EXPECT_THAT(log_of(victim()), HasSubstr("full")) << "of the index: SQLite's word for it";
  expect_the_node_goes_on();
  for (int i = 0; i < 3; ++i) expect_whole(swarm_, files_);
  import(20);
  EXPECT_TRUE(wait_copies(swarm_));
  expect_the_node_goes_on();
  expect_whole(swarm_, files_);
  fs::remove(ballast());
  swarm_.fsdfs({"scrub", "--wait"});
  EXPECT_TRUE(swarm_.wait_min_surplus(1, 90s));
  EXPECT_TRUE(eventually(60s, [&] {
    auto node = node_info(swarm_, kVictim);
    return node && node->quarantined_replicas == 0;
  }));
  scrubbed = swarm_.fsdfs({"scrub", "--wait"});
  EXPECT_EQ(scrubbed.code, 0) << scrubbed.out << scrubbed.err;
  auto listed = run_tool({"sh", "-c", "cd " + small_->path() + " && sha256sum -c --quiet SHA256SUMS"});
  EXPECT_TRUE(listed.ok()) << listed.status().message();
  for (const auto& [id, path] : replicas_in_place(small_->path())) {
    auto fault = fault_of(path);
    EXPECT_FALSE(fault) << *fault;
  }
  CommandResult checked = swarm_.fsdfs({"fsck"});
  EXPECT_EQ(checked.code, 0) << checked.out << checked.err;
  expect_whole(swarm_, files_);
}

// The quota is far from full, the filesystem is not: others fill it up to the floor.
class FullNodeTest : public FullDiskTest {
 protected:
  FullNodeTest() : FullDiskTest("8M", true) {}
  std::optional<uint64_t> used() {
    auto node = node_info(swarm_, kVictim);
    return node ? std::optional(node->used_bytes) : std::nullopt;
  }
  // What is so whenever it is looked at.
  void expect_enough_copies() {
    auto surplus = swarm_.min_surplus();
    if (surplus) {
      EXPECT_GE(*surplus, 0);
    }
  }
};

// Expected: the node gives back spare copies, and no other ones: no file ever
// has less than N copies. What is put meanwhile goes to the others. With room again it fills up again.
TEST_F(FullNodeTest, GivesBackSpareCopiesAndNoneThatAreNeeded) {
  const auto before = used();
  ASSERT_TRUE(before && *before > 0);
  fill_up(7 << 20);
  EXPECT_TRUE(eventually(60s, [&] {
    expect_enough_copies();
    auto now = used();
    return now && *now < *before;
  })) << swarm_.log_tail(victim());
  expect_enough_copies();
  expect_whole(swarm_, files_);
  import(20);
  EXPECT_TRUE(swarm_.wait_min_surplus(0, 90s));
  expect_the_node_goes_on();
  expect_whole(swarm_, files_);
  fs::remove(ballast());
  EXPECT_TRUE(swarm_.wait_min_surplus(1, 90s));
  expect_whole(swarm_, files_);
}

// Expected: where there is no room for the index, the node starts with its other disk, and nothing is lost of
// what lies on the full one: with room again the next start has it.
TEST_F(FullDiskTest, WhileTheNodeStarts) {
  fill_up();
  victim().process->kill();
  ASSERT_TRUE(swarm_.launch(victim()).ok());
  ASSERT_TRUE(wait_attending(swarm_, kVictim)) << swarm_.log_tail(victim());
  import(20);
  EXPECT_TRUE(wait_copies(swarm_));
  expect_whole(swarm_, files_);
  fs::remove(ballast());
  ASSERT_TRUE(swarm_.terminate(victim()));
  ASSERT_TRUE(swarm_.launch(victim()).ok());
  ASSERT_TRUE(wait_attending(swarm_, kVictim)) << swarm_.log_tail(victim());
  EXPECT_TRUE(eventually(30s, [&] {  // until its first report the master shows the last one's
    auto disk = disk_info(swarm_, kVictim, small_->path());
    return disk && disk->failed.empty();
  }));
  EXPECT_TRUE(swarm_.wait_min_surplus(1, 90s));
  expect_the_node_goes_on();
  expect_whole(swarm_, files_);
}

}  // namespace
}  // namespace fsdfs::testing
