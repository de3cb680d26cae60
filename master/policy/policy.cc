#include "master/policy/policy.h"

#include <cmath>

#include "common/path.h"
#include "master/policy/rules_file.h"

namespace fsdfs::master {
namespace {

constexpr double kAutomaticStep = 0.1;

}  // namespace

Result<Policy> make_policy(const PolicyRecord& record, const std::string& file, double default_target) {
  FSDFS_ASSIGN(auto rules, parse_rules(record.rules, file));
  return Policy{std::move(rules), record.python, default_target, record.revision};
}

Decision decide(const Policy& policy, const FileFacts& facts) {
  if (facts.own_target) return {*facts.own_target, TargetSource::kOwn};
  if (auto index = policy.rules.match({facts.path, facts.size, facts.age, facts.vars})) {
    return {policy.rules.rules[*index].target, TargetSource::kRule, *index};
  }
  if (facts.directory) return {facts.directory->target, TargetSource::kDirectory};
  return {policy.default_target, TargetSource::kDefault};
}

std::optional<Decision> decide_for(const Policy& policy, const FileFacts& facts, const Inode& file) {
  bool hooked = policy.has_hook() && file.target_source == TargetSource::kHook && !facts.own_target;
  if (hooked) return std::nullopt;
  return decide(policy, facts);
}

std::string describe(const Decision& decision, const Policy& policy, const FileFacts& facts) {
  switch (decision.source) {
    case TargetSource::kOwn:
      return "its own";
    case TargetSource::kHook:
      return "the hook";
    case TargetSource::kRule:
      return describe_rule(policy.rules, decision.rule);
    case TargetSource::kDirectory:
      return facts.directory ? "directory " + display(facts.directory->path) : "a directory";
    case TargetSource::kDefault:
      break;
  }
  return "target.default";
}

bool is_worth_it(double before, double after) {
  return std::abs(after - before) >= kAutomaticStep * std::abs(before) && after != before;
}

}  // namespace fsdfs::master
