#include "client/cli/session.h"

#include <gtest/gtest.h>

#include <sstream>

namespace fsdfs::client {
namespace {

class SessionTest : public ::testing::Test {
 protected:
  std::ostringstream out_, err_;
  SystemClock clock_;
  NullLogger logger_;
  Session session_{"put",   {.out = out_, .err = err_, .in_descriptor = -1, .out_descriptor = -1},
                   false,   clock_,
                   logger_, [] { return Result<ClientOptions>(permission_denied("not allowed")); }};
};

TEST_F(SessionTest, NamesCommandOperandAndFault) {
  session_.fail("/a/b", no_space("no space: the swarm is full"));
  session_.fail("", not_found("no such directory: /x"));
  session_.fail("/c\n", not_found("no such file or directory: /c\\n"));
  session_.warn("something");
  EXPECT_EQ(err_.str(),
            "fsdfs: put: /a/b: no space: the swarm is full\n"
            "fsdfs: put: no such directory: /x\n"
            "fsdfs: put: /c\\n: no such file or directory\n"
            "fsdfs: put: warning: something\n");
}

TEST_F(SessionTest, ExitsWithTheCommonCodeOfAllFailures) {
  EXPECT_EQ(session_.exit_code(), 0);
  session_.warn("nothing");
  EXPECT_EQ(session_.exit_code(), 0);
  session_.fail("/a", not_found("x"));
  session_.fail("/b", not_found("x"));
  EXPECT_EQ(session_.exit_code(), 5);
  session_.fail("/c", permission_denied("x"));
  EXPECT_EQ(session_.exit_code(), 1);
  session_.fail("/c", permission_denied("x"));
  EXPECT_EQ(session_.exit_code(), 1);
}

TEST_F(SessionTest, TakesTheTransientLineAwayBeforeSayingAnything) {
  session_.show("50%");
  session_.show("51%");
  session_.say("said");
  session_.say("more");
  session_.show("52%");
  session_.show("");
  EXPECT_EQ(err_.str(), "50%\r\033[K51%\r\033[Ksaid\nmore\n52%\r\033[K");
}

TEST_F(SessionTest, SaysWhyThereIsNoClient) {
  auto client = session_.client();
  ASSERT_FALSE(client.ok());
  EXPECT_EQ(client.status().message(), "not allowed");
}

}  // namespace
}  // namespace fsdfs::client
