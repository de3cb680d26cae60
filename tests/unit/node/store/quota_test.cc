#include "node/store/quota.h"

#include <gtest/gtest.h>

#include <random>
#include <thread>
#include <vector>

#include "tests/unit/node/store_fixture.h"

namespace fsdfs::node {
namespace {

TEST(QuotaTest, TheLastByteFitsAndNotOneMore) {
  QuotaLedger ledger("n1", 100);
  auto first = ledger.reserve(60);
  ASSERT_TRUE(ok(first));
  auto second = ledger.reserve(41);
  EXPECT_EQ(second.status().reason(), Reason::kNoSpace);
  for (const char* part : {"n1", "100", "40", "41"}) {
    EXPECT_NE(second.status().message().find(part), std::string::npos) << part;
  }
  auto third = ledger.reserve(40);
  ASSERT_TRUE(ok(third));
  EXPECT_EQ(ledger.used(), 100U);
  EXPECT_EQ(ledger.reserve(1).status().reason(), Reason::kNoSpace);
  EXPECT_TRUE(ok(ledger.reserve(0)));
}

TEST(QuotaTest, WhatIsKeptStaysAndTheRestComesBack) {
  QuotaLedger ledger("n1", 100);
  auto reservation = ledger.reserve(60);
  ASSERT_TRUE(ok(reservation));
  EXPECT_TRUE(ok(reservation->grow_to(100)));
  EXPECT_EQ(reservation->grow_to(101).reason(), Reason::kNoSpace);
  EXPECT_EQ(reservation->bytes(), 100U);
  reservation->keep(30);
  EXPECT_EQ(ledger.used(), 30U);
  EXPECT_EQ(ledger.reserved(), 0U);
  reservation->release();
  EXPECT_EQ(ledger.used(), 30U);
  ledger.remove_held(30);
  EXPECT_EQ(ledger.used(), 0U);
}

TEST(QuotaTest, ALoweredQuotaTakesNothingNew) {
  QuotaLedger ledger("n1", 100);
  ledger.add_held(250);
  EXPECT_EQ(ledger.used(), 250U);
  EXPECT_EQ(ledger.reserve(1).status().reason(), Reason::kNoSpace);
  ledger.remove_held(200);
  EXPECT_TRUE(ok(ledger.reserve(50)));
}

TEST(QuotaTest, ManyThreadsNeverExceedIt) {
  constexpr uint64_t kQuota = 1000;
  QuotaLedger ledger("n1", kQuota);
  std::atomic<bool> exceeded{false};
  std::vector<std::thread> threads;
  for (unsigned seed = 1; seed <= 4; ++seed) {
    threads.emplace_back([&, seed] {
      std::minstd_rand random(seed);
      for (int i = 0; i < 5000; ++i) {
        auto reservation = ledger.reserve(random() % 400);
        if (ledger.used() > kQuota) exceeded = true;
        if (!reservation.ok()) continue;
        uint64_t kept = random() % (reservation->bytes() + 1);
        reservation->keep(kept);
        ledger.remove_held(kept);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(exceeded);
  EXPECT_EQ(ledger.used(), 0U);
}

}  // namespace
}  // namespace fsdfs::node
