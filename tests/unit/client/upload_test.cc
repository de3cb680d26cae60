#include "client/upload.h"

#include <gtest/gtest.h>

#include <thread>

#include "client/content_source.h"
#include "tests/unit/client/fake_swarm.h"

namespace fsdfs::client {
namespace {

// Content whose size is not told before its end.
class EndlessLookingSource final : public ContentSource {
 public:
  explicit EndlessLookingSource(std::string_view bytes) : inner_(bytes) {}
  Result<size_t> read(std::span<std::byte> out) override { return inner_.read(out); }
  bool rewind() override { return inner_.rewind(); }
  std::optional<uint64_t> size() const override { return std::nullopt; }

 private:
  MemorySource inner_;
};

// Can be read once only.
class OnceSource final : public ContentSource {
 public:
  explicit OnceSource(std::string_view bytes) : inner_(bytes) {}
  Result<size_t> read(std::span<std::byte> out) override { return inner_.read(out); }
  bool rewind() override { return false; }
  std::optional<uint64_t> size() const override { return inner_.size(); }

 private:
  MemorySource inner_;
};

class BrokenSource final : public ContentSource {
 public:
  Result<size_t> read(std::span<std::byte>) override { return Status(Code::kUnknown, "the disk is broken"); }
  bool rewind() override { return true; }
  std::optional<uint64_t> size() const override { return 100; }
};

class UploadTest : public FakeSwarmTest {
 protected:
  Result<UploadResult> put(const std::string& path, const std::string& content, UploadOptions options = {}) {
    MemorySource source(content);
    return upload(client(), place(path), source, options);
  }
  // What the chain's head has of the file's present version.
  std::string stored(const Attributes& attributes, size_t node) const {
    return nodes_[node]->content({attributes.inode, attributes.version});
  }
};

TEST_F(UploadTest, PutsContentOfAnySize) {
  for (size_t size : {size_t{0}, size_t{1}, kBlockSize - 1, kBlockSize, kBlockSize + 1, kMi - 1, kMi, kMi + 1,
                      12 * kMi + 5}) {
    SCOPED_TRACE(size);
    std::string content = test_content(size);
    auto result = put("/f" + std::to_string(size), content);
    ASSERT_TRUE(result.ok()) << result.status().message();
    EXPECT_EQ(result->attributes.size, size);
    EXPECT_TRUE(stored(result->attributes, 0) == content);
    EXPECT_EQ(result->attributes.digest, content_digest_of(content));
  }
}

TEST_F(UploadTest, BringsTheReceiptsToTheMaster) {
  auto result = put("/f", "content");
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(master_->last_receipts(),
            std::vector<std::string>{"receipt of " + to_string(nodes_[0]->address().node)});
  EXPECT_EQ(result->synced_copies, 1u);
  EXPECT_EQ(result->wanted_copies, 2u);
}

TEST_F(UploadTest, GivesTheFileItsAttributes) {
  UploadOptions options;
  options.mode = 0751;
  options.target = 5;
  options.modified = FileTime{.seconds = 1'600'000'000, .nanoseconds = 7};
  ASSERT_TRUE(put("/f", "x", options).ok());
  auto attributes = master_->attributes_of("/f");
  EXPECT_EQ(attributes.mode(), 0751u);
  EXPECT_EQ(attributes.target(), 5);
  EXPECT_EQ(attributes.modified().seconds(), 1'600'000'000);
  EXPECT_EQ(attributes.modified().nanoseconds(), 7u);
}

TEST_F(UploadTest, TellsProgressThatAddsUp) {
  std::string content = test_content(20 * kMi);
  int64_t told = 0;
  int calls = 0;
  UploadOptions options;
  options.on_progress = [&](int64_t bytes) {
    told += bytes;
    ++calls;
  };
  ASSERT_TRUE(put("/f", content, options).ok());
  EXPECT_EQ(told, static_cast<int64_t>(content.size()));
  EXPECT_GT(calls, 1);
}

struct BrokenWrite {
  const char* name;
  Fault fault;
  uint64_t after;
};
class UploadFaultTest : public UploadTest, public ::testing::WithParamInterface<BrokenWrite> {};

// The head of the chain dies at some point: another chain without it takes the whole content, and the counted
// progress is that of one put.
TEST_P(UploadFaultTest, GoesOnWithAnotherChain) {
  nodes_[0]->set_write_fault({.fault = GetParam().fault, .after = GetParam().after, .blames = ""});
  std::string content = test_content(15 * kMi + 3);
  int64_t told = 0;
  UploadOptions options;
  options.on_progress = [&](int64_t bytes) { told += bytes; };
  auto result = put("/f", content, options);
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_TRUE(stored(result->attributes, 1) == content);
  EXPECT_EQ(master_->last_avoid(), std::vector<std::string>{to_string(nodes_[0]->address().node)});
  EXPECT_EQ(told, static_cast<int64_t>(content.size()));
  EXPECT_EQ(master_->counts().aborts, 1);
}

INSTANTIATE_TEST_SUITE_P(Faults, UploadFaultTest,
                         ::testing::Values(BrokenWrite{"refuse", Fault::kRefuse, 0},
                                           BrokenWrite{"cut_at_once", Fault::kCut, 0},
                                           BrokenWrite{"cut_late", Fault::kCut, 9'000'000},
                                           BrokenWrite{"hang", Fault::kHang, 3'000'000},
                                           BrokenWrite{"full", Fault::kNoSpace, 0}),
                         [](const auto& chosen) { return chosen.param.name; });

TEST_F(UploadTest, GoesOnWhenTheHeadsProcessIsGone) {
  auto dead = addresses();
  nodes_.erase(nodes_.begin());
  master_->set_nodes(dead);
  auto result = put("/f", "content");
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_EQ(stored(result->attributes, 0), "content");
}

// The chain goes on naming a member that is no longer in it: then it is the head that nobody can believe.
TEST_F(UploadTest, AvoidsTheMemberThatTheChainNames) {
  std::string culprit = to_string(nodes_[2]->address().node);
  nodes_[0]->set_write_fault({.fault = Fault::kCut, .after = 0, .blames = culprit});
  ASSERT_TRUE(put("/f", "content").ok());
  EXPECT_EQ(master_->last_avoid(), (std::vector<std::string>{culprit, to_string(nodes_[0]->address().node)}));
}

TEST_F(UploadTest, SaysAtOnceThatThereIsNoRoom) {
  master_->refuse_opens(no_space("no space: every node is full"));
  auto result = put("/f", "content");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.status().reason(), Reason::kNoSpace);
  EXPECT_EQ(master_->counts().sessions, 1);
  EXPECT_FALSE(master_->exists("/f"));
}

TEST_F(UploadTest, WhatAQuotaRefusesIsAskedAgainOnlyWhereTheSizeWasAGuess) {
  master_->refuse_opens({Code::kResourceExhausted, "quota of /", Reason::kQuota});
  EXPECT_EQ(put("/f", "content").status().reason(), Reason::kQuota);
  EXPECT_EQ(master_->counts().sessions, 1);
  EndlessLookingSource guess("content");
  EXPECT_EQ(upload(client(), place("/f"), guess, {}).status().reason(), Reason::kQuota);
  EXPECT_EQ(master_->counts().sessions, 3);
}

TEST_F(UploadTest, DoesNotTryAgainWhatCannotHelp) {
  EXPECT_EQ(put("/nowhere/f", "content").status().code(), Code::kNotFound);
  ASSERT_TRUE(put("/f", "old").ok());
  UploadOptions options;
  options.no_replace = true;
  EXPECT_EQ(put("/f", "new", options).status().code(), Code::kAlreadyExists);
  EXPECT_EQ(master_->counts().sessions, 3);
}

TEST_F(UploadTest, ReportsASourceThatCannotBeRead) {
  BrokenSource source;
  auto result = upload(client(), place("/f"), source, {});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.status().message(), "the disk is broken");
  EXPECT_EQ(master_->counts().aborts, 1);
  EXPECT_FALSE(master_->exists("/f"));
}

TEST_F(UploadTest, CannotRepeatWhatCanBeReadOnce) {
  nodes_[0]->set_write_fault({.fault = Fault::kCut, .after = 0, .blames = ""});
  OnceSource source("content");
  auto result = upload(client(), place("/f"), source, {});
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.status().message().find("cannot be read again"), std::string::npos);
}

TEST_F(UploadTest, ExtendsTheSessionForContentOfUnknownSize) {
  std::string content = test_content(70 * kMi);
  EndlessLookingSource source(content);
  auto result = upload(client(), place("/f"), source, {});
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_TRUE(stored(result->attributes, 0) == content);
  EXPECT_GE(master_->counts().extensions, 1);
}

TEST_F(UploadTest, RenewsAShortLease) {
  master_->set_lease(std::chrono::milliseconds(3));
  ASSERT_TRUE(put("/f", test_content(10 * kMi)).ok());
  EXPECT_GE(master_->counts().extensions, 1);
}

TEST_F(UploadTest, CommitsOnceWhenTheMasterGoesAwayInTheMiddle) {
  master_->lose_answers(2);
  auto result = put("/f", "content");
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_EQ(master_->counts().sessions, 1);
  EXPECT_EQ(master_->counts().commits, 1);
}

TEST_F(UploadTest, SurvivesARestartOfTheMasterBetweenOpenAndCommit) {
  std::string address = master_->address();
  // The first master is gone before the commit; its successor knows nothing of the session.
  nodes_[0]->set_write_fault({.fault = Fault::kHang, .after = 0, .blames = ""});
  std::thread restart([&] {
    while (nodes_[0]->writes() == 0) std::this_thread::yield();
    master_.reset();
    master_ = std::make_unique<FakeMaster>(test_credentials(), address);
    master_->set_nodes(addresses());
  });
  auto slow = options();
  slow.deadline = std::chrono::seconds(20);
  slow.addresses = {address};
  auto client = make_client(slow);
  MemorySource source("content");
  auto result = upload(*client, place("/f"), source, {});
  restart.join();
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_EQ(stored(result->attributes, 1), "content");
}

// The chain has everything and never finishes: the put has to end in time for another try.
TEST_F(UploadTest, GoesOnWithAnotherChainWhenTheSyncHangs) {
  auto quick = options();
  quick.deadline = std::chrono::seconds(2);
  client_ = make_client(quick);
  nodes_[0]->set_write_fault({.fault = Fault::kHangAtFinish, .after = 0, .blames = ""});
  auto result = put("/f", "content");
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_EQ(stored(result->attributes, 1), "content");
}

}  // namespace
}  // namespace fsdfs::client
