#include "client/cli/interrupt.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <future>

namespace fsdfs::client {
namespace {

TEST(InterruptWatch, TakesUpTheFirstSignal) {
  std::promise<void> told;
  InterruptWatch watch([&] { told.set_value(); });
  EXPECT_FALSE(watch.interrupted());
  ::kill(::getpid(), SIGINT);
  ASSERT_EQ(told.get_future().wait_for(std::chrono::seconds(20)), std::future_status::ready);
  EXPECT_TRUE(watch.interrupted());
}

TEST(InterruptWatch, APipeThatNobodyReadsIsAnInterrupt) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  std::promise<void> told;
  InterruptWatch watch([&] { told.set_value(); }, ends[1]);
  auto future = told.get_future();
  EXPECT_EQ(future.wait_for(std::chrono::milliseconds(0)), std::future_status::timeout);
  ::close(ends[0]);
  ASSERT_EQ(future.wait_for(std::chrono::seconds(20)), std::future_status::ready);
  EXPECT_TRUE(watch.interrupted());
  ::close(ends[1]);
}

TEST(InterruptWatch, PutsTheOldStateBack) {
  sigset_t before, after;
  pthread_sigmask(SIG_SETMASK, nullptr, &before);
  {
    InterruptWatch watch([] {});
  }
  pthread_sigmask(SIG_SETMASK, nullptr, &after);
  EXPECT_EQ(sigismember(&before, SIGINT), sigismember(&after, SIGINT));
  EXPECT_EQ(sigismember(&after, SIGINT), 0);
}

TEST(InterruptWatchDeathTest, EndsTheProcessAtTheSecondSignal) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        std::promise<void> first;
        InterruptWatch watch([&] { first.set_value(); });
        ::kill(::getpid(), SIGTERM);
        first.get_future().wait();
        ::kill(::getpid(), SIGTERM);
        std::promise<void>().get_future().wait();
      },
      ::testing::ExitedWithCode(128 + SIGTERM), "");
}

}  // namespace
}  // namespace fsdfs::client
