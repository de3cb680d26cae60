#include "fuse/background.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

namespace fsdfs::fuse {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Only the parent returns from here; the child does `work` and ends.
template <typename Work>
Background split(Work work) {
  auto background = Background::split();
  if (!background.ok()) {
    ADD_FAILURE() << background.status().to_string();
    std::abort();
  }
  if (background->in_parent()) return std::move(*background);
  work(*background);
  std::_Exit(7);
}

TEST(Background, TheParentHearsThatAllIsWell) {
  auto background = split([](Background& child) { child.report({}); });
  EXPECT_TRUE(background.wait(seconds(20)).ok());
}

TEST(Background, TheParentHearsWhyTheStartFailed) {
  Status status(Code::kPermissionDenied, "not allowed:\ntwo lines", Reason::kWrongPassword);
  auto background = split([&](Background& child) {
    child.report(status);
    child.report({});  // only the first counts
  });
  EXPECT_EQ(background.wait(seconds(20)), status);
}

TEST(Background, AChildThatEndsWithoutAWordIsReported) {
  auto background = split([](Background&) {});
  Status status = background.wait(seconds(20));
  EXPECT_EQ(status.code(), Code::kInternal);
  EXPECT_NE(status.message().find("code 7"), std::string::npos) << status.message();
}

TEST(Background, AChildThatIsKilledIsReported) {
  auto background = split([](Background&) { ::raise(SIGKILL); });
  Status status = background.wait(seconds(20));
  EXPECT_NE(status.message().find("signal 9"), std::string::npos) << status.message();
}

TEST(Background, AChildThatSaysNothingIsNotWaitedForForEver) {
  auto background = split([](Background&) { ::pause(); });
  EXPECT_EQ(background.wait(milliseconds(50)).code(), Code::kDeadlineExceeded);
  int state = 0;
  ASSERT_EQ(::waitpid(background.child(), &state, 0), background.child());
  EXPECT_TRUE(WIFSIGNALED(state));
}

TEST(Background, TheChildGoesOnWithoutATerminal) {
  auto background = split([](Background& child) {
    bool own_session = ::getsid(0) == ::getpid();
    child.report({});
    char here[64] = {};
    bool at_root = ::getcwd(here, sizeof here) != nullptr && std::string_view(here) == "/";
    std::_Exit(own_session && at_root && ::isatty(0) == 0 ? 0 : 1);
  });
  EXPECT_TRUE(background.wait(seconds(20)).ok());
  int state = 0;
  ASSERT_EQ(::waitpid(background.child(), &state, 0), background.child());
  EXPECT_EQ(WEXITSTATUS(state), 0);
}

}  // namespace
}  // namespace fsdfs::fuse
