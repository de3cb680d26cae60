#include "master/policy/rules_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "master/policy/limits.h"

namespace fsdfs::master {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(RulesFile, ReadsEveryKey) {
  auto set = parse_rules(R"(# how many copies
rules:
  - path: /music/**
    size: {from: 1M, below: 1.5G}
    age: {from: 1d, below: 4w}
    vars: {popularity: {from: 1000}, rank: {below: 10}}
    target: 2.5
  - target: 1
)",
                         "policy.yaml");
  ASSERT_TRUE(set.ok()) << set.status().message();
  ASSERT_EQ(set->rules.size(), 2u);
  const Rule& rule = set->rules[0];
  EXPECT_EQ(rule.path->text(), "/music/**");
  EXPECT_EQ(rule.size, (Range<uint64_t>{1 << 20, uint64_t{3} << 29}));
  EXPECT_EQ(rule.age, (Range<double>{86400, 4 * 7 * 86400.0}));
  EXPECT_EQ(rule.vars, (std::vector<VarCondition>{{"popularity", {1000, {}}}, {"rank", {{}, 10}}}));
  EXPECT_EQ(rule.target, 2.5);
  EXPECT_EQ(rule.line, 3);
  EXPECT_FALSE(set->rules[1].path);
  EXPECT_EQ(set->rules[1].line, 8);
}

TEST(RulesFile, ATextWithoutRulesHasNone) {
  for (const char* text : {"", "\n", "# nothing\n", "rules:\n", "rules: []\n", "{}\n"}) {
    auto set = parse_rules(text, "p");
    ASSERT_TRUE(set.ok()) << text << set.status().message();
    EXPECT_TRUE(set->rules.empty());
  }
}

TEST(RulesFile, EveryFaultIsSaidWithItsLine) {
  struct Case {
    std::string text;
    int line;
    std::string what;
  };
  const Case cases[] = {
      {"rules:\n  - path: [\n", 3, "not valid YAML"},
      {"rules:\n  - {path: /a, target: 1\n", 3, "not valid YAML"},
      {"- 1\n", 1, "a policy is made of these keys: rules"},
      {"rule: []\n", 1, "unknown key 'rule'"},
      {"rules:\n  - target: 3\n    targt: 4\n", 3,
       "unknown key 'targt' in a rule; there are: age, path, size, target, vars"},
      {"rules: 5\n", 1, "list"},
      {"rules:\n  - 5\n", 2, "a rule is made of these keys"},
      {"rules:\n  - path: /a\n", 2, "without a target"},
      {"rules:\n  - target: -1\n", 2, "-1 is no target"},
      {"rules:\n  - target: 1e9\n", 2, "is no target"},
      {"rules:\n  - target: .nan\n", 2, "target"},
      {"rules:\n  - target: many\n", 2, "many"},
      {"rules:\n  - target: [1]\n", 2, "a single value"},
      {"rules:\n  - target: 1\n    target: 2\n", 3, "given twice"},
      {"rules:\n  - target: 1\n    path: a/b\n", 3, "begin with"},
      {"rules:\n  - target: 1\n    size: 5M\n", 3, "size is made of these keys: below, from"},
      {"rules:\n  - target: 1\n    size: {from: lots}\n", 3, "lots"},
      {"rules:\n  - target: 1\n    size: {from: 2, below: 2}\n", 3, "never match"},
      {"rules:\n  - target: 1\n    age: {from: 5}\n", 3, "age"},
      {"rules:\n  - target: 1\n    vars: {Pop: {from: 5}}\n", 3, "no name of a var"},
      {"rules:\n  - target: 1\n    vars: [a]\n", 3, "vars"},
      {"rules:\n  - target: 1\n    vars: {a: {from: x}}\n", 3, "vars a"},
  };
  for (const Case& c : cases) {
    auto set = parse_rules(c.text, "p.yaml");
    ASSERT_FALSE(set.ok()) << c.text;
    EXPECT_EQ(set.status().code(), Code::kInvalidArgument);
    EXPECT_THAT(set.status().message(),
                AllOf(StartsWith("p.yaml:" + std::to_string(c.line) + ":"), HasSubstr(c.what)))
        << c.text;
  }
  EXPECT_FALSE(parse_rules("rules: []\n---\nrules: []\n", "p").ok());
  EXPECT_FALSE(parse_rules(std::string(kPolicyBytesMax + 1, '#'), "p").ok());
  std::string many = "rules:\n";
  for (size_t i = 0; i <= kRulesMax; ++i) many += "- target: 1\n";
  EXPECT_THAT(parse_rules(many, "p").status().message(), HasSubstr("1001 rules"));
}

// Whatever the bytes are, the answer is a value or a refusal.
TEST(RulesFile, SurvivesDamage) {
  const std::string good =
      "rules:\n  - path: /a/**\n    size: {from: 1M}\n    vars: {a: {from: 1}}\n    target: 2\n";
  for (size_t at = 0; at < good.size(); ++at) {
    for (char c : {'\0', '{', ':', '\n', '\xFF', '&', '*', '!'}) {
      std::string damaged = good;
      damaged[at] = c;
      auto set = parse_rules(damaged, "p");
      EXPECT_TRUE(set.ok() || set.status().code() == Code::kInvalidArgument) << damaged;
    }
    (void)parse_rules(good.substr(0, at), "p");
  }
}

}  // namespace
}  // namespace fsdfs::master
