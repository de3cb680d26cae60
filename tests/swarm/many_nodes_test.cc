// Many nodes in one process: the original's hundred.
#include <gtest/gtest.h>

#include <chrono>
#include <iostream>

#include "tests/harness/local_swarm.h"
#include "tests/harness/wait.h"

namespace fsdfs::testing {
namespace {

using namespace std::chrono_literals;

TEST(ManyNodes, AHundredNodesAllHoldBothFiles) {
  SwarmSettings settings;
  settings.default_target = 100;
  LocalSwarm swarm({.nodes = 100, .quota = 1 << 20, .settings = settings});
  Status started = swarm.start();
  ASSERT_TRUE(started.ok()) << started.to_string();
  auto start = std::chrono::steady_clock::now();
  ASSERT_TRUE(swarm.put("/letters", "abcdefghijklmnopqrstuvwxyz").ok());
  ASSERT_TRUE(swarm.put("/half", "nopqrstuvwxyz").ok());
  EXPECT_TRUE(
      eventually(120s, [&] { return swarm.copies("/letters") == 100 && swarm.copies("/half") == 100; }))
      << swarm.copies("/letters") << " and " << swarm.copies("/half");
  std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  std::cout << "[ MEASURED ] both files on 100 nodes: " << took.count() << " s\n";
}

TEST(ManyNodes, OneProcessOneSwarm) {
  LocalSwarm swarm({.nodes = 4});
  Status started = swarm.start();
  ASSERT_TRUE(started.ok()) << started.to_string();
  ASSERT_TRUE(swarm.put("/f", std::string(100'000, 'x')).ok());
  EXPECT_TRUE(eventually(60s, [&] { return swarm.copies("/f") >= 3; }));
  EXPECT_EQ(swarm.put("/no/such/directory/f", "x").code(), Code::kNotFound);
}

}  // namespace
}  // namespace fsdfs::testing
