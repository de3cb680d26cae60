#include "client/download.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "common/io/files.h"
#include "tests/unit/client/fake_swarm.h"

namespace fsdfs::client {
namespace {

namespace fs = std::filesystem;

class DownloadTest : public FakeSwarmTest {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "download_XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { fs::remove_all(directory_); }

  std::string target() const { return directory_ / "target"; }
  static std::string content_of(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  size_t entries() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(directory_), fs::directory_iterator()));
  }
  Result<DownloadResult> get(DownloadOptions options = {}) {
    return download_to_path(client(), place("/f"), target(), options);
  }

  fs::path directory_;
};

TEST_F(DownloadTest, BringsAFileWithItsModeAndTime) {
  for (size_t size : {size_t{0}, size_t{1}, kMi, 3 * kMi + 17}) {
    std::string name = "/f" + std::to_string(size);
    std::string content = test_content(size);
    add_file(name, content);
    ASSERT_TRUE(master_
                    ->set_attributes_of(name,
                                        [](v1::Attributes& attributes) {
                                          attributes.set_mode(0604);
                                          attributes.mutable_modified()->set_seconds(1'500'000'000);
                                        })
                    .ok());
    auto result = download_to_path(client(), place(name), target(), {});
    ASSERT_TRUE(result.ok()) << result.status().message();
    EXPECT_TRUE(content_of(target()) == content);
    struct stat info {};
    ASSERT_EQ(::stat(target().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0604u);
    EXPECT_EQ(info.st_mtim.tv_sec, 1'500'000'000);
    EXPECT_EQ(entries(), 1u);
  }
}

TEST_F(DownloadTest, LeavesTheOldFileUntilTheNewOneIsWhole) {
  std::ofstream(target()) << "old";
  add_file("/f", test_content(3 * kMi));
  int asked = 0;
  DownloadOptions options;
  options.cancelled = [&] { return ++asked > 2; };
  auto result = get(options);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.status().code(), Code::kCancelled);
  EXPECT_EQ(content_of(target()), "old");
  EXPECT_EQ(entries(), 2u);
  EXPECT_NE(result.status().message().find("fsdfs-part"), std::string::npos);
}

TEST_F(DownloadTest, TakesUpWhatAnEarlierOneLeft) {
  std::string content = test_content(5 * kMi + 9);
  add_file("/f", content);
  int asked = 0;
  DownloadOptions interrupted;
  interrupted.cancelled = [&] { return ++asked > 3; };
  ASSERT_FALSE(get(interrupted).ok());
  int64_t told = 0;
  DownloadOptions options;
  options.on_progress = [&](int64_t bytes) { told += bytes; };
  auto result = get(options);
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_EQ(result->resumed_bytes, 3 * kMi);
  EXPECT_EQ(told, static_cast<int64_t>(content.size()));
  EXPECT_TRUE(content_of(target()) == content);
  EXPECT_EQ(entries(), 1u);
}

TEST_F(DownloadTest, TakesUpNothingThatIsNotTheContent) {
  std::string content = test_content(2 * kMi);
  ReplicaId replica = add_file("/f", content);
  Attributes attributes;
  attributes.inode = replica.inode;
  attributes.version = replica.version;
  std::ofstream(part_path(target(), attributes)) << std::string(kMi, 'x');
  int64_t told = 0;
  DownloadOptions options;
  options.on_progress = [&](int64_t bytes) { told += bytes; };
  auto result = get(options);
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_TRUE(content_of(target()) == content);
  EXPECT_EQ(told, static_cast<int64_t>(content.size()));
  EXPECT_EQ(result->resumed_bytes, 0u);
}

TEST_F(DownloadTest, FetchesTheNewContentWhenItChangesUnderway) {
  add_file("/f", test_content(6 * kMi, 1));
  std::string content = test_content(6 * kMi, 2);
  int pieces = 0;
  DownloadOptions options;
  options.on_progress = [&](int64_t) {
    if (++pieces != 2) return;
    ReplicaId changed = master_->change_file("/f");
    ASSERT_TRUE(master_
                    ->set_attributes_of("/f",
                                        [&](v1::Attributes& attributes) {
                                          attributes.set_digest(encode_digest(content_digest_of(content)));
                                        })
                    .ok());
    for (auto& node : nodes_) {
      node->keep(changed, content);
      node->keep({changed.inode, {Epoch{1}, 1}}, "");
    }
  };
  auto result = get(options);
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_TRUE(content_of(target()) == content);
  EXPECT_EQ(entries(), 1u);
}

TEST_F(DownloadTest, WritesToADescriptorFromStartToEnd) {
  std::string content = test_content(2 * kMi + 1);
  add_file("/f", content);
  UniqueFd file(::open(target().c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  ASSERT_TRUE(download_to_descriptor(client(), place("/f"), file.get(), {}).ok());
  EXPECT_TRUE(content_of(target()) == content);
}

TEST_F(DownloadTest, RefusesDirectoriesAndSaysWhatIsMissing) {
  master_->add_directory("/d");
  EXPECT_EQ(download_to_path(client(), place("/d"), target(), {}).status().reason(), Reason::kIsDirectory);
  EXPECT_EQ(download_to_path(client(), place("/absent"), target(), {}).status().code(), Code::kNotFound);
  EXPECT_EQ(entries(), 0u);
}

TEST_F(DownloadTest, NeverTakesALocalFaultForAnAnswerOfTheSwarm) {
  add_file("/f", "x");
  auto result = download_to_path(client(), place("/f"), "/nonexistent/target", {});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(exit_code_from_status(result.status()), 1);
}

TEST(PartPath, StandsBesideTheTargetAndFitsTheLongestName) {
  Attributes attributes;
  attributes.inode = InodeId{7};
  attributes.version = {Epoch{3}, 9};
  EXPECT_EQ(part_path("/a/b", attributes), "/a/.b.fsdfs-part-7-3.9");
  EXPECT_EQ(part_path("b", attributes), ".b.fsdfs-part-7-3.9");
  attributes.inode = InodeId{UINT64_MAX};
  attributes.version = {Epoch{UINT64_MAX}, UINT64_MAX};
  EXPECT_LE(part_path(std::string(255, 'n'), attributes).size(), 255u);
}

}  // namespace
}  // namespace fsdfs::client
