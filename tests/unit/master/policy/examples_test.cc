// What deploy/examples shows to users works as its comments say.
#include <gtest/gtest.h>

#include <filesystem>

#include "common/io/files.h"
#include "master/policy/hook_process.h"
#include "master/policy/policy.h"

namespace fsdfs::master {
namespace {

std::string example(const std::string& name) {
  auto file = read_host_file(std::string(FSDFS_EXAMPLES) + "/" + name, 1 << 20);
  EXPECT_TRUE(file.ok()) << file.status().message();
  return file.ok() ? file->bytes : "";
}

TEST(Examples, TheRulesDecideAsTheySay) {
  auto policy = make_policy({example("policy.yaml"), "", 1}, "policy.yaml", 3);
  ASSERT_TRUE(policy.ok()) << policy.status().message();
  constexpr double kDay = 86400;
  FileFacts facts;
  facts.path = "/music/hit.mp3";
  facts.age = 29 * kDay;
  EXPECT_EQ(decide(*policy, facts).target, 4);
  facts.age = 31 * kDay;
  EXPECT_EQ(decide(*policy, facts).target, 3);
  facts.vars = {{"reads_per_day", 1000}};
  EXPECT_EQ(decide(*policy, facts).target, 5);
  facts = {};
  facts.path = "/archive/2019/big";
  facts.size = uint64_t{100} << 20;
  facts.age = 365 * kDay;
  EXPECT_EQ(decide(*policy, facts).target, 2);
  facts.path = "/a/b.tmp";
  EXPECT_EQ(decide(*policy, facts).target, 1);
}

TEST(Examples, PopularityGivesCopies) {
  std::string program = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "fsdfs-policy";
  auto process = HookProcess::start(
      program, {.call = std::chrono::minutes(1), .load = std::chrono::minutes(1), .memory = 0});
  ASSERT_TRUE(process.ok()) << process.status().message();
  Status loaded = (*process)->load(example("popularity.py"));
  ASSERT_TRUE(loaded.ok()) << loaded.message();
  auto replicas = [&](std::vector<std::pair<std::string, double>> vars, double target) {
    HookAnswer answer;
    HookFile file{"/music/hit.mp3", 5000, 60, std::move(vars), target, 1};
    EXPECT_TRUE((*process)->evaluate({file}, [&](HookAnswer given) { answer = std::move(given); }).ok());
    EXPECT_EQ(answer.error, "");
    return answer.number;
  };
  EXPECT_EQ(replicas({}, 3), std::nullopt);
  EXPECT_EQ(replicas({{"popularity", 9}}, 3), std::nullopt);
  EXPECT_EQ(replicas({{"popularity", 1000}}, 3), 6);
  EXPECT_EQ(replicas({{"reads_per_day", 100}}, 2.5), 4.5);
  EXPECT_EQ(replicas({{"popularity", 1e30}}, 3), 12);
  EXPECT_EQ(replicas({{"popularity", 1e30}}, 20), 20);
}

}  // namespace
}  // namespace fsdfs::master
