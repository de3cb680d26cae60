#include "client/cli/local_walk.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <vector>

namespace fsdfs::client {
namespace {

namespace fs = std::filesystem;

class Recorder final : public LocalVisitor {
 public:
  bool enter(const std::string& path, const std::string&, const struct stat&) override {
    seen.push_back("enter " + relative(path));
    return path.find("refused") == std::string::npos;
  }
  void leave() override { seen.push_back("leave"); }
  void file(const std::string& path, const std::string& name, const struct stat& info) override {
    EXPECT_EQ(fs::path(path).filename(), name);
    seen.push_back((S_ISREG(info.st_mode) ? "file " : "other ") + relative(path));
  }
  void failed(const std::string& path, const Status& status) override {
    seen.push_back("failed " + relative(path));
    last = status;
  }
  bool stop() override { return seen.size() >= most; }

  std::string relative(const std::string& path) const { return fs::path(path).lexically_relative(root); }

  fs::path root;
  size_t most = 1000;
  std::vector<std::string> seen;
  Status last;
};

class LocalWalkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "local_walk_XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    recorder_.root = pattern;
  }
  void TearDown() override { fs::remove_all(recorder_.root); }
  void file(const std::string& name) { std::ofstream(recorder_.root / name) << "x"; }
  void directory(const std::string& name) { fs::create_directory(recorder_.root / name); }
  std::vector<std::string> walk(bool follow) {
    walk_local(recorder_.root, follow, recorder_);
    return recorder_.seen;
  }
  Recorder recorder_;
};

using Seen = std::vector<std::string>;

TEST_F(LocalWalkTest, GoesThroughATreeByName) {
  file("b");
  directory("a");
  file("a/c");
  directory("d");
  EXPECT_EQ(walk(false), (Seen{"enter a", "file a/c", "leave", "file b", "enter d", "leave"}));
}

TEST_F(LocalWalkTest, LeavesOutWhatTheVisitorDoesNotEnter) {
  directory("refused");
  file("refused/x");
  EXPECT_EQ(walk(false), (Seen{"enter refused"}));
}

TEST_F(LocalWalkTest, ShowsLinksAndPipesAsOther) {
  fs::create_symlink("nowhere", recorder_.root / "link");
  ASSERT_EQ(::mkfifo((recorder_.root / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(walk(false), (Seen{"other link", "other pipe"}));
}

TEST_F(LocalWalkTest, FollowsLinksButNotInCircles) {
  directory("a");
  file("a/f");
  fs::create_directory_symlink("..", recorder_.root / "a" / "up");
  fs::create_symlink("nowhere", recorder_.root / "z");
  EXPECT_EQ(walk(true),
            (Seen{"enter a", "file a/f", "enter a/up", "failed a/up", "leave", "leave", "failed z"}));
}

TEST_F(LocalWalkTest, StopsWhenTold) {
  for (char name = 'a'; name < 'z'; ++name) file(std::string(1, name));
  recorder_.most = 3;
  EXPECT_EQ(walk(false).size(), 3u);
}

}  // namespace
}  // namespace fsdfs::client
