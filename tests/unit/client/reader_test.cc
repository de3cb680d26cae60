#include "client/reader.h"

#include <gtest/gtest.h>

#include <random>
#include <thread>

#include "tests/unit/client/fake_swarm.h"

namespace fsdfs::client {
namespace {

class ReaderTest : public FakeSwarmTest {
 protected:
  std::unique_ptr<FileReader> open(const std::string& path) {
    auto file = client().open_for_read(place(path));
    EXPECT_TRUE(file.ok()) << file.status().message();
    return std::make_unique<FileReader>(client(), *file);
  }
  static Result<std::string> read(FileReader& reader, uint64_t offset, size_t count) {
    std::string bytes(count, '\0');
    FSDFS_ASSIGN(size_t got, reader.read(offset, std::as_writable_bytes(std::span(bytes))));
    bytes.resize(got);
    return bytes;
  }
  static void expect_all(FileReader& reader, const std::string& content, size_t piece) {
    for (size_t at = 0; at < content.size(); at += piece) {
      auto got = read(reader, at, piece);
      ASSERT_TRUE(got.ok()) << got.status().message();
      ASSERT_TRUE(*got == content.substr(at, piece)) << "at " << at;
    }
  }
};

TEST_F(ReaderTest, ReadsAFileAndEndsAtItsEnd) {
  std::string content = test_content(3 * kMi + 12345);
  add_file("/f", content);
  auto reader = open("/f");
  expect_all(*reader, content, 100'000);
  EXPECT_EQ(*read(*reader, content.size() - 5, 100), content.substr(content.size() - 5));
  EXPECT_EQ(*read(*reader, content.size(), 100), "");
  EXPECT_EQ(*read(*reader, content.size() + 1, 100), "");
  EXPECT_EQ(*read(*reader, 0, 0), "");
}

TEST_F(ReaderTest, AsksNoNodeForAnEmptyFile) {
  add_file("/f", "");
  auto reader = open("/f");
  EXPECT_EQ(*read(*reader, 0, 10), "");
  EXPECT_EQ(nodes_[0]->reads() + nodes_[1]->reads() + nodes_[2]->reads(), 0u);
}

TEST_F(ReaderTest, FetchesASmallFileInOneStream) {
  std::string content = test_content(200'000);
  add_file("/f", content);
  auto reader = open("/f");
  expect_all(*reader, content, 4096);
  EXPECT_EQ(nodes_[0]->reads(), 1u);
}

TEST_F(ReaderTest, ReadsAnywhereInAnyOrder) {
  std::string content = test_content(5 * kMi + 1);
  add_file("/f", content);
  auto reader = open("/f");
  auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int i = 0; i < 200; ++i) {
    size_t at = std::uniform_int_distribution<size_t>(0, content.size())(random);
    size_t count = std::uniform_int_distribution<size_t>(1, 400'000)(random);
    auto got = read(*reader, at, count);
    ASSERT_TRUE(got.ok()) << got.status().message();
    ASSERT_TRUE(*got == content.substr(at, count)) << at << " " << count;
  }
}

TEST_F(ReaderTest, ServesManyThreadsAtOnce) {
  std::string content = test_content(6 * kMi);
  add_file("/f", content);
  auto reader = open("/f");
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (size_t at = t * 128 * 1024; at < content.size(); at += 4 * 128 * 1024) {
        auto got = read(*reader, at, 128 * 1024);
        if (!got.ok() || *got != content.substr(at, 128 * 1024)) ++wrong;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

struct BrokenRead {
  const char* name;
  Fault fault;
};
class ReaderFaultTest : public ReaderTest, public ::testing::WithParamInterface<BrokenRead> {};

// The first two holders break in the middle; the read goes on with the third and gives the right bytes.
TEST_P(ReaderFaultTest, GoesOnWithTheNextHolder) {
  std::string content = test_content(4 * kMi + 777);
  add_file("/f", content);
  nodes_[0]->set_read_fault({.fault = GetParam().fault, .after = 600'000, .blames = ""});
  nodes_[1]->set_read_fault({.fault = GetParam().fault, .after = 2'000'000, .blames = ""});
  // Whoever says that it failed is left at once, however patient the reader is with the mute.
  auto patient = options();
  bool mute = GetParam().fault == Fault::kHang;
  patient.attempt = mute ? std::chrono::milliseconds(500) : std::chrono::milliseconds(10'000);
  client_ = make_client(patient);
  auto reader = open("/f");
  expect_all(*reader, content, 300'000);
  EXPECT_GT(nodes_[2]->reads(), 0u);
  if (!mute) {
    EXPECT_EQ(master_->counts().opens, 1);
  }
}

INSTANTIATE_TEST_SUITE_P(Faults, ReaderFaultTest,
                         ::testing::Values(BrokenRead{"refuse", Fault::kRefuse},
                                           BrokenRead{"cut", Fault::kCut},
                                           BrokenRead{"cut_quietly", Fault::kCutQuietly},
                                           BrokenRead{"hang", Fault::kHang},
                                           BrokenRead{"corrupt", Fault::kCorrupt}),
                         [](const auto& chosen) { return chosen.param.name; });

TEST_F(ReaderTest, SurvivesTheDeathOfAHolder) {
  std::string content = test_content(8 * kMi);
  add_file("/f", content);
  auto reader = open("/f");
  ASSERT_TRUE(read(*reader, 0, 300'000).ok());
  nodes_.erase(nodes_.begin());
  expect_all(*reader, content, 500'000);
}

TEST_F(ReaderTest, AsksTheMasterAgainWhenAllHoldersFailed) {
  std::string content = test_content(100'000);
  ReplicaId replica = add_file("/f", content);
  auto reader = open("/f");
  for (auto& node : nodes_) node->set_read_fault({.fault = Fault::kRefuse, .after = 0, .blames = ""});
  FakeNode fresh(9, test_credentials());
  fresh.keep(replica, content);
  master_->set_nodes({fresh.address()});
  EXPECT_EQ(*read(*reader, 0, 100'000), content);
  EXPECT_EQ(master_->counts().opens, 2);
}

TEST_F(ReaderTest, RenewsATicketThatHasExpired) {
  std::string content = test_content(100'000);
  add_file("/f", content);
  for (auto& node : nodes_) node->set_read_fault({.fault = Fault::kExpired, .after = 0, .blames = ""});
  auto reader = open("/f");
  EXPECT_EQ(*read(*reader, 0, 100'000), content);
  EXPECT_EQ(nodes_[0]->reads(), 2u);
  EXPECT_EQ(nodes_[1]->reads(), 0u);
}

TEST_F(ReaderTest, LeavesAHolderThatTakesEveryTicketForExpired) {
  std::string content = test_content(100'000);
  add_file("/f", content);
  nodes_[0]->set_read_fault({.fault = Fault::kAlwaysExpired, .after = 0, .blames = ""});
  auto reader = open("/f");
  EXPECT_EQ(*read(*reader, 0, 100'000), content);
  EXPECT_EQ(nodes_[0]->reads(), 2u);
  EXPECT_EQ(nodes_[1]->reads(), 1u);
}

TEST_F(ReaderTest, RenewsATicketBeforeItExpires) {
  std::string content = test_content(100'000);
  add_file("/f", content);
  auto file = client().open_for_read(place("/f"));
  ASSERT_TRUE(file.ok());
  file->expires = clock_.now() + std::chrono::seconds(1);
  FileReader reader(client(), *file);
  EXPECT_EQ(*read(reader, 0, 100'000), content);
  EXPECT_EQ(master_->counts().opens, 2);
}

TEST_F(ReaderTest, NeverMixesVersions) {
  std::string content = test_content(4 * kMi);
  add_file("/f", content);
  auto reader = open("/f");
  ASSERT_TRUE(read(*reader, 0, 100'000).ok());
  ReplicaId changed = master_->change_file("/f");
  for (auto& node : nodes_) {
    node->keep(changed, test_content(4 * kMi, 2));
    node->set_read_fault({.fault = Fault::kRefuse, .after = 0, .blames = ""});
  }
  auto got = read(*reader, 3 * kMi, 100'000);
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.status().code(), Code::kAborted);
  EXPECT_EQ(got.status().reason(), Reason::kStaleVersion);
  for (auto& node : nodes_) node->set_read_fault({});
  got = read(*reader, 3 * kMi, 100'000);
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.status().reason(), Reason::kStaleVersion);
}

TEST_F(ReaderTest, EndsAtTheDeadlineWhenNobodyAnswers) {
  auto quick = options();
  quick.deadline = std::chrono::seconds(1);
  quick.first_contact = std::chrono::seconds(1);
  client_ = make_client(quick);
  add_file("/f", test_content(100'000));
  auto reader = open("/f");
  for (auto& node : nodes_) node->set_read_fault({.fault = Fault::kHang, .after = 0, .blames = ""});
  auto begin = clock_.now();
  auto got = read(*reader, 0, 100);
  ASSERT_FALSE(got.ok());
  EXPECT_TRUE(got.status().code() == Code::kUnavailable || got.status().code() == Code::kDeadlineExceeded);
  EXPECT_GE(clock_.now() - begin, std::chrono::milliseconds(900));
  EXPECT_LT(clock_.now() - begin, std::chrono::seconds(5));
}

TEST_F(ReaderTest, ReadsOnWhileTheMasterIsAway) {
  std::string content = test_content(4 * kMi);
  add_file("/f", content);
  auto reader = open("/f");
  master_.reset();
  nodes_[0]->set_read_fault({.fault = Fault::kCut, .after = 1'000'000, .blames = ""});
  expect_all(*reader, content, 200'000);
}

}  // namespace
}  // namespace fsdfs::client
