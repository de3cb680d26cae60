#include "master/policy/hook.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <limits>

namespace fsdfs::master {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class HookTest : public ::testing::Test {
 protected:
  static std::string program() {
    return std::filesystem::read_symlink("/proc/self/exe").parent_path() / "fsdfs-policy";
  }
  static std::vector<HookFile> files(const std::vector<std::string>& paths) {
    std::vector<HookFile> list;
    for (const std::string& path : paths) list.push_back({path, 0, 0, {}, 3, 0});
    return list;
  }

  ManualClock clock_;
  Hook hook_{program(), {.call = 30s, .load = 60s, .memory = 0}, clock_};
};

TEST_F(HookTest, NumbersThatAreNoTargetsAreErrors) {
  for (double bad :
       {-1.0, 1e9, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    HookAnswer judged = judge({bad, ""});
    EXPECT_FALSE(judged.number);
    EXPECT_THAT(judged.error, HasSubstr("returned")) << bad;
  }
  EXPECT_EQ(judge({2.5, ""}).number, 2.5);
  EXPECT_EQ(judge({}), HookAnswer{});
}

TEST_F(HookTest, TheFileThatItDiesOverIsBlamedAndTheOthersFollowAfterAPause) {
  hook_.set_text("import os\ndef replicas(file):\n  if file.path == '/bad': os._exit(1)\n  return 2");
  auto answers = hook_.evaluate(files({"/a", "/bad", "/b"}));
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[0].number, 2);
  EXPECT_THAT(answers[1].error, HasSubstr("exit code 1"));
  EXPECT_GT(hook_.ready_at(), clock_.now());
  clock_.advance(hook_.ready_at() - clock_.now());
  answers = hook_.evaluate(files({"/b"}));
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].number, 2);
}

TEST_F(HookTest, DeathAfterDeathThePausesGrowToAMinute) {
  hook_.set_text("import os\ndef replicas(file): os._exit(1)");
  Duration last{};
  for (int i = 0; i < 12; ++i) {
    ASSERT_EQ(hook_.evaluate(files({"/a"})).size(), 1u);
    Duration pause = hook_.ready_at() - clock_.now();
    EXPECT_GE(pause, last);
    EXPECT_LE(pause, 60s);
    last = pause;
    clock_.advance(pause);
  }
  EXPECT_EQ(last, 60s);
  // A new text is tried at once.
  hook_.set_text("def replicas(file): return 1");
  EXPECT_LE(hook_.ready_at(), clock_.now());
}

TEST_F(HookTest, OneThatCannotStartSaysWhyUntilItCan) {
  hook_.set_text("raise ValueError('not today')");
  EXPECT_TRUE(hook_.evaluate(files({"/a"})).empty());
  EXPECT_THAT(hook_.fault(), HasSubstr("not today"));
  EXPECT_GT(hook_.ready_at(), clock_.now());
  hook_.set_text("def replicas(file): return 1");
  EXPECT_EQ(hook_.fault(), "");
  EXPECT_EQ(hook_.evaluate(files({"/a"})).size(), 1u);
}

TEST_F(HookTest, NothingStartsAfterStop) {
  hook_.set_text("def replicas(file): return 1");
  hook_.stop();
  EXPECT_TRUE(hook_.evaluate(files({"/a"})).empty());
}

}  // namespace
}  // namespace fsdfs::master
