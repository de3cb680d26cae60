// Calls that fail with EIO, on real processes with an ext4 filesystem whose disk fails them (power_disk.h)
// and is as good as ever afterwards: so whoever tries again would succeed, and lie.
//
// Expected: after a write or a flush that failed, the disk is not used any more until the next start,
// however well it works; its node goes on with the other one, every put is acknowledged, K-N comes back to 0,
// and what the swarm counts is read back whole from the medium. After a read that failed, that replica alone
// is set aside, never served again, and replaced from another copy.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fault/importer.h"
#include "tests/fault/mounts.h"
#include "tests/fault/node_disk.h"
#include "tests/fault/power_disk.h"
#include "tests/fault/swarm_state.h"
#include "tests/harness/wait.h"

namespace fsdfs::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr int kNodes = 3;
constexpr int kVictim = 1;
// Bytes by which the disk knows the file whose blocks it fails.
constexpr std::string_view kMark = "these bytes are on a bad sector";

std::string marked_content() {
  std::string content(300'000, 'm');
  content.replace(100'000, kMark.size(), kMark);
  return content;
}

class IoErrorTest : public ::testing::Test {
 protected:
  IoErrorTest()
      : swarm_({.nodes = kNodes,
                .quota = "1G",
                .settings = {"node.report_interval=200ms", "node.free_floor=0", "copies.spare=false",
                             "trash.retention=0s", "scrub.rate=0"},
                .disks = {{{place_ / "bad", "500M"}, {place_ / "good", "200M"}}}}) {}

  void SetUp() override {
    if (std::string why = PowerDisk::missing(); !why.empty()) GTEST_SKIP() << why;
    auto disk = PowerDisk::make(place_ / "bad", 600);
    ASSERT_TRUE(disk.ok()) << disk.status().message();
    disk_ = std::move(*disk);
    ASSERT_TRUE(swarm_.start().ok());
  }

  Server& victim() { return swarm_.node(kVictim); }
  std::string bad() const { return place_ / "bad"; }

  void put_marked() {
    TextSource source(marked_content());
    auto put = client::upload(swarm_.client(), {kRootInode, "/marked"}, source, {});
    ASSERT_TRUE(put.ok()) << put.status().to_string();
    ASSERT_TRUE(wait_copies(swarm_));
  }
  void expect_marked() {
    auto open = swarm_.client().open_for_read({kRootInode, "/marked"});
    ASSERT_TRUE(open.ok()) << open.status().to_string();
    auto read = read_all(swarm_.client(), *open);
    ASSERT_TRUE(read.ok()) << read.status().to_string();
    EXPECT_TRUE(*read == marked_content());
  }
  // Puts so many more files.
  void import(int files) { import_all(swarm_.client(), files, next_, files_); }
  // Stops the node, lets the filesystem forget what it has in memory, and starts the node.
  void restart() {
    ASSERT_TRUE(swarm_.terminate(victim()));
    Status mounted = disk_->remount();
    ASSERT_TRUE(mounted.ok()) << mounted.to_string();
    ASSERT_TRUE(swarm_.launch(victim()).ok());
    ASSERT_TRUE(wait_attending(swarm_, kVictim)) << swarm_.log_tail(victim());
    ASSERT_TRUE(wait_copies(swarm_)) << swarm_.log_tail(victim());
  }
  void expect_all_whole() {
    expect_whole(swarm_, files_);
    for (const std::string& disk : {bad(), place_ / "good"}) {
      for (const auto& [id, path] : replicas_in_place(disk)) {
        auto fault = fault_of(path);
        EXPECT_FALSE(fault) << *fault;
      }
    }
    CommandResult checked = swarm_.fsdfs({"fsck"});
    EXPECT_EQ(checked.code, 0) << checked.out << checked.err;
  }

  Place place_;
  std::unique_ptr<PowerDisk> disk_;
  ProcessSwarm swarm_;
  int next_ = 0;
  std::map<int, bool> files_;
};

struct Failing {
  const char* name;
  const char* operation;
  bool marked;  // only the bytes of one file
};

class AChangeThatFailsOnce : public IoErrorTest, public ::testing::WithParamInterface<Failing> {};

TEST_P(AChangeThatFailsOnce, EndsTheDisk) {
  import(20);
  ASSERT_GT(replicas_in_place(bad()).size(), 0U);
  ASSERT_TRUE(disk_->fail(GetParam().operation, 1, GetParam().marked ? std::string(kMark) : "").ok());
  put_marked();
  EXPECT_TRUE(wait_failed(swarm_, kVictim, bad(), "")) << swarm_.log_tail(victim());
  EXPECT_THAT(log_of(victim()), HasSubstr("the data disk " + bad() + " has failed"));
  import(20);
  EXPECT_TRUE(wait_copies(swarm_)) << "the other disk takes what this one had";
  auto disk = disk_info(swarm_, kVictim, bad());
  ASSERT_TRUE(disk);
  EXPECT_NE(disk->failed, "") << "it works again, and is not to be believed";
  expect_marked();
  expect_whole(swarm_, files_);
  restart();
  EXPECT_TRUE(eventually(30s, [&] {
    auto again = disk_info(swarm_, kVictim, bad());
    return again && again->failed.empty() && again->replicas > 0;
  }));
  import(20);
  EXPECT_TRUE(wait_copies(swarm_));
  expect_marked();
  expect_all_whole();
}

INSTANTIATE_TEST_SUITE_P(IoErrors, AChangeThatFailsOnce,
                         ::testing::Values(Failing{"AWrite", "write", true},
                                           Failing{"AFlush", "sync", false}),
                         [](const auto& failing) { return std::string(failing.param.name); });

class AReadThatFails : public IoErrorTest {
 protected:
  void SetUp() override {
    IoErrorTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    put_marked();
    import(10);
    ASSERT_TRUE(wait_copies(swarm_));
    restart();
    ASSERT_TRUE(disk_->fail("read", PowerDisk::kForever, std::string(kMark)).ok());
  }
  size_t in_quarantine() {
    auto node = node_info(swarm_, kVictim);
    return node ? node->quarantined_replicas : 0;
  }
  bool found_in_log() { return log_of(victim()).find("is bad and quarantined") != std::string::npos; }
  // The sector is as good as ever once it has failed.
  void expect_replaced() {
    ASSERT_TRUE(eventually(60s, [&] { return found_in_log(); })) << swarm_.log_tail(victim());
    ASSERT_TRUE(disk_->heal().ok());
    EXPECT_TRUE(eventually(60s, [&] { return in_quarantine() == 0 && swarm_.copies("/marked") == 3; }));
    EXPECT_TRUE(wait_copies(swarm_));
    auto disk = disk_info(swarm_, kVictim, bad());
    ASSERT_TRUE(disk);
    EXPECT_EQ(disk->failed, "") << "a bad read concerns the replica alone";
    EXPECT_THAT(swarm_.fsdfs({"events", "-n", "100000"}).out, HasSubstr("/marked"));
    restart();
    expect_marked();
    expect_all_whole();
  }
};

TEST_F(AReadThatFails, IsFailedOverAndItsReplicaReplaced) {
  auto open = swarm_.client().open_for_read({kRootInode, "/marked"});
  ASSERT_TRUE(open.ok()) << open.status().to_string();
  std::erase_if(open->holders, [&](const auto& each) { return each.node.address != victim().address; });
  ASSERT_EQ(open->holders.size(), 1U);
  auto read = read_all(swarm_.client(), *open);
  ASSERT_TRUE(read.ok()) << read.status().to_string();
  EXPECT_TRUE(*read == marked_content()) << "another holder was asked";
  expect_replaced();
}

TEST_F(AReadThatFails, IsFoundByAScrubAndItsReplicaReplaced) {
  EXPECT_THAT(swarm_.fsdfs({"scrub", "--wait"}).out, HasSubstr("1 bad"));
  expect_replaced();
}

}  // namespace
}  // namespace fsdfs::testing
