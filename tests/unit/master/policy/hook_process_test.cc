// A hook's every bad behaviour, in a real helper process.
#include "master/policy/hook_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/harness/wait.h"

namespace fsdfs::master {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

std::string program() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() / "fsdfs-policy";
}

// Wide for what ought to be quick, so that a busy machine fails no test; those that hang set their own.
HookLimits wide() {
  return {.call = 30s, .load = 60s, .memory = uint64_t{256} << 20};
}

Result<std::unique_ptr<HookProcess>> load(const std::string& python, HookLimits limits = wide()) {
  FSDFS_ASSIGN(auto process, HookProcess::start(program(), limits));
  FSDFS_TRY(process->load(python));
  return process;
}

HookFile file(const std::string& path) {
  return {path, 1000, 60, {{"popularity", 50}}, 3, 2};
}

// What comes of asking about these files one after the other.
struct Outcome {
  std::vector<HookAnswer> answers;
  Status end;
};
Outcome ask(HookProcess& process, const std::vector<std::string>& paths) {
  std::vector<HookFile> files;
  for (const std::string& path : paths) files.push_back(file(path));
  Outcome outcome;
  outcome.end =
      process.evaluate(files, [&](HookAnswer answer) { outcome.answers.push_back(std::move(answer)); });
  return outcome;
}
HookAnswer ask_one(const std::string& python) {
  auto process = load(python);
  EXPECT_TRUE(process.ok()) << process.status().message();
  if (!process.ok()) return {};
  Outcome outcome = ask(**process, {"/f"});
  EXPECT_TRUE(outcome.end.ok()) << outcome.end.message();
  return outcome.answers.empty() ? HookAnswer{} : outcome.answers.front();
}

TEST(HookProcess, ANumberIsANumber) {
  EXPECT_EQ(ask_one("def replicas(file): return 2.5"), (HookAnswer{2.5, ""}));
  EXPECT_EQ(ask_one("def replicas(file): return 4"), (HookAnswer{4, ""}));
  EXPECT_EQ(ask_one("def replicas(file): return None"), HookAnswer{});
  EXPECT_EQ(ask_one("def replicas(file): pass"), HookAnswer{});
}

TEST(HookProcess, TheHookSeesTheFile) {
  HookAnswer answer = ask_one(R"(
import math
def replicas(file):
    assert (file.path, file.size, file.age, file.target, file.copies) == ("/f", 1000, 60.0, 3.0, 2), file.path
    assert file.vars == {"popularity": 50.0}
    return file.target + math.log10(file.vars.get("popularity", 0) * 2)
)");
  EXPECT_EQ(answer.error, "");
  EXPECT_EQ(answer.number, 5);
}

TEST(HookProcess, AnyPathCanBeSpokenOf) {
  auto process = load("def replicas(file): return float(len(file.path.encode('utf-8', 'surrogateescape')))");
  ASSERT_TRUE(process.ok()) << process.status().message();
  Outcome outcome = ask(**process, {"/\xFF\xFE", "/\xC3\xA4"});
  EXPECT_THAT(outcome.answers, ElementsAre(HookAnswer{3, ""}, HookAnswer{3, ""}));
}

TEST(HookProcess, WhatIsNoNumberIsAnError) {
  EXPECT_EQ(ask_one("def replicas(file): return '3'").error, "returned a str, not a number");
  EXPECT_EQ(ask_one("def replicas(file): return True").error, "returned a bool, not a number");
  EXPECT_EQ(ask_one("def replicas(file): return [3]").error, "returned a list, not a number");
  EXPECT_THAT(ask_one("def replicas(file): return 10**400").error, HasSubstr("OverflowError"));
  // These are numbers, which the master judges.
  EXPECT_TRUE(std::isnan(*ask_one("def replicas(file): return float('nan')").number));
  EXPECT_EQ(ask_one("def replicas(file): return -1").number, -1);
}

TEST(HookProcess, AnExceptionIsSaidWithItsLineAndTheNextFileGetsItsAnswer) {
  auto process = load(
      "def replicas(file):\n    if file.path == '/bad':\n        raise ValueError('no idea')\n    return "
      "2\n");
  ASSERT_TRUE(process.ok());
  Outcome outcome = ask(**process, {"/a", "/bad", "/b"});
  EXPECT_TRUE(outcome.end.ok());
  EXPECT_THAT(outcome.answers,
              ElementsAre(HookAnswer{2, ""}, HookAnswer{{}, "raised ValueError: no idea (line 3)"},
                          HookAnswer{2, ""}));
  EXPECT_THAT(ask_one("import sys\ndef replicas(file): sys.exit(3)").error, HasSubstr("SystemExit"));
  EXPECT_THAT(ask_one("def replicas(): return 3").error, HasSubstr("TypeError"));
  EXPECT_THAT(ask_one("def replicas(file): return replicas(file)").error, HasSubstr("RecursionError"));
  EXPECT_THAT(ask_one("class E(Exception):\n  def __str__(self): raise KeyError\n"
                      "def replicas(file): raise E()")
                  .error,
              HasSubstr("raised"));
}

TEST(HookProcess, ATextThatIsNoHookIsRefusedWithItsLine) {
  const std::pair<std::string, std::string> cases[] = {
      {"def replicas(file)\n    return 3\n", "SyntaxError: expected ':' (line 1)"},
      {"x = 1\nimport nothing_like_this\n", "(line 2)"},
      {"x = 1\n", "def replicas(file)"},
      {"replicas = 3\n", "def replicas(file)"},
      {"\xFF\xFE\n", "SyntaxError"},
      {"raise SystemExit\n", "SystemExit"},
  };
  for (const auto& [python, what] : cases) {
    auto process = load(python);
    ASSERT_FALSE(process.ok()) << python;
    EXPECT_EQ(process.status().code(), Code::kInvalidArgument);
    EXPECT_THAT(process.status().message(), HasSubstr(what)) << python;
  }
}

TEST(HookProcess, AHookThatHangsIsKilled) {
  HookLimits limits = wide();
  limits.call = 2s;
  auto process = load("def replicas(file):\n  while file.path == '/hang': pass\n  return 2", limits);
  ASSERT_TRUE(process.ok()) << process.status().message();
  Outcome outcome = ask(**process, {"/a", "/hang", "/b"});
  EXPECT_EQ(outcome.end.code(), Code::kDeadlineExceeded);
  EXPECT_EQ(outcome.end.message(), "took longer than 2s");
  EXPECT_THAT(outcome.answers, ElementsAre(HookAnswer{2, ""}));
  EXPECT_NE(::kill((*process)->pid(), 0), 0);
  limits.load = 500ms;
  EXPECT_EQ(load("while True: pass", limits).status().code(), Code::kDeadlineExceeded);
}

TEST(HookProcess, AHookThatEndsItsProcessIsSaidToHave) {
  auto end_of = [](const std::string& python) {
    auto process = load(python);
    EXPECT_TRUE(process.ok()) << process.status().message();
    Outcome outcome = ask(**process, {"/f"});
    EXPECT_EQ(outcome.end.code(), Code::kAborted);
    EXPECT_TRUE(outcome.answers.empty());
    EXPECT_FALSE((*process)->evaluate({file("/f")}, [](const HookAnswer&) {}).ok());
    return outcome.end.message();
  };
  EXPECT_EQ(end_of("import os\ndef replicas(file): os._exit(7)"), "ended its process with exit code 7");
  if (!kSanitized) {
    EXPECT_EQ(end_of("import ctypes\ndef replicas(file): ctypes.string_at(0)"),
              "ended its process by SIGSEGV");
  }
  EXPECT_THAT(end_of("import os\ndef replicas(file): os.closerange(3, 100)\n"),
              HasSubstr("ended its process"));
}

TEST(HookProcess, AHookThatEatsMemoryIsStoppedAndGoesOn) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer's shadow needs more address space than any limit";
  auto process = load(
      "def replicas(file):\n"
      "  if file.path == '/big':\n"
      "    x = bytearray(10**11)\n"
      "  if file.path == '/growing':\n"
      "    x = []\n"
      "    while True: x.append(bytearray(10**6))\n"
      "  return 2");
  ASSERT_TRUE(process.ok()) << process.status().message();
  Outcome outcome = ask(**process, {"/big", "/growing", "/small"});
  EXPECT_TRUE(outcome.end.ok()) << outcome.end.message();
  ASSERT_EQ(outcome.answers.size(), 3u);
  EXPECT_THAT(outcome.answers[0].error, HasSubstr("MemoryError"));
  EXPECT_THAT(outcome.answers[1].error, HasSubstr("raised"));
  EXPECT_EQ(outcome.answers[2].number, 2);
}

TEST(HookProcess, WhatTheHookPrintsGoesNowhere) {
  EXPECT_EQ(ask_one("import os, sys\nprint('hello')\n"
                    "def replicas(file):\n"
                    "  print('x' * 100000); print('y', file=sys.stderr); os.write(1, b'z'); os.read(0, 5)\n"
                    "  return 2")
                .number,
            2);
}

TEST(HookProcess, KillEndsAWaitFromAnotherThread) {
  auto process = load("def replicas(file):\n  while True: pass", {.call = 60s, .load = 60s, .memory = 0});
  ASSERT_TRUE(process.ok());
  std::thread killer([&] { (*process)->kill(); });
  EXPECT_EQ(ask(**process, {"/f"}).end.code(), Code::kAborted);
  killer.join();
}

// A process that has ended may still wait for init to take note of it.
bool is_alive(int pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string number, name, state;
  return stat >> number >> name >> state && state != "Z";
}

TEST(HookProcess, WhatTheHookHasStartedEndsWithIt) {
  auto process = load(
      "import os\n"
      "def replicas(file):\n"
      "  child = os.fork()\n"
      "  while child == 0: pass\n"
      "  return child");
  ASSERT_TRUE(process.ok()) << process.status().message();
  Outcome outcome = ask(**process, {"/f"});
  ASSERT_EQ(outcome.answers.size(), 1u);
  int child = static_cast<int>(outcome.answers[0].number.value_or(0));
  ASSERT_GT(child, 0);
  EXPECT_TRUE(is_alive(child));
  process->reset();
  EXPECT_TRUE(fsdfs::testing::eventually(60s, [&] { return !is_alive(child); }));
}

TEST(HookProcess, AProgramThatIsNotThereIsNamed) {
  auto process = HookProcess::start("/nowhere/fsdfs-policy", wide());
  ASSERT_FALSE(process.ok());
  EXPECT_THAT(process.status().message(), HasSubstr("/nowhere/fsdfs-policy"));
}

}  // namespace
}  // namespace fsdfs::master
