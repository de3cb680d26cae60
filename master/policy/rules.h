// The rules of a policy as plain values, and which of them speaks for a file. Pure; made by rules_file.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "master/policy/glob.h"
#include "master/store/records.h"

namespace fsdfs::master {

// From `from` to below `below`; without either, everything.
template <typename T>
struct Range {
  std::optional<T> from;
  std::optional<T> below;
  bool contains(T value) const { return (!from || value >= *from) && (!below || value < *below); }
  friend bool operator==(const Range&, const Range&) = default;
};

struct VarCondition {
  std::string name;
  Range<double> range;  // a var that a file has not is 0
  friend bool operator==(const VarCondition&, const VarCondition&) = default;
};

// N for the files that all its conditions hold for.
struct Rule {
  std::optional<Glob> path;
  Range<uint64_t> size;  // bytes
  Range<double> age;     // seconds since the content was modified
  std::vector<VarCondition> vars;
  double target = 0;
  int line = 0;  // of the text that it came from, from 1
  friend bool operator==(const Rule&, const Rule&) = default;
};

// What a rule may look at.
struct RuleFacts {
  const std::string& path;
  uint64_t size;
  double age;
  const Vars& vars;
};

struct RuleSet {
  std::vector<Rule> rules;  // the first one that matches speaks

  // Its index.
  std::optional<size_t> match(const RuleFacts& facts) const;
  bool needs_path() const;
  bool needs_vars() const;
  // In how many seconds a file of this age comes to the next bound of any rule; none: never.
  std::optional<double> next_age(double age) const;

  friend bool operator==(const RuleSet&, const RuleSet&) = default;
};

// "rule 2 (line 7, /music/**)"
std::string describe_rule(const RuleSet& rules, size_t index);

}  // namespace fsdfs::master
