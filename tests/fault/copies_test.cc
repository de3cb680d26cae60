// Copies between real nodes that break off, that come from a liar, and that bring an older version up to
// date.
//
// Sizes are those of CMakeLists.txt: small ones in every run, and those that users fear (2 GiB broken at 90
// %, 4 KiB of 1 GiB changed) with the label fault-long.
#include <gtest/gtest.h>
#include <signal.h>

#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <random>
#include <sstream>

#include "tests/fault/node_disk.h"
#include "tests/harness/long_run.h"
#include "tests/harness/process_swarm.h"
#include "tests/harness/wait.h"

namespace fsdfs::testing {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr uint64_t kMiB = 1024 * 1024;
// Sizes for every run, and those of which users hear.
const uint64_t kBroken = by_length(512, 2048) * kMiB;
const uint64_t kChanged = by_length(64, 1024) * kMiB;
constexpr auto kPatience = 240s;

std::string random_content(uint64_t size, unsigned seed) {
  std::mt19937_64 random(seed);
  std::string content(size, '\0');
  for (size_t at = 0; at + 8 <= size; at += 8) {
    uint64_t word = random();
    std::memcpy(content.data() + at, &word, 8);
  }
  return content;
}

ProcessSwarmOptions options(int nodes, int sync_copies) {
  return {.nodes = nodes,
          .quota = "16G",
          .settings = {"node.report_interval=500ms", "sync_copies=" + std::to_string(sync_copies)}};
}

// The one replica on the node's disk, or an empty path.
fs::path replica_file(const Server& server) {
  auto replicas = replicas_in_place(server.data);
  return replicas.empty() ? fs::path() : replicas.begin()->second;
}

// Bytes on the node's disk of what is arriving.
uint64_t staged(const Server& server) {
  uint64_t bytes = 0;
  std::error_code ignored;
  for (auto it = fs::directory_iterator(fs::path(server.data) / "stage", ignored);
       it != fs::directory_iterator(); it.increment(ignored)) {
    uint64_t size = it->file_size(ignored);
    if (!ignored) bytes += size;
  }
  return bytes;
}

// What a node's log says of the copies that it put together from ranges; the sums over all of them.
struct Told {
  uint64_t pulled = 0;
  uint64_t own = 0;
  uint64_t goes_on_at = 0;  // the last one
};
Told told_by(const Server& server) {
  Told told;
  std::istringstream log(read_bytes(server.log));
  for (std::string line; std::getline(log, line);) {
    uint64_t first = 0, second = 0;
    if (auto at = line.find(" goes on at byte "); at != std::string::npos) {
      if (std::sscanf(line.c_str() + at, " goes on at byte %" SCNu64, &first) == 1) told.goes_on_at = first;
    }
    auto at = line.find(" bytes pulled, ");
    if (at == std::string::npos) continue;
    at = line.rfind(' ', at - 1);
    if (std::sscanf(line.c_str() + at, " %" SCNu64 " bytes pulled, %" SCNu64 " bytes taken", &first,
                    &second) == 2) {
      told.pulled += first;
      told.own += second;
    }
  }
  return told;
}

bool holds(const Server& server, const std::string& content) {
  fs::path file = replica_file(server);
  std::error_code ignored;
  return !file.empty() && fs::file_size(file, ignored) == content.size() && read_bytes(file) == content;
}

// Expected: the second node keeps the 90 % that it has; when its only source is back it pulls the rest, and
// no byte twice.
TEST(Copies, BrokenAtNinetyPercentGoesOnThere) {
  ProcessSwarm swarm(options(1, 1));
  ASSERT_TRUE(swarm.start().ok());
  const std::string content = random_content(kBroken, 1);
  ASSERT_TRUE(swarm.put("/big", content));
  auto added = swarm.add_node("16G");
  ASSERT_TRUE(added.ok());
  Server& source = swarm.node(1);
  Server& target = swarm.node(*added);
  ASSERT_TRUE(eventually(kPatience, [&] { return staged(target) >= kBroken / 10 * 9; }));
  source.process->kill();
  ASSERT_TRUE(eventually(60s, [&] { return !fs::is_empty(fs::path(target.data) / "stage"); }));
  ASSERT_EQ(replica_file(target), fs::path()) << "the copy was done before its source was killed";
  ASSERT_TRUE(swarm.launch(source).ok());
  ASSERT_TRUE(eventually(kPatience, [&] { return swarm.copies("/big") == 2; })) << swarm.log_tail(target);
  EXPECT_TRUE(holds(target, content));
  EXPECT_TRUE(stage_is_empty(target.data));
  Told told = told_by(target);
  // What was in flight at the kill (a row of segments in memory) may be lost, no more.
  EXPECT_GE(told.goes_on_at + 40 * kMiB, kBroken / 10 * 9);
  EXPECT_EQ(told.pulled, kBroken - told.goes_on_at);
  std::cout << "[ MEASURED ] broken at " << told.goes_on_at << " of " << kBroken << " bytes, " << told.pulled
            << " pulled afterwards\n";
}

// Expected: the copy is completed from the other source, without waiting for the killed one.
TEST(Copies, OneOfTwoSourcesKilledInMidCopy) {
  ProcessSwarm swarm(options(2, 2));
  ASSERT_TRUE(swarm.start().ok());
  const std::string content = random_content(kBroken, 2);
  ASSERT_TRUE(swarm.put("/big", content));
  ASSERT_TRUE(eventually(kPatience, [&] { return swarm.copies("/big") == 2; }));
  auto added = swarm.add_node("16G");
  ASSERT_TRUE(added.ok());
  Server& target = swarm.node(*added);
  ASSERT_TRUE(eventually(kPatience, [&] { return staged(target) >= kBroken / 4; }));
  swarm.node(1).process->kill();
  ASSERT_TRUE(eventually(kPatience, [&] { return holds(target, content); })) << swarm.log_tail(target);
  EXPECT_EQ(swarm.get("/big"), content);
}

// Gives the node's replica a flipped bit, with a sidecar that claims it: sums, digest and own sum all fit.
void make_a_liar_of(const Server& server) {
  fs::path file = replica_file(server);
  ASSERT_NE(file, fs::path());
  std::string content = read_bytes(file);
  fs::path meta = file;
  meta += ".meta";
  auto description = node::decode_sidecar(read_bytes(meta));
  ASSERT_TRUE(description.ok()) << description.status().to_string();
  content[content.size() / 2] = static_cast<char>(content[content.size() / 2] ^ 1);
  BlockSummer summer;
  summer.update(content);
  description->sums = summer.finish();
  description->content.digest = content_digest(description->sums, content.size());
  std::ofstream(file, std::ios::binary | std::ios::trunc) << content;
  std::ofstream(meta, std::ios::binary | std::ios::trunc) << node::encode_sidecar(*description);
}

// Expected: what the liar says does not give the digest that the master knows, so the copy is made from the
// other source, whole and right; nobody ever reads the flipped bit.
TEST(Copies, OneOfTwoSourcesLies) {
  const std::string content = random_content(80 * kMiB, 3);
  ProcessSwarm swarm(options(2, 2));
  ASSERT_TRUE(swarm.start().ok());
  ASSERT_TRUE(swarm.put("/big", content));
  ASSERT_TRUE(eventually(kPatience, [&] { return swarm.copies("/big") == 2; }));
  Server& liar = swarm.node(1);
  ASSERT_TRUE(swarm.terminate(liar));
  make_a_liar_of(liar);
  ASSERT_TRUE(swarm.launch(liar).ok());
  ASSERT_TRUE(swarm.wait_nodes_up(2, 60s));
  auto added = swarm.add_node("16G");
  ASSERT_TRUE(added.ok());
  Server& target = swarm.node(*added);
  ASSERT_TRUE(eventually(kPatience, [&] { return holds(target, content); })) << swarm.log_tail(target);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(swarm.get("/big"), content);
}

// Expected: of the node that is not in the chain, the old copy stays until the new one is whole; all but the
// changed block is taken from it.
TEST(Copies, AChangeOfFourKiBMovesOneBlock) {
  ProcessSwarm swarm(options(3, 2));
  ASSERT_TRUE(swarm.start().ok());
  std::string content = random_content(kChanged, 4);
  ASSERT_TRUE(swarm.put("/big", content));
  ASSERT_TRUE(eventually(kPatience, [&] { return swarm.copies("/big") == 3; }));
  Told before;
  for (int i = 1; i <= 3; ++i) before.pulled += told_by(swarm.node(i)).pulled;
  for (size_t at = kChanged / 3; at < kChanged / 3 + 4096; ++at) {
    content[at] = static_cast<char>(content[at] ^ 0x55);
  }
  ASSERT_TRUE(swarm.put("/big", content));
  ASSERT_TRUE(eventually(kPatience, [&] { return swarm.copies("/big") == 3; }));
  // The old version goes everywhere, once it is needed no more.
  for (int i = 1; i <= 3; ++i) {
    EXPECT_TRUE(eventually(60s, [&] { return swarm.replica_files(swarm.node(i)) == 1; })) << i;
    EXPECT_TRUE(holds(swarm.node(i), content)) << i;
  }
  Told after;
  for (int i = 1; i <= 3; ++i) {
    after.pulled += told_by(swarm.node(i)).pulled;
    after.own += told_by(swarm.node(i)).own;
  }
  uint64_t moved = after.pulled - before.pulled;
  EXPECT_LE(moved, 2 * kBlockSize);  // 4 KiB may lie in two blocks
  EXPECT_EQ(after.own + moved, kChanged);
  std::cout << "[ MEASURED ] " << moved << " bytes pulled, " << after.own
            << " taken from the older version, of " << kChanged << "\n";
}

}  // namespace
}  // namespace fsdfs::testing
