#include "common/security/password.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace fsdfs {
namespace {

TEST(PasswordTest, ShortOnesAreRefusedForNewSwarms) {
  for (const char* password : {"", "hunter2", "elevenchars"}) {
    Status status = check_new_password(password);
    EXPECT_EQ(status.code(), Code::kInvalidArgument) << password;
    EXPECT_NE(status.message().find("openssl rand"), std::string::npos);
  }
  EXPECT_TRUE(check_new_password("twelve chars").ok());
}

TEST(PasswordTest, CharactersCountNotBytes) {
  std::string eleven, twelve;
  for (int i = 0; i < 11; ++i) eleven += "\xC3\xA9";
  twelve = eleven + "\xE2\x82\xAC";
  EXPECT_FALSE(check_new_password(eleven).ok());
  EXPECT_TRUE(check_new_password(twelve).ok());
}

TEST(PasswordTest, GeneratedOnesAreGoodAndDifferent) {
  std::set<std::string> seen;
  std::set<char> letters;
  for (int i = 0; i < 200; ++i) {
    std::string password = generate_password();
    EXPECT_EQ(password.size(), 29U);
    EXPECT_EQ(std::count(password.begin(), password.end(), '-'), 4);
    EXPECT_TRUE(check_new_password(password).ok());
    letters.insert(password.begin(), password.end());
    seen.insert(password);
  }
  EXPECT_EQ(seen.size(), 200U);
  EXPECT_EQ(letters.size(), 32U);  // 31 and the dash
}

}  // namespace
}  // namespace fsdfs
