// The edges of what a swarm takes: sizes, names, paths, full quotas, wrong passwords. Right, or refused with
// a clear error that changes nothing.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/harness/process_swarm.h"
#include "tests/harness/wait.h"

namespace fsdfs::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::Test;

bool mentions(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

class Limits : public Test {
 protected:
  static void SetUpTestSuite() {
    swarm_ = std::make_unique<ProcessSwarm>(ProcessSwarmOptions{.nodes = 2, .quota = "20G"});
    ASSERT_TRUE(swarm_->start().ok());
  }
  static void TearDownTestSuite() { swarm_.reset(); }
  static std::unique_ptr<ProcessSwarm> swarm_;
};
std::unique_ptr<ProcessSwarm> Limits::swarm_;

TEST_F(Limits, EmptyAndOneByteFiles) {
  ASSERT_TRUE(swarm_->put("/empty", ""));
  ASSERT_TRUE(swarm_->put("/one", "x"));
  EXPECT_EQ(swarm_->get("/empty"), "");
  EXPECT_EQ(swarm_->get("/one"), "x");
  EXPECT_TRUE(eventually(60s, [&] { return swarm_->copies("/empty") == 2 && swarm_->copies("/one") == 2; }));
}

TEST_F(Limits, SizesAroundBlocksAndMessages) {
  for (size_t size : {65535UL, 65536UL, 65537UL, 1048575UL, 1048576UL, 1048577UL, 3000000UL}) {
    std::string content(size, 'a');
    for (size_t i = 0; i < size; ++i) content[i] = static_cast<char>('a' + (i * 7 + i / 65536) % 26);
    ASSERT_TRUE(swarm_->put("/sized", content)) << size;
    EXPECT_TRUE(swarm_->get("/sized") == content) << size;
  }
}

TEST_F(Limits, LongestNameIsTakenALongerOneRefused) {
  const std::string longest(255, 'n');
  ASSERT_TRUE(swarm_->put("/" + longest, "long"));
  EXPECT_EQ(swarm_->get("/" + longest), "long");
  auto refused = swarm_->fsdfs({"put", swarm_->local_file("x", "y"), "/" + longest + "n"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_TRUE(mentions(refused.err, "255")) << refused.err;
}

TEST_F(Limits, NamesThatAreNotUtf8) {
  const std::string name = "/caf\xe9 \x01\xff";
  ASSERT_TRUE(swarm_->put(name, "latin"));
  EXPECT_EQ(swarm_->get(name), "latin");
  auto listed = swarm_->fsdfs({"ls", "--json", "/"});
  EXPECT_EQ(listed.code, 0) << listed.err;
  EXPECT_TRUE(mentions(listed.out, "base64")) << listed.out;
  EXPECT_EQ(swarm_->fsdfs({"rm", name}).code, 0);
}

TEST_F(Limits, PathOfFourThousandBytes) {
  std::string directory;
  for (int i = 0; i < 19; ++i) directory += "/" + std::string(199, static_cast<char>('a' + i));
  ASSERT_EQ(swarm_->fsdfs({"mkdir", "-p", directory}).code, 0);
  const std::string path = directory + "/" + std::string(199, 'z');
  ASSERT_EQ(path.size(), 4000U);
  ASSERT_TRUE(swarm_->put(path, "deep"));
  EXPECT_EQ(swarm_->get(path), "deep");
  auto refused = swarm_->fsdfs({"mkdir", "-p", path + "d/" + std::string(200, 'y')});
  EXPECT_NE(refused.code, 0);
  EXPECT_TRUE(mentions(refused.err, "4095")) << refused.err;
}

TEST_F(Limits, DotDotIsRefused) {
  for (const char* path : {"/../etc/passwd", "/a/../b", "/..", "/./a"}) {
    auto refused = swarm_->fsdfs({"put", swarm_->local_file("x", "y"), path});
    EXPECT_EQ(refused.code, 1) << path;
    EXPECT_TRUE(mentions(refused.err, "not allowed")) << refused.err;
    EXPECT_EQ(swarm_->fsdfs({"stat", path}).code, 1) << path;
  }
}

TEST_F(Limits, TenThousandFilesInADirectory) {
  for (int i = 0; i < 10000; ++i) swarm_->local_file("crowd/" + std::to_string(i), std::to_string(i));
  auto put = swarm_->fsdfs({"put", (swarm_->directory() / "local/crowd").string(), "/crowd"}, 10min);
  ASSERT_EQ(put.code, 0) << put.err;
  auto listed = swarm_->fsdfs({"ls", "/crowd"});
  EXPECT_EQ(std::count(listed.out.begin(), listed.out.end(), '\n'), 10000);
  EXPECT_EQ(swarm_->get("/crowd/9999"), "9999");
  auto got = swarm_->fsdfs({"get", "/crowd", (swarm_->directory() / "back").string()}, 10min);
  ASSERT_EQ(got.code, 0) << got.err;
  for (int i = 0; i < 10000; ++i) {
    std::ifstream in(swarm_->directory() / "back" / std::to_string(i));
    std::string content;
    in >> content;
    ASSERT_EQ(content, std::to_string(i));
  }
}

TEST_F(Limits, WrongPasswordIsNotAllowed) {
  auto options = swarm_->fsdfs_options({"status"});
  std::ofstream(swarm_->directory() / "wrong") << "not the password at all\n";
  options.environment[1].second = (swarm_->directory() / "wrong").string();
  auto refused = run_command(options, 60s);
  EXPECT_EQ(refused.code, 4) << refused.err;
  EXPECT_TRUE(mentions(refused.err, "not allowed")) << refused.err;
  EXPECT_EQ(refused.out, "");
}

TEST_F(Limits, NobodyThereIsNotReachable) {
  auto options = swarm_->fsdfs_options({"status"});
  options.environment[0].second = "127.0.0.1:9";
  auto refused = run_command(options, 60s);
  EXPECT_EQ(refused.code, 3) << refused.err;
  EXPECT_TRUE(mentions(refused.err, "127.0.0.1:9")) << refused.err;
}

// The content is a sparse file: its bytes cost time, not disk, at the source.
TEST_F(Limits, FiveGibibytes) {
  const std::string path = swarm_->local_file("big", "");
  constexpr off_t kSize = 5LL << 30;
  ASSERT_EQ(::truncate(path.c_str(), kSize), 0);
  int fd = ::open(path.c_str(), O_WRONLY);
  ASSERT_EQ(::pwrite(fd, "the end", 7, kSize - 7), 7);
  ::close(fd);
  auto put = swarm_->fsdfs({"put", path, "/big"}, 15min);
  ASSERT_EQ(put.code, 0) << put.err;
  const std::string back = (swarm_->directory() / "big.back").string();
  auto got = swarm_->fsdfs({"get", "/big", back}, 15min);
  ASSERT_EQ(got.code, 0) << got.err;
  auto same = run_command({.arguments = {"cmp", path, back},
                           .environment = {},
                           .input_file = {},
                           .output_file = {},
                           .error_file = {}},
                          15min);
  EXPECT_EQ(same.code, 0) << same.out << same.err;
  EXPECT_EQ(swarm_->fsdfs({"rm", "/big"}).code, 0);
}

TEST(FullSwarm, RefusesAPutAndLosesNothing) {
  ProcessSwarm swarm({.nodes = 2,
                      .quota = "1000",
                      .settings = {"write_reserve=0%", "target.default=2", "trash.retention=0s"}});
  ASSERT_TRUE(swarm.start().ok());
  for (int i = 0; i < 10; ++i)
    ASSERT_TRUE(swarm.put("/f" + std::to_string(i), std::string(100, static_cast<char>('a' + i))));
  auto refused = swarm.fsdfs({"put", swarm.local_file("x", "one byte too many"), "/more"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_TRUE(mentions(refused.err, "no space: ")) << refused.err;
  EXPECT_EQ(swarm.fsdfs({"stat", "/more"}).code, 5);
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(swarm.get("/f" + std::to_string(i)), std::string(100, static_cast<char>('a' + i)));
  // Replacing a file needs room for the new content beside the old one: refused as well, the old one stays.
  EXPECT_EQ(swarm.fsdfs({"put", swarm.local_file("x", "other"), "/f0"}).code, 1);
  EXPECT_EQ(swarm.get("/f0"), std::string(100, 'a'));
  // Room made is room to use.
  EXPECT_EQ(swarm.fsdfs({"rm", "/f1"}).code, 0);
  EXPECT_TRUE(eventually(60s, [&] { return swarm.put("/more", "now it fits"); }));
  EXPECT_EQ(swarm.get("/more"), "now it fits");
}

}  // namespace
}  // namespace fsdfs::testing
