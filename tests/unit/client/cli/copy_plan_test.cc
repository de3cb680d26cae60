#include "client/cli/copy_plan.h"

#include <gtest/gtest.h>

namespace fsdfs::client {
namespace {

constexpr auto kFile = OperandKind::kFile;
constexpr auto kDirectory = OperandKind::kDirectory;
constexpr auto kAbsent = OperandKind::kAbsent;

struct Case {
  const char* what;
  std::vector<CopyOperand> sources;
  CopyOperand destination;
  bool make_parents;
  // Targets in order; empty: refused.
  std::vector<std::string> targets;
  const char* made = "";   // the directory to be made
  const char* error = "";  // part of the message
};

std::ostream& operator<<(std::ostream& out, const Case& c) {
  return out << c.what;
}

class CopyPlanTest : public ::testing::TestWithParam<Case> {};

TEST_P(CopyPlanTest, FollowsCp) {
  const Case& c = GetParam();
  auto plan = plan_copy({.sources = c.sources, .destination = c.destination, .make_parents = c.make_parents});
  if (c.targets.empty()) {
    ASSERT_FALSE(plan.ok());
    EXPECT_NE(plan.status().message().find(c.error), std::string::npos) << plan.status().message();
    return;
  }
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  std::vector<std::string> targets;
  for (const CopyItem& item : plan->items) targets.push_back(item.target);
  EXPECT_EQ(targets, c.targets);
  EXPECT_EQ(plan->make_directory.value_or(""), c.made);
}

INSTANTIATE_TEST_SUITE_P(
    Rules, CopyPlanTest,
    ::testing::Values(
        Case{"a file into a directory", {{"a/f", kFile}}, {"/d", kDirectory}, false, {"/d/f"}},
        Case{"a file into the root", {{"f", kFile}}, {"/", kDirectory}, false, {"/f"}},
        Case{"a file becomes what is absent", {{"a/f", kFile}}, {"/d/g", kAbsent}, false, {"/d/g"}},
        Case{"a file replaces a file", {{"a/f", kFile}}, {"/d/g", kFile}, false, {"/d/g"}},
        Case{"a file into a directory that is absent",
             {{"f", kFile}},
             {"/d/", kAbsent},
             false,
             {},
             "",
             "no such directory"},
        Case{"the same with -p", {{"f", kFile}}, {"/d/", kAbsent}, true, {"/d/f"}, "/d"},
        Case{"a file with -p becomes what is absent", {{"f", kFile}}, {"/d/g", kAbsent}, true, {"/d/g"}},
        Case{"a file into a file", {{"f", kFile}}, {"/g/", kFile}, false, {}, "", "not a directory"},
        Case{"a directory into a directory", {{"x/dir", kDirectory}}, {"/d", kDirectory}, false, {"/d/dir"}},
        Case{"the same with slashes", {{"x/dir//", kDirectory}}, {"/d/", kDirectory}, false, {"/d/dir"}},
        Case{"a directory becomes what is absent", {{"dir", kDirectory}}, {"/d", kAbsent}, false, {"/d"}},
        Case{"a directory becomes what is absent, with a slash",
             {{"dir", kDirectory}},
             {"/d/", kAbsent},
             false,
             {"/d"}},
        Case{"a directory over a file",
             {{"dir", kDirectory}},
             {"/f", kFile},
             false,
             {},
             "",
             "take the place of a file"},
        Case{"the content of here", {{".", kDirectory}}, {"/d", kDirectory}, false, {"/d"}},
        Case{"the content of a/.", {{"a/.", kDirectory}}, {"/d", kDirectory}, false, {"/d"}},
        Case{"the content of above", {{"..", kDirectory}}, {"/d", kDirectory}, false, {"/d"}},
        Case{"the content of the root", {{"/", kDirectory}}, {"d", kDirectory}, false, {"d"}},
        Case{"several into a directory",
             {{"f", kFile}, {"x/g", kFile}, {"dir", kDirectory}},
             {"/d", kDirectory},
             false,
             {"/d/f", "/d/g", "/d/dir"}},
        Case{"several into what is absent",
             {{"f", kFile}, {"g", kFile}},
             {"/d", kAbsent},
             false,
             {},
             "",
             "no such directory"},
        Case{"the same with -p", {{"f", kFile}, {"g", kFile}}, {"/d", kAbsent}, true, {"/d/f", "/d/g"}, "/d"},
        Case{"several over a file",
             {{"f", kFile}, {"g", kFile}},
             {"/d", kFile},
             false,
             {},
             "",
             "not a directory"},
        Case{"two of one name",
             {{"x/f", kFile}, {"y/f", kFile}},
             {"/d", kDirectory},
             false,
             {},
             "",
             "two sources"},
        Case{"into the directory here", {{"/s/f", kFile}}, {".", kDirectory}, false, {"./f"}},
        Case{"nothing", {}, {"/d", kDirectory}, false, {}, "", "nothing"}));

}  // namespace
}  // namespace fsdfs::client
