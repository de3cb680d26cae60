// The original fsdfs's scenarios of room and death, on real processes: quota and conflict, space
// optimization, a node that goes down, replication balance. Their names are the original's. Times are
// printed; the deadlines are wide, since a slow machine is not a fault.
#include <gtest/gtest.h>

#include <chrono>
#include <iostream>
#include <set>

#include "tests/harness/process_swarm.h"
#include "tests/harness/wait.h"

namespace fsdfs::testing {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using NodeNumbers = std::set<int>;

constexpr auto kLong = 60s;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// As the original counts: no reserve, no trash, and eviction may go down to `min_copies`.
std::vector<std::string> original(int target, int min_copies) {
  return {"write_reserve=0%", "trash.retention=0s", "min_copies=" + std::to_string(min_copies),
          "target.default=" + std::to_string(target)};
}

std::string ten_bytes(int number) {
  std::string content = "file " + std::to_string(number);
  content.resize(10, '.');
  return content;
}

std::string file(int number) {
  return "/file" + std::to_string(number);
}

// The nodes, by index, that hold the path's current content.
NodeNumbers holders(ProcessSwarm& swarm, const std::string& path) {
  NodeNumbers found;
  auto stat = swarm.client().stat({InodeId{}, path.substr(1)});
  if (!stat.ok()) return found;
  for (const auto& replica : stat->replicas) {
    if (replica.state != client::ReplicaState::kWhole || replica.version != stat->attributes.version)
      continue;
    for (int i = 1; i <= swarm.nodes(); ++i) {
      if (swarm.node(i).address == replica.node.address) found.insert(i);
    }
  }
  return found;
}

// What min(K-N) and its histogram say, once nothing is under way any more.
bool histogram_becomes(ProcessSwarm& swarm, const std::map<int64_t, uint64_t>& expected) {
  return eventually(kLong, [&] {
    auto status = swarm.client().status();
    return status.ok() && status->surplus_histogram == expected && status->copies_in_flight == 0;
  });
}

int copies_of_all(ProcessSwarm& swarm, int files) {
  int copies = 0;
  for (int i = 1; i <= files; ++i) copies += static_cast<int>(holders(swarm, file(i)).size());
  return copies;
}

void expect_whole(ProcessSwarm& swarm, int files) {
  for (int i = 1; i <= files; ++i) EXPECT_EQ(swarm.get(file(i)), ten_bytes(i)) << file(i);
}

// A put that does not fit changes nothing.
void expect_refused(ProcessSwarm& swarm, int number, int files) {
  std::map<int, NodeNumbers> before;
  for (int i = 1; i <= files; ++i) before[i] = holders(swarm, file(i));
  auto refused = swarm.fsdfs({"put", swarm.local_file("refused", ten_bytes(number)), file(number)});
  EXPECT_EQ(refused.code, 1);
  EXPECT_NE(refused.err.find("no space: "), std::string::npos) << refused.err;
  EXPECT_EQ(swarm.fsdfs({"stat", file(number)}).code, 5);
  for (int i = 1; i <= files; ++i) EXPECT_EQ(holders(swarm, file(i)), before[i]) << file(i);
  expect_whole(swarm, files);
}

TEST(Original, QuotaAndConflict) {
  ProcessSwarm swarm({.nodes = 4, .quota = "10", .settings = original(2, 1)});
  ASSERT_TRUE(swarm.start().ok());
  for (int i = 1; i <= 4; ++i) {
    ASSERT_TRUE(swarm.put(file(i), ten_bytes(i))) << file(i);
    // Each import takes the room of the copies that can best be spared, and idle quota is filled again.
    EXPECT_TRUE(eventually(kLong, [&] { return copies_of_all(swarm, i) == 4; })) << file(i);
    for (int j = 1; j <= i; ++j) {
      EXPECT_GE(holders(swarm, file(j)).size(), static_cast<size_t>(4 / i)) << file(j) << " of " << i;
    }
  }
  EXPECT_TRUE(histogram_becomes(swarm, {{-1, 4}}));
  expect_refused(swarm, 5, 4);
}

TEST(Original, QuotaAndConflictWithTwoCopiesKept) {
  ProcessSwarm swarm({.nodes = 4, .quota = "10", .settings = original(2, 2)});
  ASSERT_TRUE(swarm.start().ok());
  for (int i = 1; i <= 2; ++i) {
    ASSERT_TRUE(swarm.put(file(i), ten_bytes(i)));
    ASSERT_TRUE(eventually(kLong, [&] { return copies_of_all(swarm, i) == 4; }));
  }
  ASSERT_TRUE(histogram_becomes(swarm, {{0, 2}}));
  expect_refused(swarm, 3, 2);
}

// Without spare copies: they would fill the new node before the new file comes.
TEST(Original, CopiesStayPutWhenBalancedAndANewNodeTakesTheNewFile) {
  auto settings = original(2, 1);
  settings.emplace_back("copies.spare=false");
  ProcessSwarm swarm({.nodes = 4, .quota = "10", .settings = settings});
  ASSERT_TRUE(swarm.start().ok());
  for (int i = 1; i <= 2; ++i) {
    ASSERT_TRUE(swarm.put(file(i), ten_bytes(i)));
    ASSERT_TRUE(eventually(kLong, [&] { return holders(swarm, file(i)).size() == 2; }));
  }
  ASSERT_TRUE(histogram_becomes(swarm, {{0, 2}}));
  const NodeNumbers first = holders(swarm, file(1)), second = holders(swarm, file(2));
  auto added = swarm.add_node("10");
  ASSERT_TRUE(added.ok());
  ASSERT_TRUE(swarm.wait_nodes_up(5, kLong));
  ASSERT_TRUE(swarm.put(file(3), ten_bytes(3)));
  // Taking a copy from file 1 or 2 would make as bad what it makes better.
  EXPECT_TRUE(histogram_becomes(swarm, {{-1, 1}, {0, 2}}));
  EXPECT_EQ(holders(swarm, file(1)), first);
  EXPECT_EQ(holders(swarm, file(2)), second);
  EXPECT_EQ(holders(swarm, file(3)), NodeNumbers{*added});
}

TEST(Original, SpaceOptimization) {
  ProcessSwarm swarm({.nodes = 4, .quotas = {"13", "100000", "12", "1"}, .settings = original(3, 1)});
  ASSERT_TRUE(swarm.start().ok());
  ASSERT_TRUE(swarm.put("/ten", std::string(10, 'x')));
  ASSERT_TRUE(swarm.put("/two", std::string(2, 'y')));
  ASSERT_TRUE(swarm.put("/one", std::string(1, 'z')));
  EXPECT_TRUE(histogram_becomes(swarm, {{0, 3}}));
  EXPECT_EQ(holders(swarm, "/ten"), (NodeNumbers{1, 2, 3}));
  EXPECT_EQ(holders(swarm, "/two"), (NodeNumbers{1, 2, 3}));
  EXPECT_EQ(holders(swarm, "/one"), (NodeNumbers{1, 2, 4}));
}

TEST(Original, NodeDown) {
  auto settings = original(2, 1);
  for (const char* more : {"node.report_interval=2s", "node.missed_reports=3", "node.dead_after=6s"})
    settings.emplace_back(more);
  ProcessSwarm swarm({.nodes = 2, .quota = "1000", .settings = settings});
  ASSERT_TRUE(swarm.start().ok());
  ASSERT_TRUE(swarm.put(file(1), ten_bytes(1)));
  ASSERT_TRUE(swarm.put(file(2), ten_bytes(2)));
  ASSERT_TRUE(swarm.wait_min_surplus(0, kLong));

  auto killed = Clock::now();
  swarm.node(2).process->kill();
  auto counted = [&] {
    auto status = swarm.client().status();
    return status.ok() ? static_cast<int>(status->nodes_up + status->nodes_silent) : -1;
  };
  // Until 6 s after its last report both count; a look that took too long itself says nothing.
  ASSERT_TRUE(eventually(kLong, [&] {
    double asked = seconds_since(killed);
    int nodes = counted();
    if (seconds_since(killed) < 4) {
      EXPECT_EQ(nodes, 2) << asked << " s after the kill";
    }
    return asked >= 3.5 || nodes != 2;
  }));
  ASSERT_TRUE(eventually(kLong, [&] { return counted() == 1; }));
  std::cout << "[ MEASURED ] counted as dead " << seconds_since(killed) << " s after the kill\n";
  EXPECT_TRUE(swarm.wait_min_surplus(-1, kLong));

  ASSERT_EQ(swarm.fsdfs({"rm", file(2)}).code, 0);
  EXPECT_EQ(swarm.replica_files(swarm.node(2)), 2);
  auto back = Clock::now();
  ASSERT_TRUE(swarm.launch(swarm.node(2)).ok());
  EXPECT_TRUE(eventually(kLong, [&] { return swarm.replica_files(swarm.node(2)) == 1; }));
  std::cout << "[ MEASURED ] rm carried out " << seconds_since(back) << " s after its start\n";
  ASSERT_TRUE(swarm.wait_min_surplus(0, kLong));
  // It came back with what it still held: nothing was copied again.
  EXPECT_EQ(swarm.log_tail(swarm.node(2)).find("copied"), std::string::npos);
  EXPECT_EQ(swarm.get(file(1)), ten_bytes(1));
}

TEST(Original, ReplicationBalance) {
  ProcessSwarm swarm({.nodes = 3, .quota = "100", .settings = original(3, 1)});
  ASSERT_TRUE(swarm.start().ok());
  auto import_until = [&](int from, int last) {
    for (int i = from; i <= last; ++i) ASSERT_TRUE(swarm.put(file(i), ten_bytes(i))) << file(i);
  };
  import_until(1, 10);
  EXPECT_TRUE(histogram_becomes(swarm, {{0, 10}}));
  import_until(11, 20);
  EXPECT_TRUE(histogram_becomes(swarm, {{-2, 10}, {-1, 10}}));
  import_until(21, 30);
  EXPECT_TRUE(histogram_becomes(swarm, {{-2, 30}}));
  expect_refused(swarm, 31, 30);
  for (int i = 1; i <= 3; ++i) {
    Server& node = swarm.node(i);
    ASSERT_TRUE(swarm.terminate(node).has_value());
    std::replace(node.arguments.begin(), node.arguments.end(), std::string("100"), std::string("1000"));
    ASSERT_TRUE(swarm.launch(node).ok());
  }
  EXPECT_TRUE(histogram_becomes(swarm, {{0, 30}}));
  expect_whole(swarm, 30);
}

}  // namespace
}  // namespace fsdfs::testing
