#include "master/policy/glob.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace fsdfs::master {
namespace {

using ::testing::HasSubstr;

struct GlobCase {
  std::string pattern;
  std::string path;
  bool matches;
};

TEST(Glob, MatchesWhatItSays) {
  const GlobCase cases[] = {
      {"/a", "/a", true},
      {"/a", "/b", false},
      {"/a", "/a/b", false},
      {"/*", "/a", true},
      {"/*", "/a/b", false},
      {"/*.mp3", "/a.mp3", true},
      {"/*.mp3", "/.mp3", true},
      {"/*.mp3", "/a.mp4", false},
      {"/a*b*c", "/axbxxc", true},
      {"/a*b*c", "/abxcbc", true},
      {"/a*b*c", "/abxcb", false},
      {"/a?c", "/abc", true},
      {"/a?c", "/ac", false},
      {"/a?c",
       "/a\xC3\xA4"
       "c",
       true},
      {"/a??c",
       "/a\xC3\xA4"
       "c",
       false},
      {"/[a-c]x", "/bx", true},
      {"/[a-c]x", "/dx", false},
      {"/[!a-c]x", "/dx", true},
      {"/[^a-c]x", "/bx", false},
      {"/[]x]", "/]", true},
      {"/[a-]", "/-", true},
      {"/[\\]a]", "/]", true},
      {"/[\xC3\xA4-\xC3\xB6]", "/\xC3\xB5", true},
      {"/\\*", "/*", true},
      {"/\\*", "/a", false},
      {"/a\\[b", "/a[b", true},
      {"/**", "/a", true},
      {"/**", "/a/b/c", true},
      {"/a/**", "/a/b/c", true},
      {"/a/**", "/a", false},
      {"/a/**", "/ab/c", false},
      {"/**/c", "/c", true},
      {"/**/c", "/a/b/c", true},
      {"/**/c", "/a/b/d", false},
      {"/a/**/z", "/a/z", true},
      {"/a/**/z", "/a/b/c/z", true},
      {"/a/**/z", "/a/z/y", false},
      {"/**/b/**/d", "/a/b/c/b/x/d", true},
      {"/**/b/*", "/b/b/c", true},
      {"/**/b/*/d", "/b/x/b/y/d", true},
      {"/**/*.txt", "/a/b.txt", true},
      {"/a/**b", "/a/xxb", true},
      {"/a/**b", "/a/x/b", false},
      {"*.mp3", "/deep/in/there/a.mp3", true},
      {"*.mp3", "/a.mp3/b", false},
      {"a", "/a/b", false},
      {"a", "/b/a", true},
  };
  for (const GlobCase& c : cases) {
    auto glob = Glob::parse(c.pattern);
    ASSERT_TRUE(glob.ok()) << c.pattern << ": " << glob.status().message();
    EXPECT_EQ(glob->matches(c.path), c.matches) << c.pattern << " against " << c.path;
  }
}

TEST(Glob, RefusesWhatIsNoPattern) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "empty"},
      {"a/b", "begin with"},
      {"/a/", "ends in '/'"},
      {"/a//b", "nothing between"},
      {"/a[b", "without"},
      {"/a\\", "lone"},
      {"/[]", "without"},
      {"/[a-\\]", "without"},
      {std::string("/\0", 2), "zero byte"},
  };
  for (const auto& [pattern, why] : cases) {
    auto glob = Glob::parse(pattern);
    ASSERT_FALSE(glob.ok()) << pattern;
    EXPECT_EQ(glob.status().code(), Code::kInvalidArgument);
    EXPECT_THAT(glob.status().message(), HasSubstr(why)) << pattern;
  }
}

TEST(Glob, KnowsTheDirectoryThatEverythingLiesIn) {
  EXPECT_EQ(Glob::parse("/a/b/*.mp3")->directory(), "/a/b");
  EXPECT_EQ(Glob::parse("/a/**")->directory(), "/a");
  EXPECT_EQ(Glob::parse("/a/b")->directory(), "/a");
  EXPECT_EQ(Glob::parse("/*/b")->directory(), "/");
  EXPECT_EQ(Glob::parse("*.mp3")->directory(), "/");
}

// The plain meaning, without any cleverness: exponential, and right.
bool slow_match(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern.substr(0, 3) == "/**" && (pattern.size() == 3 || pattern[3] == '/')) {
    if (text.empty() || text[0] != '/') return false;
    if (pattern.size() == 3) return text.size() > 1;
    if (slow_match(pattern.substr(3), text)) return true;
    size_t next = text.find('/', 1);
    return next != std::string_view::npos && slow_match(pattern, text.substr(next));
  }
  if (pattern[0] == '*') {
    if (slow_match(pattern.substr(1), text)) return true;
    return !text.empty() && text[0] != '/' && slow_match(pattern, text.substr(1));
  }
  if (text.empty()) return false;
  bool same = pattern[0] == '?' ? text[0] != '/' : pattern[0] == text[0];
  return same && slow_match(pattern.substr(1), text.substr(1));
}

TEST(Glob, AgreesWithThePlainMeaningOnRandomPatterns) {
  const uint32_t seed = std::random_device()();
  std::mt19937 random(seed);
  const std::string parts[] = {"a", "b", "*", "**", "a*", "*b", "?", "a*b"};
  const std::string names[] = {"a", "b", "ab", "aab", "ba"};
  int matched = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string pattern, path;
    for (int n = std::uniform_int_distribution(1, 5)(random); n > 0; --n)
      pattern += "/" + parts[std::uniform_int_distribution<size_t>(0, std::size(parts) - 1)(random)];
    for (int n = std::uniform_int_distribution(1, 5)(random); n > 0; --n)
      path += "/" + names[std::uniform_int_distribution<size_t>(0, std::size(names) - 1)(random)];
    bool expected = slow_match(pattern, path);
    matched += expected ? 1 : 0;
    ASSERT_EQ(Glob::parse(pattern)->matches(path), expected) << pattern << " " << path << ", seed " << seed;
  }
  EXPECT_GT(matched, 100) << "seed " << seed;
}

}  // namespace
}  // namespace fsdfs::master
