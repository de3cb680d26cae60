#include "common/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "tests/unit/common/temp_directory.h"

namespace fsdfs {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

std::string content(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST(Logger, FormatsWhatItsLevelLetsThrough) {
  MemoryLogger logger(LogLevel::kWarning);
  logger.info("not seen: {}", 1);
  logger.warning("disk {} is {:.1f}% full", "/d", 93.25);
  logger.log(LogLevel::kError, std::string("braces {} stay"));
  EXPECT_THAT(logger.lines(), ElementsAre("warning: disk /d is 93.2% full", "error: braces {} stay"));
  logger.set_level(LogLevel::kDebug);
  logger.debug("now seen");
  EXPECT_TRUE(logger.contains("now seen"));
  EXPECT_FALSE(NullLogger().enabled(LogLevel::kError));
}

TEST(Logger, LevelsHaveNames) {
  EXPECT_EQ(parse_log_level("warning").value(), LogLevel::kWarning);
  EXPECT_EQ(log_level_name(LogLevel::kOff), "off");
  EXPECT_THAT(parse_log_level("loud").status().message(),
              HasSubstr("trace, debug, info, warning, error, off"));
}

TEST(Logger, TheFileHasStampedLinesThatNamesCannotForge) {
  TempDirectory directory;
  LogOptions options;
  options.to_stderr = false;
  options.file = directory / "fsdfs.log";
  auto logger = open_logger(options);
  ASSERT_TRUE(logger.ok());
  (*logger)->info("took {}", "a\nb\x1b[0m");
  (*logger)->debug("below the level");
  EXPECT_THAT(content(options.file),
              MatchesRegex("....-..-..T..:..:..\\....Z info took a\\\\nb\\\\x1b\\[0m\n"));
}

TEST(Logger, AFileThatCannotBeOpenedIsNamed) {
  TempDirectory directory;
  LogOptions options;
  options.file = (directory / "a-file") + "/log";
  std::ofstream(directory / "a-file") << "x";
  auto logger = open_logger(options);
  ASSERT_FALSE(logger.ok());
  EXPECT_THAT(logger.status().message(), HasSubstr(options.file));
}

TEST(RateLimitedLog, SaysAKeyOnceInItsIntervalAndCountsTheRest) {
  MemoryLogger logger;
  ManualClock clock;
  RateLimitedLog limited(logger, clock);
  for (int i = 0; i < 5; ++i) limited.warning("/d1", "slow: {}", i);
  limited.warning("/d2", "slow too");
  clock.advance(999ms);
  limited.warning("/d1", "still");
  clock.advance(1ms);
  limited.warning("/d1", "again");
  clock.advance(1s);
  limited.warning("/d1", "later");
  EXPECT_THAT(logger.lines(),
              ElementsAre("warning: slow: 0", "warning: slow too",
                          "warning: again (5 more like it since the last)", "warning: later"));
}

TEST(RateLimitedLog, RemembersABoundedNumberOfKeys) {
  MemoryLogger logger;
  ManualClock clock;
  RateLimitedLog limited(logger, clock, 1h);
  limited.info("oldest", "first");
  for (size_t i = 0; i < RateLimitedLog::kKeysMax; ++i) {
    clock.advance(1ms);
    limited.info(std::to_string(i), "other");
  }
  limited.info("oldest", "forgotten, so said again");
  limited.info(std::to_string(RateLimitedLog::kKeysMax - 1), "remembered");
  EXPECT_TRUE(logger.contains("forgotten, so said again"));
  EXPECT_FALSE(logger.contains("remembered"));
}

}  // namespace
}  // namespace fsdfs
