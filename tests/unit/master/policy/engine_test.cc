// The engine over a real store and, where there is a hook, a real helper process.
#include "master/policy/engine.h"

#include "master/namespace/links.h"
#include "master/namespace/targets.h"
#include "store_fixture.h"
#include "tests/harness/wait.h"

namespace fsdfs::master {
namespace {

using namespace std::chrono_literals;
using fsdfs::testing::eventually;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class EngineTest : public StoreFixture {
 protected:
  ~EngineTest() override { stop(); }

  void start() {
    EngineSettings settings;
    settings.default_target = default_target_;
    settings.program = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "fsdfs-policy";
    settings.hook = {.call = call_, .load = 60s, .memory = 0};
    settings.idle_interval = 5ms;
    engine_ = std::make_unique<PolicyEngine>(*store_, clock_, logger_, settings,
                                             [](const Inode&, const std::vector<ReplicaRecord>& replicas) {
                                               return static_cast<uint32_t>(replicas.size());
                                             });
    store_->add_listener(*engine_);
    ASSERT_TRUE(engine_->start().ok());
  }
  void stop() {
    if (!engine_) return;
    engine_->stop();
    store_.reset();
    engine_.reset();
  }
  void restart() {
    stop();
    open();
    start();
  }

  // A file as a put leaves it, but for its N, which is whatever it was given.
  InodeId touch(const std::string& path, uint64_t size = 10) {
    auto made = make<Inode>([&](WriteTransaction& transaction) -> Result<Inode> {
      FSDFS_ASSIGN(auto slot, resolve_slot(transaction, at(path)));
      Inode inode = newborn(transaction, slot.parent, FileType::kRegular, {0644, 1, 2});
      inode.version = transaction.new_version();
      inode.content.size = size;
      inode.target = default_target_;
      FSDFS_TRY(transaction.add_inode(inode));
      FSDFS_TRY(add_name(transaction, slot.parent, slot.name, inode));
      return inode;
    });
    EXPECT_TRUE(made.ok()) << made.status().to_string();
    return made.ok() ? made->id : InodeId{};
  }
  static PathAt at(const std::string& path) { return {InodeId{}, path}; }
  void set_rules(const std::string& rules, const std::string& python = "") {
    auto set = make<uint64_t>([&](WriteTransaction& t) { return set_policy(t, rules, python); });
    ASSERT_TRUE(set.ok()) << set.status().to_string();
  }
  void set_hook(const std::string& python) { set_rules("", python); }
  void set_own(const std::string& path, double target) {
    ASSERT_TRUE(write([&](WriteTransaction& t) { return set_target(t, at(path), target).status(); }).ok());
  }
  void set(const std::string& path, const Vars& vars) {
    ASSERT_TRUE(write([&](WriteTransaction& t) { return set_vars(t, at(path), {vars, {}}).status(); }).ok());
  }
  void move(const std::string& from, const std::string& to) {
    ASSERT_TRUE(write([&](WriteTransaction& t) { return rename(t, at(from), at(to), {}).status(); }).ok());
  }
  Inode look(const std::string& path) {
    auto located = lookup(*view(), at(path));
    EXPECT_TRUE(located.ok()) << located.status().to_string();
    return located.ok() ? located->inode : Inode{};
  }
  double target(const std::string& path) { return look(path).target; }
  ::testing::AssertionResult becomes(const std::string& path, double wanted) {
    if (eventually(60s, [&] { return target(path) == wanted; })) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << path << " has N = " << target(path) << " and not " << wanted;
  }
  // Everything that was committed is in effect.
  bool settles() {
    return eventually(60s, [&] { return !engine_->progress().evaluating; });
  }
  bool warns_of(const std::string& what) {
    return eventually(60s, [&] {
      auto warnings = engine_->warnings();
      return std::any_of(warnings.begin(), warnings.end(),
                         [&](const std::string& warning) { return warning.find(what) != std::string::npos; });
    });
  }

  double default_target_ = 3;
  Duration call_ = 30s;
  std::unique_ptr<PolicyEngine> engine_;
};

constexpr char kMusic[] = "rules: [{path: /music/**, target: 5}]";

TEST_F(EngineTest, RulesReachTheFilesThatAreThere) {
  mkdir("/music/deep");
  std::vector<std::string> paths;
  for (int i = 0; i < 700; ++i) {
    paths.push_back("/music/deep/" + std::to_string(i));
    touch(paths.back());
  }
  touch("/other");
  start();
  set_rules(kMusic);
  for (const std::string& path : paths) ASSERT_TRUE(becomes(path, 5));
  EXPECT_EQ(look(paths[0]).target_source, TargetSource::kRule);
  ASSERT_TRUE(settles());
  EXPECT_EQ(target("/other"), 3);
  set_rules("");
  for (const std::string& path : paths) ASSERT_TRUE(becomes(path, 3));
  EXPECT_EQ(look(paths[0]).target_source, TargetSource::kDefault);
}

TEST_F(EngineTest, AnOwnTargetStandsAboveAllElse) {
  mkdir("/music");
  touch("/music/a");
  touch("/music/b");
  start();
  set_own("/music/a", 7);
  set_rules(kMusic, "def replicas(file): return 9");
  EXPECT_TRUE(becomes("/music/b", 9));
  ASSERT_TRUE(settles());
  EXPECT_EQ(target("/music/a"), 7);
  ASSERT_TRUE(write([&](WriteTransaction& t) {
                return unset_target(t, at("/music/a"), *engine_->policy()).status();
              }).ok());
  EXPECT_TRUE(becomes("/music/a", 9));
}

TEST_F(EngineTest, DirectoriesAndWhatMovesBetweenThem) {
  mkdir("/a/deep");
  mkdir("/b");
  touch("/a/f");
  touch("/a/deep/g");
  touch("/b/h");
  start();
  set_own("/a", 4);
  EXPECT_TRUE(becomes("/a/f", 4));
  EXPECT_TRUE(becomes("/a/deep/g", 4));
  set_own("/a/deep", 1);
  EXPECT_TRUE(becomes("/a/deep/g", 1));
  EXPECT_EQ(target("/a/f"), 4);
  move("/b/h", "/a/h");
  EXPECT_TRUE(becomes("/a/h", 4));
  move("/a/deep", "/b/deep");
  move("/a", "/c");
  move("/c/f", "/f");
  EXPECT_TRUE(becomes("/f", 3));
  EXPECT_EQ(target("/b/deep/g"), 1);
  ASSERT_TRUE(write([&](WriteTransaction& t) {
                return unset_target(t, at("/b/deep"), *engine_->policy()).status();
              }).ok());
  EXPECT_TRUE(becomes("/b/deep/g", 3));
  EXPECT_TRUE(becomes("/c/h", 4));
}

TEST_F(EngineTest, AFileIsLookedAtWhenItChanges) {
  start();
  set_rules(
      "rules: [{size: {from: 1K}, target: 1}, {vars: {hot: {from: 1}}, target: 6}, {path: '*.x', target: "
      "2}]");
  ASSERT_TRUE(settles());
  InodeId f = touch("/f");
  set("/f", {{"hot", 1}});
  EXPECT_TRUE(becomes("/f", 6));
  set("/f", {{"hot", 0}});
  EXPECT_TRUE(becomes("/f", 3));
  move("/f", "/f.x");
  EXPECT_TRUE(becomes("/f.x", 2));
  ASSERT_TRUE(write([&](WriteTransaction& t) -> Status {
                FSDFS_ASSIGN(auto before, t.inode(f));
                Inode after = *before;
                after.content.size = 1 << 10;
                return t.update_inode(*before, after);
              }).ok());
  EXPECT_TRUE(becomes("/f.x", 1));
}

TEST_F(EngineTest, AnAgeComesToItsBoundByItself) {
  start();
  set_rules("rules: [{age: {below: 1d}, target: 5}, {age: {below: 7d}, target: 2}]");
  touch("/f");
  EXPECT_TRUE(becomes("/f", 5));
  ASSERT_TRUE(settles());
  clock_.advance(23h);
  ASSERT_TRUE(settles());
  EXPECT_EQ(target("/f"), 5);
  clock_.advance(1h + 1s);
  EXPECT_TRUE(becomes("/f", 2));
  clock_.advance(6 * 24h);
  EXPECT_TRUE(becomes("/f", 3));
}

TEST_F(EngineTest, ARestartBringsWhatHasChangedMeanwhile) {
  touch("/f");
  mkdir("/music");
  touch("/music/a");
  start();
  set_rules(kMusic);
  EXPECT_TRUE(becomes("/music/a", 5));
  default_target_ = 2;
  restart();
  EXPECT_TRUE(becomes("/f", 2));
  ASSERT_TRUE(settles());
  EXPECT_EQ(target("/music/a"), 5);
  EXPECT_EQ(engine_->policy()->revision, 1u);
}

TEST_F(EngineTest, NothingIsWrittenWhereNothingChanges) {
  mkdir("/music");
  touch("/music/a");
  start();
  clock_.advance(1h);
  set_rules(kMusic);
  EXPECT_TRUE(becomes("/music/a", 5));
  ASSERT_TRUE(settles());
  Inode before = look("/music/a");
  set_rules(kMusic);
  ASSERT_TRUE(settles());
  EXPECT_EQ(look("/music/a"), before);
  // N is not the user's change: its time stays.
  EXPECT_EQ(before.changed, before.modified);
}

// --- the hook ---

TEST_F(EngineTest, TheHookTurnsAVarIntoN) {
  for (int i = 0; i < 200; ++i) touch("/f" + std::to_string(i));
  start();
  set_hook(
      "import math\n"
      "def replicas(file):\n"
      "  if 'popularity' not in file.vars: return None\n"
      "  return file.target + math.log10(file.vars['popularity'])");
  set("/f7", {{"popularity", 1000}});
  EXPECT_TRUE(becomes("/f7", 6));
  EXPECT_EQ(look("/f7").target_source, TargetSource::kHook);
  set("/f7", {{"popularity", 10}});
  EXPECT_TRUE(becomes("/f7", 4));
  ASSERT_TRUE(settles());
  EXPECT_EQ(target("/f8"), 3);
  EXPECT_THAT(engine_->warnings(), IsEmpty());
  EXPECT_EQ(engine_->progress().hook, "on");
  set_rules("");
  EXPECT_TRUE(becomes("/f7", 3));
}

TEST_F(EngineTest, WhatTheHookDoesWrongLeavesTheLastGoodN) {
  call_ = 2s;
  touch("/f");
  start();
  struct Case {
    std::string body;
    std::string warning;
  };
  const Case cases[] = {
      {"raise ValueError('bad day')", "raised ValueError: bad day (line 2)"},
      {"return float('nan')", "returned nan"},
      {"return float('inf')", "returned inf"},
      {"return -1", "returned -1"},
      {"return 1e9", "returned 1000000000"},
      {"return 'three'", "returned a str"},
      {"import os; os._exit(3)", "exit code 3"},
      {"\n  while True: pass", "took longer than 2s"},
  };
  for (const Case& c : cases) {
    set_hook("def replicas(file): return 4.5");
    ASSERT_TRUE(becomes("/f", 4.5));
    ASSERT_TRUE(settles());
    EXPECT_THAT(engine_->warnings(), IsEmpty()) << c.body;
    set_hook("def replicas(file):\n  " + c.body);
    EXPECT_TRUE(warns_of(c.warning)) << c.body << ::testing::PrintToString(engine_->warnings());
    EXPECT_TRUE(warns_of("first for /f")) << c.body;
    EXPECT_EQ(target("/f"), 4.5) << c.body;
    EXPECT_EQ(look("/f").target_source, TargetSource::kHook);
  }
}

TEST_F(EngineTest, AHookThatIsAwayHoldsNothingElseUp) {
  call_ = 60s;
  mkdir("/music");
  touch("/music/a");
  touch("/f");
  start();
  set_rules(kMusic, "def replicas(file):\n  while file.path == '/f': pass");
  // It hangs over /f, and single files are decided without it all the same once it is stopped.
  EXPECT_TRUE(eventually(60s, [&] { return engine_->policy()->has_hook(); }));
  EXPECT_TRUE(becomes("/music/a", 5));
  stop();
}

TEST_F(EngineTest, AHookThatDiesNowAndThenComesToAllFiles) {
  std::vector<std::string> paths;
  for (int i = 0; i < 30; ++i) {
    paths.push_back("/f" + std::to_string(i));
    touch(paths.back());
  }
  start();
  set_hook("import os\ndef replicas(file):\n  if file.path.endswith('7'): os._exit(1)\n  return 8");
  // The pauses after a death are of the clock that stands still.
  EXPECT_TRUE(eventually(60s, [&] {
    clock_.advance(1s);
    return std::all_of(paths.begin(), paths.end(), [&](const std::string& path) {
      return target(path) == (path.ends_with('7') ? 3 : 8);
    });
  }));
  EXPECT_TRUE(warns_of("failed for"));
}

TEST_F(EngineTest, AutomaticVarsMoveNByATenthAtLeast) {
  InodeId f = touch("/f");
  start();
  set_hook("def replicas(file): return 10 + file.vars.get('reads_per_day', 0)");
  ASSERT_TRUE(becomes("/f", 10));
  ASSERT_TRUE(settles());
  auto seen = [&](double reads) {
    ASSERT_TRUE(write([&](WriteTransaction& t) { return t.put_reads({f, 1, reads}); }).ok());
    engine_->automatic_vars_changed({f});
    ASSERT_TRUE(settles());
  };
  seen(0.5);
  EXPECT_EQ(target("/f"), 10);
  seen(1);
  EXPECT_EQ(target("/f"), 11);
  // What a user asks for has no such threshold.
  seen(1.5);
  EXPECT_EQ(target("/f"), 11);
  set("/f", {{"x", 1}});
  EXPECT_TRUE(becomes("/f", 11.5));
}

TEST_F(EngineTest, ProgressIsToldWhileALookGoesOn) {
  for (int i = 0; i < 50; ++i) touch("/f" + std::to_string(i));
  start();
  ASSERT_TRUE(settles());
  EXPECT_EQ(engine_->progress().share, 1);
  set_hook("import os\ndef replicas(file): os._exit(1)");
  // It dies over the first file, and the clock stands still: the look cannot end.
  EXPECT_TRUE(eventually(60s, [&] {
    auto progress = engine_->progress();
    return progress.evaluating && progress.share > 0 && progress.share <= 1;
  }));
  EXPECT_TRUE(warns_of("failed for 1 file"));
}

}  // namespace
}  // namespace fsdfs::master
