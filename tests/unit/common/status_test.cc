#include "common/status.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace fsdfs {
namespace {

TEST(Status, ErrnoSurvivesTheRoundTrip) {
  for (int error : {ENOENT, EEXIST, ENOSPC, ENOTEMPTY, EISDIR, ENOTDIR, ENAMETOOLONG, EROFS, EINVAL, EIO}) {
    EXPECT_EQ(errno_from_status(status_from_errno(error, "x")), error);
  }
}

TEST(Status, MessageNamesTheThing) {
  Status status = status_from_errno(ENOENT, "open /a/b");
  EXPECT_EQ(status.to_string(), "NOT_FOUND: open /a/b: No such file or directory");
  EXPECT_EQ(status.with_context("import").message(), "import: open /a/b: No such file or directory");
}

TEST(Status, ExitCodesAreTheDocumentedOnes) {
  EXPECT_EQ(exit_code_from_status(Status()), 0);
  EXPECT_EQ(exit_code_from_status(internal_error("x")), 1);
  EXPECT_EQ(exit_code_from_status(unavailable("x")), 3);
  EXPECT_EQ(exit_code_from_status(permission_denied("x", Reason::kWrongPassword)), 4);
  EXPECT_EQ(exit_code_from_status(not_found("x")), 5);
}

Result<int> half(int n) {
  if (n % 2 != 0) return invalid_argument("odd");
  return n / 2;
}

Result<int> quarter(int n) {
  FSDFS_ASSIGN(int h, half(n));
  FSDFS_ASSIGN(int q, half(h));
  return q;
}

TEST(Result, AssignReturnsTheFirstFailure) {
  EXPECT_EQ(quarter(8).value(), 2);
  EXPECT_EQ(quarter(6).status().message(), "odd");
}

}  // namespace
}  // namespace fsdfs
