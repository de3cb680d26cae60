// Disks that are full, fail, are not mounted or are not who they were, on real processes and filesystems.
// Each test says first what must come of it. In all of them: what was acknowledged is read back whole.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <iostream>
#include <span>
#include <thread>

#include "client/content_source.h"
#include "client/reader.h"
#include "client/upload.h"
#include "tests/fault/mounts.h"
#include "tests/fault/swarm_state.h"
#include "tests/harness/process_swarm.h"
#include "tests/harness/wait.h"

namespace fsdfs::testing {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr size_t kFileBytes = 300'000;

std::string content_of(int number) {
  std::string content(kFileBytes, static_cast<char>('a' + number % 26));
  return content + std::to_string(number);
}

ProcessSwarmOptions options_with(std::vector<std::vector<DataDisk>> disks, const std::string& target) {
  ProcessSwarmOptions options;
  options.nodes = 3;
  options.settings = {"node.report_interval=200ms", "node.free_floor=0", "target.default=" + target,
                      "trash.retention=0s", "copies.spare=false"};
  options.disks = std::move(disks);
  return options;
}

bool put(ProcessSwarm& swarm, int number) {
  std::string content = content_of(number);
  client::MemorySource source(content);
  auto done = client::upload(swarm.client(), {kRootInode, "/f" + std::to_string(number)}, source, {});
  if (!done.ok()) std::cerr << "put f" << number << ": " << done.status().to_string() << "\n";
  return done.ok();
}

Result<std::string> read_back(ProcessSwarm& swarm, int number) {
  FSDFS_ASSIGN(auto open, swarm.client().open_for_read({kRootInode, "/f" + std::to_string(number)}));
  client::FileReader reader(swarm.client(), open);
  std::string bytes(content_of(number).size(), '\0');
  size_t have = 0;
  while (have < bytes.size()) {
    FSDFS_ASSIGN(size_t count, reader.read(have, std::as_writable_bytes(std::span(bytes).subspan(have))));
    if (count == 0) return data_loss("it ends at " + std::to_string(have));
    have += count;
  }
  return bytes;
}

void expect_whole(ProcessSwarm& swarm, int count) {
  for (int number = 0; number < count; ++number) {
    auto got = read_back(swarm, number);
    ASSERT_TRUE(got.ok()) << "f" << number << ": " << got.status().to_string();
    ASSERT_TRUE(*got == content_of(number)) << "f" << number << " is not what was put";
  }
}

// Puts files until told to stop; from then on their count. Every put must be acknowledged.
class Putting {
 public:
  explicit Putting(ProcessSwarm& swarm) : swarm_(swarm), thread_([this] { run(); }) {}
  ~Putting() { stop(); }
  bool reach(int count) {
    return eventually(90s, [&] { return done_ >= count || refused_ > 0; }) && refused_ == 0;
  }
  int stop() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
    EXPECT_EQ(refused_, 0);
    return done_;
  }
  int done() const { return done_; }

 private:
  void run() {
    while (!stopping_) {
      if (put(swarm_, done_)) {
        ++done_;
      } else {
        ++refused_;
        return;
      }
    }
  }
  ProcessSwarm& swarm_;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> done_ = 0;
  std::atomic<int> refused_ = 0;
  std::thread thread_;
};

// Expected: puts go on being acknowledged; the node's other disk takes what the full one does not; a full
// disk is no failed one, and once it has room again it is used again.
TEST(Disks, AFullDiskIsPassedOver) {
  Place place;
  if (std::string why = missing_for_mounts(); !why.empty()) GTEST_SKIP() << why;
  auto a = Mount::tmpfs(place / "a", 24);
  ASSERT_TRUE(a.ok()) << a.status().message();
  auto b = Mount::tmpfs(place / "b", 48);
  ASSERT_TRUE(b.ok()) << b.status().message();
  ProcessSwarm swarm(options_with({{{place / "a", "100M"}, {place / "b", "100M"}}}, "3"));
  ASSERT_TRUE(swarm.start().ok());
  {
    // Somebody else fills the disk to its last byte.
    std::ofstream ballast(place / "a/ballast");
    const std::string megabyte(1 << 20, 'x');
    while (ballast << megabyte << std::flush) {
    }
  }
  constexpr int kFiles = 40;
  for (int number = 0; number < kFiles; ++number) ASSERT_TRUE(put(swarm, number)) << number;
  EXPECT_TRUE(wait_copies(swarm)) << "the other disk has room for all";
  auto full = disk_info(swarm, 1, place / "a");
  ASSERT_TRUE(full);
  EXPECT_EQ(full->failed, "");
  EXPECT_EQ(full->replicas, 0U);
  fs::remove(place / "a/ballast");
  for (int number = kFiles; number < 3 * kFiles; ++number) ASSERT_TRUE(put(swarm, number)) << number;
  EXPECT_TRUE(eventually(60s, [&] {
    auto disk = disk_info(swarm, 1, place / "a");
    return disk && disk->replicas > 0;
  })) << "the disk has room again and is used again";
  expect_whole(swarm, 3 * kFiles);
}

// Expected: with both of its disks full, the node takes no more and says so by its figures; others do.
TEST(Disks, AFullNodeLeavesTheOthersAtIt) {
  Place place;
  if (std::string why = missing_for_mounts(); !why.empty()) GTEST_SKIP() << why;
  auto a = Mount::tmpfs(place / "a", 8);
  ASSERT_TRUE(a.ok()) << a.status().message();
  auto b = Mount::tmpfs(place / "b", 8);
  ASSERT_TRUE(b.ok()) << b.status().message();
  // The quota promises more than there is.
  ProcessSwarm swarm(options_with({{{place / "a", "100M"}, {place / "b", "100M"}}}, "2"));
  ASSERT_TRUE(swarm.start().ok());
  constexpr int kFiles = 80;
  int put_files = 0;
  for (int number = 0; number < kFiles; ++number) {
    // A put whose chain meets the full node may be refused once or twice with the reason; it is never lost.
    ASSERT_TRUE(eventually(60s, [&] { return put(swarm, number); })) << number;
    ++put_files;
  }
  EXPECT_TRUE(wait_copies(swarm));
  for (const std::string& path : {place / "a", place / "b"}) {
    auto disk = disk_info(swarm, 1, path);
    ASSERT_TRUE(disk);
    EXPECT_EQ(disk->failed, "");
    EXPECT_GT(disk->replicas, 0U);
  }
  expect_whole(swarm, put_files);
}

// Expected: the node starts with the disk that is there and says that the other is not mounted; nothing of
// the node's is written to the empty directory; K-N comes back to 0 without the disk. Mounted again, it is
// used again, with what it holds.
TEST(Disks, OneOfTwoIsNotMounted) {
  Place place;
  const std::string a = place / "a";
  ProcessSwarm swarm(options_with({{{a, "100M"}, {place / "b", "100M"}}}, "2"));
  ASSERT_TRUE(swarm.start().ok());
  constexpr int kFiles = 30;
  for (int number = 0; number < kFiles; ++number) ASSERT_TRUE(put(swarm, number));
  ASSERT_TRUE(wait_copies(swarm));
  ASSERT_TRUE(swarm.terminate(swarm.node(1)));
  fs::rename(a, a + ".away");
  fs::create_directory(a);
  ASSERT_TRUE(swarm.launch(swarm.node(1)).ok());
  EXPECT_TRUE(wait_failed(swarm, 1, a, "mount"));
  EXPECT_TRUE(warns(swarm, "disk " + a));
  EXPECT_TRUE(swarm.wait_nodes_up(3, 30s));
  EXPECT_TRUE(wait_copies(swarm)) << "what was on it is copied again";
  expect_whole(swarm, kFiles);
  EXPECT_FALSE(fs::exists(fs::path(a) / "fsdfs-identity"));
  EXPECT_FALSE(fs::exists(fs::path(a) / "replicas"));
  ASSERT_TRUE(swarm.terminate(swarm.node(1)));
  fs::remove_all(a);
  fs::rename(a + ".away", a);
  ASSERT_TRUE(swarm.launch(swarm.node(1)).ok());
  EXPECT_TRUE(eventually(60s, [&] {
    auto disk = disk_info(swarm, 1, a);
    return disk && disk->failed.empty() && disk->quota_bytes > 0;
  }));
  EXPECT_TRUE(wait_copies(swarm));
  expect_whole(swarm, kFiles);
}

// Expected: the process ends and names the node whose place it would have taken and both ways out; either of
// them helps.
TEST(Disks, TheOnlyOneIsNotMounted) {
  Place place;
  const std::string a = place / "a";
  ProcessSwarm swarm(options_with({{{a, "100M"}}}, "2"));
  ASSERT_TRUE(swarm.start().ok());
  constexpr int kFiles = 10;
  for (int number = 0; number < kFiles; ++number) ASSERT_TRUE(put(swarm, number));
  auto before = node_info(swarm, 1);
  ASSERT_TRUE(before);
  const std::string id = to_string(before->node.node);
  auto start_empty = [&] {
    ASSERT_TRUE(swarm.terminate(swarm.node(1)));
    fs::rename(a, a + ".away");
    fs::create_directory(a);
    ASSERT_TRUE(swarm.launch(swarm.node(1)).ok());
    auto ended = swarm.node(1).process->wait(60s);
    ASSERT_TRUE(ended.has_value()) << "it must not go on trying";
    EXPECT_TRUE(ended->exited);
    EXPECT_NE(ended->code, 0);
    std::string said = log_of(swarm.node(1));
    EXPECT_NE(said.find(id), std::string::npos) << said;
    EXPECT_NE(said.find("mount it"), std::string::npos) << said;
    EXPECT_NE(said.find("fsdfs node remove " + id), std::string::npos) << said;
    auto nodes = swarm.client().nodes();
    ASSERT_TRUE(nodes.ok());
    EXPECT_EQ(nodes->size(), 3U) << "nobody new has joined";
  };
  start_empty();
  if (HasFatalFailure()) return;
  // One way: mount it.
  fs::remove_all(a);
  fs::rename(a + ".away", a);
  ASSERT_TRUE(swarm.launch(swarm.node(1)).ok());
  ASSERT_TRUE(swarm.wait_nodes_up(3, 60s));
  EXPECT_EQ(to_string(node_info(swarm, 1)->node.node), id);
  ASSERT_TRUE(wait_copies(swarm));
  // The other: give the old node up.
  start_empty();
  if (HasFatalFailure()) return;
  auto removed = swarm.fsdfs({"node", "remove", id});
  ASSERT_EQ(removed.code, 0) << removed.err;
  ASSERT_TRUE(swarm.launch(swarm.node(1)).ok());
  ASSERT_TRUE(swarm.wait_nodes_up(3, 60s));
  EXPECT_NE(to_string(node_info(swarm, 1)->node.node), id);
  EXPECT_TRUE(wait_copies(swarm));
  expect_whole(swarm, kFiles);
}

// Expected: a disk of another node among one's own is left out and left as it is; a copy of all that a node
// has makes two processes of one node, of which one attends and the other is refused with the reason.
TEST(Disks, TheDirectoryOfAnotherNode) {
  Place place;
  const std::string a = place / "a";
  const std::string b = place / "b";
  ProcessSwarm swarm(options_with({{{a, "100M"}, {b, "100M"}}}, "2"));
  ASSERT_TRUE(swarm.start().ok());
  constexpr int kFiles = 20;
  for (int number = 0; number < kFiles; ++number) ASSERT_TRUE(put(swarm, number));
  ASSERT_TRUE(wait_copies(swarm));
  ASSERT_TRUE(swarm.terminate(swarm.node(1)));
  ASSERT_TRUE(swarm.terminate(swarm.node(2)));
  const std::string other = to_string(node_info(swarm, 2)->node.node);
  fs::rename(b, b + ".away");
  fs::copy(swarm.node(2).data, b, fs::copy_options::recursive);
  ASSERT_TRUE(swarm.launch(swarm.node(2)).ok());
  ASSERT_TRUE(swarm.launch(swarm.node(1)).ok());
  EXPECT_TRUE(wait_failed(swarm, 1, b, other));
  EXPECT_TRUE(swarm.wait_nodes_up(3, 60s));
  EXPECT_TRUE(wait_copies(swarm));
  expect_whole(swarm, kFiles);
  ASSERT_TRUE(swarm.terminate(swarm.node(1)));
  fs::remove_all(b);
  fs::rename(b + ".away", b);
  ASSERT_TRUE(swarm.launch(swarm.node(1)).ok());
  ASSERT_TRUE(swarm.wait_nodes_up(3, 60s));
  ASSERT_TRUE(wait_copies(swarm));

  // All of node 3 in the place of node 2's.
  ASSERT_TRUE(swarm.terminate(swarm.node(2)));
  fs::rename(swarm.node(2).data, place / "two");
  fs::copy(swarm.node(3).data, swarm.node(2).data, fs::copy_options::recursive);
  ASSERT_TRUE(swarm.launch(swarm.node(2)).ok());
  auto refused = [&](int index) {
    return log_of(swarm.node(index)).find("copies of one data directory") != std::string::npos;
  };
  EXPECT_TRUE(eventually(60s, [&] { return refused(2) || refused(3); }));
  EXPECT_TRUE(swarm.wait_nodes_up(2, 60s)) << "node 1, and one of the two";
  expect_whole(swarm, kFiles);
}

// Expected: the disk has failed and stays so; every put is acknowledged all the same; the node keeps serving
// its other disk; what was on the failed one is copied again, also to that other disk.
TEST(Disks, OneOfTwoTurnsReadOnlyUnderLoad) {
  Place place;
  const std::string a = place / "a";
  if (std::string why = missing_for_mounts({"/dev/loop-control"}); !why.empty()) GTEST_SKIP() << why;
  auto bad = Mount::ext4(a, 200);
  if (bad.status().code() == Code::kUnimplemented) GTEST_SKIP() << bad.status().message();
  ASSERT_TRUE(bad.ok()) << bad.status().message();
  ProcessSwarm swarm(options_with({{{a, "150M"}, {place / "b", "150M"}}}, "2"));
  ASSERT_TRUE(swarm.start().ok());
  Putting putting(swarm);
  ASSERT_TRUE(putting.reach(40));
  ASSERT_TRUE(eventually(30s, [&] {
    auto disk = disk_info(swarm, 1, a);
    return disk && disk->replicas > 0;
  }));
  ASSERT_TRUE((*bad)->turn_read_only().ok());
  EXPECT_TRUE(putting.reach(putting.done() + 40));
  EXPECT_TRUE(wait_failed(swarm, 1, a, ""));
  EXPECT_TRUE(putting.reach(putting.done() + 10));
  int files = putting.stop();
  EXPECT_TRUE(warns(swarm, "disk " + a));
  EXPECT_TRUE(swarm.wait_nodes_up(3, 30s));
  EXPECT_TRUE(wait_copies(swarm));
  auto good = disk_info(swarm, 1, place / "b");
  ASSERT_TRUE(good);
  EXPECT_EQ(good->failed, "");
  EXPECT_GT(good->replicas, 0U);
  EXPECT_EQ(node_info(swarm, 1)->quota_bytes, good->quota_bytes) << "the failed one counts no more";
  auto events = swarm.fsdfs({"events", "-n", "100000"});
  EXPECT_NE(events.out.find(a), std::string::npos) << events.out << events.err;
  // The others go: what only node 1 and one of them have is read from the disk that is left.
  ASSERT_TRUE(swarm.terminate(swarm.node(2)));
  expect_whole(swarm, files);
}

// Expected: the node stays, with quota 0 and the reason; its files are copied to the others.
TEST(Disks, TheOnlyOneTurnsReadOnly) {
  Place place;
  const std::string a = place / "a";
  if (std::string why = missing_for_mounts({"/dev/loop-control"}); !why.empty()) GTEST_SKIP() << why;
  auto bad = Mount::ext4(a, 200);
  if (bad.status().code() == Code::kUnimplemented) GTEST_SKIP() << bad.status().message();
  ASSERT_TRUE(bad.ok()) << bad.status().message();
  ProcessSwarm swarm(options_with({{{a, "150M"}}}, "2"));
  ASSERT_TRUE(swarm.start().ok());
  int files = 0;
  for (; files < 20; ++files) ASSERT_TRUE(put(swarm, files));
  ASSERT_TRUE(wait_copies(swarm));
  ASSERT_TRUE((*bad)->turn_read_only().ok());
  for (; files < 40; ++files) {
    ASSERT_TRUE(eventually(60s, [&] { return put(swarm, files); })) << files;
  }
  EXPECT_TRUE(wait_failed(swarm, 1, a, ""));
  EXPECT_TRUE(eventually(30s, [&] {
    auto node = node_info(swarm, 1);
    return node && node->attending && node->quota_bytes == 0;
  }));
  EXPECT_TRUE(wait_copies(swarm));
  expect_whole(swarm, files);
}

}  // namespace
}  // namespace fsdfs::testing
