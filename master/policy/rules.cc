#include "master/policy/rules.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/path.h"

namespace fsdfs::master {
namespace {

bool holds(const VarCondition& condition, const Vars& vars) {
  auto found = vars.find(condition.name);
  return condition.range.contains(found == vars.end() ? 0 : found->second);
}

bool matches(const Rule& rule, const RuleFacts& facts) {
  return rule.size.contains(facts.size) && rule.age.contains(facts.age) &&
         std::all_of(rule.vars.begin(), rule.vars.end(),
                     [&](const VarCondition& condition) { return holds(condition, facts.vars); }) &&
         (!rule.path || rule.path->matches(facts.path));
}

}  // namespace

std::optional<size_t> RuleSet::match(const RuleFacts& facts) const {
  for (size_t i = 0; i < rules.size(); ++i) {
    if (matches(rules[i], facts)) return i;
  }
  return std::nullopt;
}

bool RuleSet::needs_path() const {
  return std::any_of(rules.begin(), rules.end(), [](const Rule& rule) { return rule.path.has_value(); });
}

bool RuleSet::needs_vars() const {
  return std::any_of(rules.begin(), rules.end(), [](const Rule& rule) { return !rule.vars.empty(); });
}

std::optional<double> RuleSet::next_age(double age) const {
  std::optional<double> next;
  for (const Rule& rule : rules) {
    for (const auto& bound : {rule.age.from, rule.age.below}) {
      if (!bound || *bound <= age) continue;
      if (!next || *bound - age < *next) next = *bound - age;
    }
  }
  return next;
}

std::string describe_rule(const RuleSet& rules, size_t index) {
  const Rule& rule = rules.rules[index];
  std::string text = fmt::format("rule {} (line {}", index + 1, rule.line);
  if (rule.path) text += ", " + display(rule.path->text());
  return text + ")";
}

}  // namespace fsdfs::master
