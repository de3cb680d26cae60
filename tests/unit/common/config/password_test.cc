#include "common/config/password.h"

#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>

#include "tests/unit/common/temp_directory.h"

namespace fsdfs {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class PasswordTest : public ::testing::Test {
 protected:
  std::string file(const std::string& name, const std::string& bytes, mode_t mode = 0600) {
    std::ofstream(directory_ / name) << bytes;
    EXPECT_EQ(::chmod((directory_ / name).c_str(), mode), 0);
    return directory_ / name;
  }
  Result<Password> find() { return find_password(flags_, environment_, settings_, config_file_); }
  std::string failure() { return find().status().message(); }

  TempDirectory directory_;
  PasswordFlags flags_;
  std::map<std::string, std::string> variables_;
  Environment environment_ = [this](const std::string& name) -> std::optional<std::string> {
    auto found = variables_.find(name);
    if (found == variables_.end()) return std::nullopt;
    return found->second;
  };
  PasswordSettings settings_;
  std::string config_file_;
};

TEST_F(PasswordTest, TheStrongestLevelWins) {
  settings_.password = "from settings";
  EXPECT_EQ(find()->text, "from settings");
  variables_["FSDFS_SWARM_PASSWORD"] = "from environment";
  EXPECT_EQ(find()->text, "from environment");
  EXPECT_EQ(find()->origin, "FSDFS_SWARM_PASSWORD");
  flags_.password_file = file("p", "from file\n");
  EXPECT_EQ(find()->text, "from file");
  EXPECT_EQ(find()->origin, "--swarm-password-file " + directory_ / "p");
  flags_ = {.password = "from flag", .password_file = std::nullopt};
  EXPECT_EQ(find()->text, "from flag");
}

TEST_F(PasswordTest, FilesOnEveryLevel) {
  settings_.password_file = file("s", "s");
  EXPECT_EQ(find()->text, "s");
  variables_["FSDFS_SWARM_PASSWORD_FILE"] = file("e", "e");
  EXPECT_EQ(find()->text, "e");
}

TEST_F(PasswordTest, OneLineBreakIsDropped) {
  const std::pair<std::string, std::string> cases[] = {{"word\n", "word"},
                                                       {"word\r\n", "word"},
                                                       {"word\n\n", "word\n"},
                                                       {" word ", " word "},
                                                       {"word\r", "word\r"}};
  for (const auto& [bytes, text] : cases) {
    flags_.password_file = file("p", bytes);
    EXPECT_EQ(find()->text, text);
  }
}

TEST_F(PasswordTest, TwoSourcesOnOneLevelAreRefused) {
  flags_ = {.password = "hunter2", .password_file = file("p", "hunter2")};
  EXPECT_THAT(failure(),
              AllOf(HasSubstr("--swarm-password and --swarm-password-file"), Not(HasSubstr("hunter"))));
  flags_ = {};
  variables_ = {{"FSDFS_SWARM_PASSWORD", "a"}, {"FSDFS_SWARM_PASSWORD_FILE", "b"}};
  EXPECT_THAT(failure(), HasSubstr("FSDFS_SWARM_PASSWORD and FSDFS_SWARM_PASSWORD_FILE"));
  variables_.clear();
  settings_ = {.password = "a", .password_file = "b"};
  EXPECT_THAT(failure(), HasSubstr("swarm_password_file are both given"));
}

TEST_F(PasswordTest, FaultsNameTheFileAndTheWays) {
  EXPECT_THAT(failure(), AllOf(HasSubstr("--swarm-password-file"), HasSubstr("FSDFS_SWARM_PASSWORD_FILE"),
                               HasSubstr("FSDFS_SWARM_PASSWORD"), HasSubstr("/etc/fsdfs/fsdfs.yaml")));
  for (const char* empty : {"", "\n", "\r\n"}) {
    flags_.password_file = file("p", empty);
    EXPECT_THAT(failure(), AllOf(HasSubstr(directory_ / "p"), HasSubstr("empty")));
  }
  flags_.password_file = directory_ / "none";
  EXPECT_THAT(failure(), HasSubstr(directory_ / "none"));
  EXPECT_EQ(find().status().code(), Code::kInvalidArgument);
  flags_.password_file = file("p", std::string(kPasswordBytesMax + 1, 'x'));
  EXPECT_THAT(failure(), HasSubstr(directory_ / "p"));
  flags_ = {.password = "", .password_file = std::nullopt};
  EXPECT_THAT(failure(), HasSubstr("--swarm-password: the password is empty"));
}

TEST_F(PasswordTest, FilesThatOthersReadAreWarnedOf) {
  for (mode_t mode : {0600, 0640, 0400}) {
    flags_.password_file = file("p", "word", mode);
    EXPECT_THAT(find()->warnings, IsEmpty()) << mode;
  }
  for (mode_t mode : {0604, 0644, 0602}) {
    flags_.password_file = file("p", "word", mode);
    EXPECT_THAT(find()->warnings, ElementsAre(AllOf(HasSubstr(directory_ / "p"), HasSubstr("chmod 600"))));
  }
  flags_ = {};
  settings_.password = "word";
  config_file_ = file("fsdfs.yaml", "", 0644);
  EXPECT_THAT(find()->warnings, ElementsAre(HasSubstr(config_file_)));
  config_file_ = file("fsdfs.yaml", "", 0600);
  EXPECT_THAT(find()->warnings, IsEmpty());
}

TEST_F(PasswordTest, TheSettingsAreDeclared) {
  SettingsRegistry registry;
  declare(registry, settings_);
  ASSERT_TRUE(registry.assign("swarm_password=hunter2").ok());
  EXPECT_EQ(find()->text, "hunter2");
  EXPECT_EQ(registry.find("swarm_password")->current_text(), "(hidden)");
  EXPECT_NE(registry.find("swarm_password_file"), nullptr);
}

TEST(ScrubArgument, OverwritesBothForms) {
  char program[] = "fsdfsd";
  char flag[] = "--swarm-password";
  char value[] = "hunter2";
  char joined[] = "--swarm-password=hunter3";
  char other[] = "--swarm-password-file=kept";
  char last[] = "--swarm-password";
  char* argv[] = {program, flag, value, joined, other, last, nullptr};
  scrub_argument(6, argv, "--swarm-password");
  EXPECT_EQ(std::string(value, sizeof value), std::string(sizeof value, '\0'));
  EXPECT_EQ(std::string(joined, sizeof joined), "--swarm-password=" + std::string(8, '\0'));
  EXPECT_STREQ(other, "--swarm-password-file=kept");
  EXPECT_STREQ(flag, "--swarm-password");
  EXPECT_STREQ(last, "--swarm-password");
}

std::string content(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// The program's own name stands in for a password: it is in the same memory as all arguments.
TEST(ScrubArgument, ReachesWhatOtherProcessesSee) {
  char* real_argument = program_invocation_name;
  const std::string before = real_argument;
  if (content("/proc/self/cmdline").find(before) != 0) GTEST_SKIP() << "no /proc here";
  char flag[] = "--swarm-password";
  char* argv[] = {flag, flag, real_argument, nullptr};
  scrub_argument(3, argv, "--swarm-password");
  const std::string after = content("/proc/self/cmdline");
  std::memcpy(real_argument, before.data(), before.size());
  EXPECT_EQ(after.find(before), std::string::npos);
  EXPECT_EQ(content("/proc/self/cmdline").find(before), 0u);
}

TEST(ScrubEnvironment, RemovesThePasswordAndItsBytes) {
  ASSERT_EQ(::setenv("FSDFS_SWARM_PASSWORD", "hunter2", 1), 0);
  const char* value = std::getenv("FSDFS_SWARM_PASSWORD");
  scrub_password_environment();
  EXPECT_EQ(std::getenv("FSDFS_SWARM_PASSWORD"), nullptr);
  EXPECT_STREQ(value, "");
  scrub_password_environment();
}

}  // namespace
}  // namespace fsdfs
