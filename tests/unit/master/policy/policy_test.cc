#include "master/policy/policy.h"

#include <gtest/gtest.h>

namespace fsdfs::master {
namespace {

Policy policy_of(const std::string& rules, const std::string& python = "") {
  auto made = make_policy({rules, python, 1}, "policy.yaml", 3);
  EXPECT_TRUE(made.ok()) << made.status().message();
  return made.ok() ? std::move(*made) : Policy{};
}

FileFacts file(const std::string& path) {
  FileFacts facts;
  facts.path = path;
  return facts;
}

constexpr char kMusic[] = "rules: [{path: /music/**, target: 5}, {path: /music/old/**, target: 1}]";

TEST(Policy, TheFirstThatSpeaksDecides) {
  Policy policy = policy_of(kMusic);
  FileFacts facts = file("/x");
  EXPECT_EQ(decide(policy, facts), (Decision{3, TargetSource::kDefault}));
  EXPECT_EQ(describe(decide(policy, facts), policy, facts), "target.default");
  facts.directory = DirectoryTarget{2, "/"};
  EXPECT_EQ(decide(policy, facts), (Decision{2, TargetSource::kDirectory}));
  EXPECT_EQ(describe(decide(policy, facts), policy, facts), "directory /");
  facts.path = "/music/old/a";
  EXPECT_EQ(decide(policy, facts), (Decision{5, TargetSource::kRule, 0}));
  EXPECT_EQ(describe(decide(policy, facts), policy, facts), "rule 1 (line 1, /music/**)");
  facts.own_target = 7;
  EXPECT_EQ(decide(policy, facts), (Decision{7, TargetSource::kOwn}));
  EXPECT_EQ(describe(decide(policy, facts), policy, facts), "its own");
}

TEST(Policy, WhatTheHookSaidStaysUntilItIsAskedAgain) {
  Inode hooked;
  hooked.target = 9;
  hooked.target_source = TargetSource::kHook;
  FileFacts facts = file("/music/a");
  EXPECT_EQ(decide_for(policy_of(kMusic, "code"), facts, hooked), std::nullopt);
  // Without a hook, or with a target of its own, there is nothing to wait for.
  EXPECT_EQ(decide_for(policy_of(kMusic), facts, hooked)->target, 5);
  facts.own_target = 2;
  EXPECT_EQ(decide_for(policy_of(kMusic, "code"), facts, hooked)->target, 2);
}

TEST(Policy, RulesHoldEveryConditionAgainstTheFile) {
  Policy policy = policy_of(R"(
rules:
  - {size: {from: 1M, below: 1G}, target: 4}
  - {age: {below: 1d}, vars: {popularity: {from: 10}}, target: 6}
  - {vars: {cold: {from: 1}}, target: 1}
)");
  FileFacts facts = file("/f");
  facts.age = 86400;
  auto target = [&] { return decide(policy, facts).target; };
  facts.size = (1 << 20) - 1;
  EXPECT_EQ(target(), 3);
  facts.size = 1 << 20;
  EXPECT_EQ(target(), 4);
  facts.size = 1 << 30;
  EXPECT_EQ(target(), 3);
  facts.vars = {{"popularity", 10}};
  EXPECT_EQ(target(), 3);
  facts.age = 86399;
  EXPECT_EQ(target(), 6);
  facts.vars = {{"popularity", 9.9}, {"cold", 1}};
  EXPECT_EQ(target(), 1);
}

TEST(Policy, KnowsWhenAnAgeComesToABound) {
  RuleSet rules =
      policy_of("rules: [{age: {from: 1h, below: 2h}, target: 1}, {age: {below: 10s}, target: 2}]").rules;
  EXPECT_EQ(rules.next_age(0), 10);
  EXPECT_EQ(rules.next_age(10), 3590);
  EXPECT_EQ(rules.next_age(3600), 3600);
  EXPECT_EQ(rules.next_age(7200), std::nullopt);
}

TEST(Policy, AsksOnlyForWhatItLooksAt) {
  EXPECT_FALSE(policy_of("").needs_path());
  EXPECT_FALSE(policy_of("rules: [{size: {from: 1}, target: 1}]").needs_path());
  EXPECT_TRUE(policy_of(kMusic).needs_path());
  EXPECT_FALSE(policy_of(kMusic).needs_vars());
  EXPECT_TRUE(policy_of("rules: [{vars: {a: {from: 1}}, target: 1}]").needs_vars());
  EXPECT_TRUE(policy_of("", "code").needs_path() && policy_of("", "code").needs_vars());
}

TEST(Policy, ATremblingNumberIsNotWorthACopy) {
  EXPECT_FALSE(is_worth_it(10, 10.9));
  EXPECT_TRUE(is_worth_it(10, 11));
  EXPECT_TRUE(is_worth_it(10, 9));
  EXPECT_FALSE(is_worth_it(10, 9.1));
  EXPECT_TRUE(is_worth_it(0, 0.001));
  EXPECT_FALSE(is_worth_it(0, 0));
}

}  // namespace
}  // namespace fsdfs::master
