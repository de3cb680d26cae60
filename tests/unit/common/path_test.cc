#include "common/path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace fsdfs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Path, SplitsAndJoins) {
  EXPECT_THAT(split_path("/a/b").value(), ElementsAre("a", "b"));
  EXPECT_THAT(split_path("//a///b//").value(), ElementsAre("a", "b"));
  EXPECT_THAT(split_path("/").value(), IsEmpty());
  EXPECT_THAT(split_path("/...").value(), ElementsAre("..."));
  EXPECT_EQ(normalize_path("//a///b//").value(), "/a/b");
  EXPECT_EQ(normalize_path("///").value(), "/");
  EXPECT_EQ(join_path("/", "b"), "/b");
  EXPECT_EQ(join_path("/a", "b"), "/a/b");
}

TEST(Path, RefusesWhatLeavesTheRootOrTheRules) {
  struct Case {
    std::string path;
    std::string says;
    Reason reason = Reason::kNone;
  };
  const Case cases[] = {
      {"", "a swarm path starts with '/'"},
      {"a/b", "a swarm path starts with '/': 'a/b'"},
      {"/a/../b", "'..' is not allowed in a swarm path: /a/../b"},
      {"/a/.", "'.' is not allowed in a swarm path: /a/."},
      {std::string("/a\0b", 4), "a NUL byte is not allowed in a name: a\\x00b"},
      {"/" + std::string(256, 'x'), "name longer than 255 bytes: xxx", Reason::kNameTooLong},
      {"/" + std::string(4095, '/'), "path longer than 4095 bytes", Reason::kNameTooLong},
  };
  for (const Case& c : cases) {
    auto names = split_path(c.path);
    ASSERT_FALSE(names.ok()) << c.path;
    EXPECT_EQ(names.status().code(), Code::kInvalidArgument);
    EXPECT_EQ(names.status().reason(), c.reason) << c.path;
    EXPECT_THAT(names.status().message(), HasSubstr(c.says));
  }
  EXPECT_TRUE(split_path("/" + std::string(255, 'x')).ok());
  EXPECT_TRUE(split_path(std::string(4095, '/')).ok());
}

TEST(Path, Names) {
  EXPECT_TRUE(check_name("\xff\n").ok());
  EXPECT_FALSE(check_name("").ok());
  EXPECT_FALSE(check_name("..").ok());
  EXPECT_FALSE(check_name("a/b").ok());
}

TEST(Path, WithinIsByWholeNames) {
  EXPECT_TRUE(is_within("/a", "/a"));
  EXPECT_TRUE(is_within("/a/b", "/a"));
  EXPECT_TRUE(is_within("/a", "/"));
  EXPECT_FALSE(is_within("/ab", "/a"));
  EXPECT_FALSE(is_within("/", "/a"));
}

TEST(Path, Utf8IsStrict) {
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8("Größe \xe6\x97\xa5 \xf0\x9f\x8e\xb5"));
  for (const char* bytes : {"\xff", "\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf0\x80\x80\x80",
                            "\xf4\x90\x80\x80", "a\x80", "\xe6\x97"}) {
    EXPECT_FALSE(is_utf8(bytes)) << display(bytes);
  }
}

TEST(Path, DisplayIsSafeOnATerminal) {
  EXPECT_EQ(display("Größe.mp3"), "Größe.mp3");
  EXPECT_EQ(display("a\nb\tc\x1b[31m"), "a\\nb\\tc\\x1b[31m");
  EXPECT_EQ(display("bad \xff\xfe"), "bad \\xff\\xfe");
  EXPECT_EQ(display("back\\slash"), "back\\\\slash");
  EXPECT_EQ(display("\xe2\x80\xae"
                    "gpj.exe"),
            "\\xe2\\x80\\xaegpj.exe");  // right-to-left override
  EXPECT_EQ(display("\xc2\x9b"
                    "31m"),
            "\\xc2\\x9b31m");  // a control sequence in one character
}

TEST(Path, Base64) {
  // RFC 4648, section 10.
  const std::pair<std::string, std::string> cases[] = {{"", ""},
                                                       {"f", "Zg=="},
                                                       {"fo", "Zm8="},
                                                       {"foo", "Zm9v"},
                                                       {"foob", "Zm9vYg=="},
                                                       {"fooba", "Zm9vYmE="},
                                                       {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : cases) {
    EXPECT_EQ(base64_encode(bytes), text);
    EXPECT_EQ(base64_decode(text).value(), bytes);
  }
  for (const char* text : {"Zg=", "Zg", "Z===", "Zh==", "Zg==Zg==", "Zm9*", "Zm 9", "===="}) {
    EXPECT_FALSE(base64_decode(text).ok()) << text;
  }
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (size_t size = 0; size < 100; ++size) {
    std::string bytes(size, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    EXPECT_EQ(base64_decode(base64_encode(bytes)).value(), bytes);
  }
}

}  // namespace
}  // namespace fsdfs
