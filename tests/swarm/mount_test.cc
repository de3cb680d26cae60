// The mount, read-only, over real processes: what was put is what is read, names and attributes are right,
// and a read goes on when the node that serves it dies.
#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "common/io/files.h"
#include "tests/harness/process_swarm.h"
#include "tests/harness/wait.h"

namespace fsdfs::testing {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

std::string pattern(size_t size, unsigned salt) {
  std::string bytes(size, '\0');
  uint64_t state = salt * 2654435761ULL + 1;
  for (auto& byte : bytes) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    byte = static_cast<char>(state >> 56);
  }
  return bytes;
}

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// A swarm with a mount of it, which runs in the foreground as a child of the test.
class Mounted {
 public:
  explicit Mounted(ProcessSwarmOptions options) : swarm(std::move(options)) {}
  ~Mounted() {
    if (mount_) {
      mount_->signal(SIGTERM);
      if (!mount_->wait(20s)) ADD_FAILURE() << "the mount did not end within 20 s of SIGTERM";
    }
  }
  bool start() {
    Status up = swarm.start();
    EXPECT_TRUE(up.ok()) << up.to_string();
    if (!up.ok()) return false;
    place = swarm.directory() / "mount";
    fs::create_directories(place);
    return mount();
  }
  bool mount() {
    auto options = swarm.fsdfs_options({"mount", "--foreground", place.string()});
    options.error_file = (swarm.directory() / "mount.log").string();
    auto process = Process::start(options);
    if (!process.ok()) return false;
    mount_.emplace(std::move(*process));
    return eventually(30s, [&] { return mounted(); });
  }
  bool mounted() const {
    struct stat here {
    }, above{};
    return ::stat(place.c_str(), &here) == 0 && ::stat(place.parent_path().c_str(), &above) == 0 &&
           here.st_dev != above.st_dev;
  }
  Process& process() { return *mount_; }

  ProcessSwarm swarm;
  fs::path place;

 private:
  std::optional<Process> mount_;
};

#define SKIP_WITHOUT_FUSE() \
  if (::access("/dev/fuse", R_OK | W_OK) != 0) GTEST_SKIP() << "/dev/fuse is not there or not ours to use"

TEST(Mount, ShowsWhatWasPut) {
  SKIP_WITHOUT_FUSE();
  Mounted m({.nodes = 2, .quota = "1G"});
  ASSERT_TRUE(m.start());
  const std::string big = pattern(5'000'000, 1);
  ASSERT_EQ(m.swarm.fsdfs({"mkdir", "-p", "/a/b"}).code, 0);
  ASSERT_TRUE(m.swarm.put("/a/big", big));
  ASSERT_TRUE(m.swarm.put("/a/empty", ""));
  EXPECT_TRUE(read_file(m.place / "a/big") == big);
  EXPECT_EQ(read_file(m.place / "a/empty"), "");

  struct stat state {};
  ASSERT_EQ(::stat((m.place / "a/big").c_str(), &state), 0);
  EXPECT_EQ(state.st_size, 5'000'000);
  EXPECT_TRUE(S_ISREG(state.st_mode));
  ASSERT_EQ(::stat((m.place / "a/b").c_str(), &state), 0);
  EXPECT_TRUE(S_ISDIR(state.st_mode));

  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(m.place / "a")) names.insert(entry.path().filename());
  EXPECT_EQ(names, (std::set<std::string>{"b", "big", "empty"}));
  EXPECT_EQ(::stat((m.place / "nothing").c_str(), &state), -1);
  EXPECT_EQ(errno, ENOENT);

  // New content is seen by the next open (close-to-open).
  ASSERT_TRUE(m.swarm.put("/a/big", "now small"));
  EXPECT_EQ(read_file(m.place / "a/big"), "now small");
  // And names: gone and new ones.
  ASSERT_EQ(m.swarm.fsdfs({"rm", "/a/empty"}).code, 0);
  EXPECT_FALSE(fs::exists(m.place / "a/empty"));
  ASSERT_EQ(m.swarm.fsdfs({"mv", "/a/big", "/a/other"}).code, 0);
  EXPECT_EQ(read_file(m.place / "a/other"), "now small");
  EXPECT_FALSE(fs::exists(m.place / "a/big"));
}

TEST(Mount, RefusesToChangeAnything) {
  SKIP_WITHOUT_FUSE();
  Mounted m({.nodes = 1, .quota = "1G"});
  ASSERT_TRUE(m.start());
  ASSERT_TRUE(m.swarm.put("/f", "content"));
  EXPECT_EQ(::open((m.place / "new").c_str(), O_WRONLY | O_CREAT, 0644), -1);
  EXPECT_EQ(errno, EROFS);
  EXPECT_EQ(::open((m.place / "f").c_str(), O_RDWR), -1);
  EXPECT_EQ(errno, EROFS);
  EXPECT_EQ(::unlink((m.place / "f").c_str()), -1);
  EXPECT_EQ(errno, EROFS);
  EXPECT_EQ(::mkdir((m.place / "d").c_str(), 0755), -1);
  EXPECT_EQ(errno, EROFS);
  EXPECT_EQ(read_file(m.place / "f"), "content");
}

TEST(Mount, TellsOfReplicas) {
  SKIP_WITHOUT_FUSE();
  Mounted m({.nodes = 2, .quota = "1G"});
  ASSERT_TRUE(m.start());
  ASSERT_TRUE(m.swarm.put("/f", "content", {"--target", "2"}));
  char value[4096];
  ssize_t size = ::getxattr((m.place / "f").c_str(), "user.fsdfs.target", value, sizeof value);
  ASSERT_GT(size, 0);
  EXPECT_EQ(std::string(value, static_cast<size_t>(size)), "2");
  size = ::getxattr((m.place / "f").c_str(), "user.fsdfs.replicas", value, sizeof value);
  ASSERT_GT(size, 0);
  EXPECT_NE(std::string(value, static_cast<size_t>(size)).find("127.0.0.1:"), std::string::npos);
}

TEST(Mount, ReadsOnWhenTheServingNodeDies) {
  SKIP_WITHOUT_FUSE();
  Mounted m({.nodes = 3, .quota = "1G"});
  ASSERT_TRUE(m.start());
  const std::string content = pattern(64 << 20, 2);
  ASSERT_TRUE(m.swarm.put("/f", content));
  ASSERT_TRUE(m.swarm.wait_min_surplus(0, 60s));
  UniqueFd fd(::open((m.place / "f").c_str(), O_RDONLY));
  ASSERT_TRUE(fd.valid());
  std::string read(content.size(), '\0');
  size_t have = 0;
  int killed = 0;
  while (have < read.size()) {
    ssize_t got = ::read(fd.get(), read.data() + have, std::min<size_t>(1 << 20, read.size() - have));
    ASSERT_GT(got, 0) << "at " << have << ": " << std::strerror(errno);
    have += static_cast<size_t>(got);
    // Two of the three holders die on the way, so whoever serves the read is among them at least once.
    if (killed == 0 && have > read.size() / 4) m.swarm.node(++killed).process->kill();
    if (killed == 1 && have > read.size() / 2) m.swarm.node(++killed).process->kill();
  }
  EXPECT_EQ(killed, 2);
  EXPECT_TRUE(read == content);
}

TEST(Mount, OutlivesARestartOfTheMaster) {
  SKIP_WITHOUT_FUSE();
  Mounted m({.nodes = 2, .quota = "1G"});
  ASSERT_TRUE(m.start());
  ASSERT_TRUE(m.swarm.put("/f", "content"));
  EXPECT_EQ(read_file(m.place / "f"), "content");
  m.swarm.master().process->kill();
  ASSERT_TRUE(m.swarm.launch(m.swarm.master()).ok());
  EXPECT_EQ(read_file(m.place / "f"), "content");
  ASSERT_TRUE(m.swarm.wait_nodes_up(2, 60s));
}

TEST(Mount, AKilledMountIsFollowedByAFreshOne) {
  SKIP_WITHOUT_FUSE();
  Mounted m({.nodes = 1, .quota = "1G"});
  ASSERT_TRUE(m.start());
  ASSERT_TRUE(m.swarm.put("/f", "content"));
  m.process().kill();
  ASSERT_TRUE(m.mount());
  EXPECT_EQ(read_file(m.place / "f"), "content");
}

}  // namespace
}  // namespace fsdfs::testing
