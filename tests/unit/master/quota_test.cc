#include "master/namespace/quota.h"

#include <random>
#include <thread>

#include "put_fixture.h"

namespace fsdfs::master {
namespace {

using ::testing::HasSubstr;

class QuotaTest : public PutFixture {
 protected:
  using Limit = std::optional<uint64_t>;

  Result<Quota> set(const std::string& path, const QuotaChange& change) {
    return make<Quota>(
        [&](WriteTransaction& transaction) { return set_quota(transaction, at(path), change); });
  }
  void limit(const std::string& path, Limit bytes, Limit files = std::nullopt) {
    auto quota = set(path, {bytes, files});
    ASSERT_TRUE(quota.ok()) << quota.status().to_string();
  }
  Usage used(const std::string& path) {
    auto quota = find_quota(*view(), at(path));
    EXPECT_TRUE(quota.ok()) << quota.status().to_string();
    if (!quota.ok()) return {};
    return {quota->record.bytes_used, quota->record.files_used};
  }
  static void expect_refused(const Status& status, const std::string& what) {
    EXPECT_EQ(status.code(), Code::kResourceExhausted) << status.to_string();
    EXPECT_EQ(status.reason(), Reason::kQuota);
    EXPECT_THAT(status.message(), HasSubstr(what));
  }
  static std::string bytes(size_t count) { return std::string(count, 'x'); }
};

TEST_F(QuotaTest, SettingCountsWhatIsThere) {
  mkdir("/a/b");
  put("/a/f", bytes(10));
  put("/a/b/g", bytes(20));
  put("/other", bytes(40));
  auto quota = set("/a", {Limit(100), std::nullopt});
  ASSERT_TRUE(quota.ok()) << quota.status().to_string();
  EXPECT_EQ(quota->path, "/a");
  EXPECT_EQ(quota->record.bytes_limit, 100u);
  EXPECT_EQ(quota->record.files_limit, std::nullopt);
  EXPECT_EQ(used("/a"), (Usage{30, 2}));
  limit("/", Limit(1000));
  EXPECT_EQ(used("/"), (Usage{70, 3}));
}

TEST_F(QuotaTest, OneLimitChangesWithoutTheOther) {
  mkdir("/a");
  limit("/a", Limit(5), Limit(6));
  ASSERT_TRUE(set("/a", {std::nullopt, Limit(7)}).ok());
  auto record = find_quota(*view(), at("/a"))->record;
  EXPECT_EQ(record.bytes_limit, 5u);
  EXPECT_EQ(record.files_limit, 7u);
  ASSERT_TRUE(set("/a", {Limit(std::nullopt), std::nullopt}).ok());
  EXPECT_EQ(find_quota(*view(), at("/a"))->record.bytes_limit, std::nullopt);
}

TEST_F(QuotaTest, ItIsADirectorys) {
  put("/f", "x");
  mkdir("/a");
  EXPECT_EQ(set("/f", {Limit(1), std::nullopt}).status().reason(), Reason::kNotDirectory);
  EXPECT_EQ(set("/none", {Limit(1), std::nullopt}).status().code(), Code::kNotFound);
  Status none = find_quota(*view(), at("/a")).status();
  EXPECT_EQ(none.code(), Code::kFailedPrecondition);
  EXPECT_THAT(none.message(), HasSubstr("/a"));
}

TEST_F(QuotaTest, PutsAreRefusedByBytesAndByFiles) {
  mkdir("/a/b");
  limit("/a", Limit(100), Limit(2));
  put("/a/f", bytes(60));
  expect_refused(try_put("/a/b/g", bytes(41)).status(),
                 "quota of /a: 100 B allowed, 60 B used, this needs 41 B");
  EXPECT_EQ(look("/a/b/g").status().code(), Code::kNotFound);
  EXPECT_EQ(used("/a"), (Usage{60, 1}));
  put("/a/b/g", bytes(40));
  expect_refused(try_put("/a/h", "").status(), "quota of /a: 2 files allowed, 2 are there");
  put("/h", bytes(1000));
  EXPECT_EQ(used("/a"), (Usage{100, 2}));
}

TEST_F(QuotaTest, ANewVersionCountsByWhatItAdds) {
  mkdir("/a");
  limit("/a", Limit(100), Limit(1));
  put("/a/f", bytes(90));
  put("/a/f", bytes(100));
  expect_refused(try_put("/a/f", bytes(101)).status(), "this needs 1 B");
  put("/a/f", bytes(30));
  EXPECT_EQ(used("/a"), (Usage{30, 1}));
}

TEST_F(QuotaTest, AllQuotasAboveApply) {
  mkdir("/a/b/c");
  limit("/", Limit(100));
  limit("/a", Limit(50));
  limit("/a/b", Limit(1000));
  expect_refused(try_put("/a/b/c/f", bytes(51)).status(), "quota of /a: ");
  put("/g", bytes(60));
  expect_refused(try_put("/a/b/c/f", bytes(50)).status(), "quota of /: ");
  put("/a/b/c/f", bytes(40));
  EXPECT_EQ(used("/"), (Usage{100, 2}));
  EXPECT_EQ(used("/a"), (Usage{40, 1}));
  EXPECT_EQ(used("/a/b"), (Usage{40, 1}));
}

TEST_F(QuotaTest, OpensAndExtensionsAreRefusedEarly) {
  mkdir("/a");
  limit("/a", Limit(100), Limit(2));
  put("/a/f", bytes(50));
  OpenRequest request;
  request.path = at("/a/g");
  request.size = 51;
  expect_refused(plan_session(*view(), request, Policy{}).status(), "quota of /a");
  request.size = 50;
  EXPECT_TRUE(plan_session(*view(), request, Policy{}).ok());
  request.path = at("/a/f");
  request.size = 100;
  EXPECT_TRUE(plan_session(*view(), request, Policy{}).ok()) << "a new version of 50 bytes more";
  auto session = open_put("/a/g", 10);
  ASSERT_TRUE(session.ok());
  expect_refused(check_session_size(*view(), *session, 51), "quota of /a");
  EXPECT_TRUE(check_session_size(*view(), *session, 50).ok());
  auto extend = [&](uint64_t size) {
    return write([&](WriteTransaction& transaction) {
      return extend_session(transaction, session->id, size).status();
    });
  };
  expect_refused(extend(51), "quota of /a");
  EXPECT_TRUE(extend(50).ok());
}

TEST_F(QuotaTest, TwoCommitsAtOnceNeverExceedIt) {
  mkdir("/a");
  limit("/a", Limit(100));
  std::vector<SessionRecord> sessions;
  for (int i = 0; i < 8; ++i) {
    auto session = open_put("/a/" + std::to_string(i), 30);
    ASSERT_TRUE(session.ok()) << "nothing is used yet";
    sessions.push_back(*session);
  }
  std::atomic<int> committed{0};
  std::vector<std::thread> threads;
  for (const SessionRecord& session : sessions) {
    threads.emplace_back([&, session] {
      auto outcome = commit(session, bytes(30));
      if (outcome.ok()) {
        ++committed;
      } else {
        expect_refused(outcome.status(), "quota of /a: 100 B allowed, 90 B used, this needs 30 B");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(committed, 3);
  EXPECT_EQ(used("/a"), (Usage{90, 3}));
}

TEST_F(QuotaTest, RemovalFreesAndRestoreChargesAgain) {
  mkdir("/a");
  limit("/a", Limit(100));
  put("/a/f", bytes(80));
  ASSERT_TRUE(drop("/a/f").ok());
  EXPECT_EQ(used("/a"), (Usage{0, 0}));
  put("/a/g", bytes(30));
  expect_refused(restore("/a/f").status(), "quota of /a");
  EXPECT_EQ(look("/a/f").status().code(), Code::kNotFound);
  ASSERT_TRUE(restore("/a/f", "/f").ok());
  EXPECT_EQ(used("/a"), (Usage{30, 1}));
}

TEST_F(QuotaTest, MovesAcrossAreChargedAndWithinAreNot) {
  mkdir("/a/x");
  mkdir("/b/y");
  limit("/", Limit(70));
  limit("/a", Limit(70), Limit(3));
  limit("/b", Limit(50));
  put("/a/f", bytes(10));
  put("/a/x/g", bytes(20));
  put("/a/x/h", bytes(25));
  ASSERT_TRUE(move("/a/f", "/b/y/f").ok());
  EXPECT_EQ(used("/a"), (Usage{45, 2}));
  EXPECT_EQ(used("/b"), (Usage{10, 1}));
  EXPECT_EQ(used("/"), (Usage{55, 3})) << "what holds both is not touched";
  expect_refused(move("/a/x", "/b/x"), "quota of /b: 50 B allowed, 10 B used, this needs 45 B");
  EXPECT_TRUE(look("/a/x").ok());
  ASSERT_TRUE(move("/b/y/f", "/f").ok());
  ASSERT_TRUE(move("/a/x", "/b/x").ok()) << "a directory with all that is in it";
  EXPECT_EQ(used("/a"), (Usage{0, 0}));
  EXPECT_EQ(used("/b"), (Usage{45, 2}));
  ASSERT_TRUE(move("/f", "/a/f").ok());
  RenameFlags exchange;
  exchange.exchange = true;
  ASSERT_TRUE(move("/a/f", "/b/x", exchange).ok());
  EXPECT_EQ(used("/a"), (Usage{45, 2}));
  EXPECT_EQ(used("/b"), (Usage{10, 1}));
}

TEST_F(QuotaTest, AMoveThatReplacesCountsBoth) {
  mkdir("/a");
  limit("/a", Limit(50), Limit(1));
  put("/a/f", bytes(40));
  put("/g", bytes(45));
  ASSERT_TRUE(move("/g", "/a/f").ok());
  EXPECT_EQ(used("/a"), (Usage{45, 1}));
}

TEST_F(QuotaTest, AQuotaMovesWithItsDirectory) {
  mkdir("/a/b");
  mkdir("/c");
  limit("/a/b", Limit(100));
  limit("/c", Limit(30));
  put("/a/b/f", bytes(20));
  ASSERT_TRUE(move("/a/b", "/c/b").ok());
  EXPECT_EQ(used("/c/b"), (Usage{20, 1}));
  EXPECT_EQ(used("/c"), (Usage{20, 1}));
  expect_refused(try_put("/c/b/g", bytes(11)).status(), "quota of /c: ");
}

TEST_F(QuotaTest, AboveItsLimitItStillLetsGoAndMoveWithin) {
  mkdir("/a/b");
  put("/a/f", bytes(50));
  put("/a/g", bytes(50));
  limit("/a", Limit(60), Limit(1));
  ASSERT_TRUE(move("/a/f", "/a/b/f").ok());
  put("/a/g", bytes(40));
  expect_refused(try_put("/a/g", bytes(41)).status(), "quota of /a");
  ASSERT_TRUE(drop("/a/g").ok());
  EXPECT_EQ(used("/a"), (Usage{50, 1}));
}

TEST_F(QuotaTest, ItEndsWithItsDirectory) {
  Inode a = mkdir("/a");
  limit("/a", Limit(10));
  ASSERT_TRUE(drop("/a").ok());
  EXPECT_FALSE((*view()->quota(a.id)).has_value());
  EXPECT_FALSE(*view()->any_quota());
  mkdir("/a");
  put("/a/f", bytes(11));
}

TEST_F(QuotaTest, WithoutItNothingIsRefused) {
  mkdir("/a");
  limit("/a", Limit(10));
  ASSERT_TRUE(write([&](WriteTransaction& transaction) {
                return remove_quota(transaction, at("/a")).status();
              }).ok());
  put("/a/f", bytes(11));
  EXPECT_EQ(write([&](WriteTransaction& transaction) {
              return remove_quota(transaction, at("/a")).status();
            }).code(),
            Code::kFailedPrecondition);
}

TEST_F(QuotaTest, ARemovedDirectoryRefusesNoOtherSession) {
  mkdir("/a");
  limit("/", Limit(100));
  auto session = open_put("/a/f", 10);
  ASSERT_TRUE(drop("/a").ok());
  EXPECT_EQ(commit(*session, bytes(10)).status().code(), Code::kNotFound);
  EXPECT_EQ(used("/"), (Usage{0, 0}));
}

// Every quota's use is what a recount says, whatever happened.
TEST_F(QuotaTest, UsageStaysRight) {
  const uint32_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::minstd_rand random(seed);
  const std::vector<std::string> directories = {"/a", "/a/b", "/a/b/c", "/d", "/d/e"};
  auto any_path = [&] {
    std::string file = "/f" + std::to_string(random() % 4);
    size_t pick = random() % (directories.size() + 1);
    return pick == directories.size() ? file : directories[pick] + file;
  };
  for (const std::string& directory : directories) mkdir(directory);
  limit("/", Limit(600), Limit(18));
  limit("/a", Limit(300), Limit(9));
  limit("/a/b", Limit(200));
  limit("/d/e", Limit(100));
  int refused = 0;
  for (int step = 0; step < 400; ++step) {
    Status status;
    switch (random() % 6) {
      case 0:
      case 1:
        status = try_put(any_path(), bytes(random() % 90)).status();
        break;
      case 2:
        status = drop(any_path(), random() % 2 == 0 ? LastName::kTrash : LastName::kEnds);
        break;
      case 3:
        status = restore(any_path()).status();
        break;
      case 4:
        status = move(any_path(), any_path(), {false, random() % 3 == 0});
        break;
      case 5: {
        const std::string& from = directories[random() % directories.size()];
        const std::string to = random() % 2 == 0 ? "/d/e/moved" : "/a/b/moved";
        status = move(from, to);
        if (status.ok()) {
          EXPECT_TRUE(move(to, from).ok());
        }
        break;
      }
    }
    if (status.reason() == Reason::kQuota) ++refused;
    EXPECT_NE(status.code(), Code::kDataLoss) << status.to_string();
  }
  auto quotas = view()->quotas(InodeId{}, 100);
  ASSERT_EQ(quotas->size(), 4u);
  for (const QuotaRecord& quota : *quotas) {
    EXPECT_EQ((Usage{quota.bytes_used, quota.files_used}), *view()->usage_below(quota.directory));
    if (quota.bytes_limit) {
      EXPECT_LE(quota.bytes_used, *quota.bytes_limit);
    }
    if (quota.files_limit) {
      EXPECT_LE(quota.files_used, *quota.files_limit);
    }
  }
  EXPECT_GT(refused, 0);
}

TEST_F(QuotaTest, SurvivesARestart) {
  mkdir("/a");
  limit("/a", Limit(100));
  put("/a/f", bytes(60));
  reopen();
  EXPECT_EQ(used("/a"), (Usage{60, 1}));
  expect_refused(try_put("/a/g", bytes(41)).status(), "quota of /a");
}

}  // namespace
}  // namespace fsdfs::master
