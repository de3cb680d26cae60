#include "master/policy/rules_file.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <functional>
#include <map>
#include <set>

#include "common/path.h"
#include "common/units.h"
#include "master/policy/limits.h"

namespace fsdfs::master {
namespace {

using Take = std::function<Status(const YAML::Node&)>;

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

class Parser {
 public:
  explicit Parser(std::string file) : file_(std::move(file)) {}

  Result<RuleSet> policy(const YAML::Node& root) {
    RuleSet set;
    FSDFS_TRY(map(root, "a policy", {{"rules", [&](const YAML::Node& list) { return rules(list, set); }}}));
    return set;
  }

 private:
  Status fault(const YAML::Node& node, std::string_view what) const {
    return invalid_argument(fmt::format("{}:{}: {}", file_, node.Mark().line + 1, what));
  }

  // Gives each value to the taker of its key. A key that nobody takes, or that comes twice, is a fault.
  Status map(const YAML::Node& node, std::string_view what, const std::map<std::string, Take>& takers) const {
    std::string allowed;
    for (const auto& [key, taker] : takers) allowed += (allowed.empty() ? "" : ", ") + key;
    if (!node.IsMap()) return fault(node, fmt::format("{} is made of these keys: {}", what, allowed));
    std::set<std::string> seen;
    for (const auto& entry : node) {
      std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "";
      auto taker = takers.find(key);
      if (taker == takers.end()) {
        return fault(entry.first,
                     fmt::format("unknown key '{}' in {}; there are: {}", display(key), what, allowed));
      }
      if (!seen.insert(key).second)
        return fault(entry.first, fmt::format("'{}' is given twice in {}", key, what));
      FSDFS_TRY(taker->second(entry.second));
    }
    return {};
  }

  Status scalar(const YAML::Node& node, std::string_view what,
                const std::function<Status(const std::string&)>& take) const {
    if (!node.IsScalar()) return fault(node, fmt::format("{}: a single value is expected here", what));
    Status taken = take(node.Scalar());
    return taken.ok() ? taken : fault(node, fmt::format("{}: {}", what, taken.message()));
  }

  Status rules(const YAML::Node& list, RuleSet& set) const {
    if (list.IsNull()) return {};
    if (!list.IsSequence()) return fault(list, "'rules' is a list: each rule begins with '- '");
    if (list.size() > kRulesMax) {
      return fault(list, fmt::format("{} rules; {} are the most", list.size(), kRulesMax));
    }
    for (const auto& node : list) FSDFS_TRY(rule(node, set.rules.emplace_back()));
    return {};
  }

  Status rule(const YAML::Node& node, Rule& rule) const {
    rule.line = node.Mark().line + 1;
    bool has_target = false;
    FSDFS_TRY(map(
        node, "a rule",
        {{"path", [&](const YAML::Node& value) { return path(value, rule); }},
         {"size",
          [&](const YAML::Node& value) { return range<uint64_t>(value, "size", rule.size, parse_size); }},
         {"age", [&](const YAML::Node& value) { return range<double>(value, "age", rule.age, parse_age); }},
         {"vars", [&](const YAML::Node& value) { return vars(value, rule); }},
         {"target", [&](const YAML::Node& value) {
            has_target = true;
            return target(value, rule);
          }}}));
    if (!has_target) return fault(node, "a rule without a target: add 'target: N', a number of copies");
    return {};
  }

  Status path(const YAML::Node& node, Rule& rule) const {
    return scalar(node, "path", [&](const std::string& text) -> Status {
      FSDFS_ASSIGN(rule.path, Glob::parse(text));
      return {};
    });
  }

  Status target(const YAML::Node& node, Rule& rule) const {
    return scalar(node, "target", [&](const std::string& text) -> Status {
      FSDFS_ASSIGN(rule.target, parse_real(text));
      return check_target(rule.target);
    });
  }

  static Result<double> parse_age(const std::string& text) {
    FSDFS_ASSIGN(Duration age, parse_duration(text));
    return seconds(age);
  }

  template <typename T, typename Parse>
  Status range(const YAML::Node& node, const std::string& what, Range<T>& range, Parse parse) const {
    auto bound = [&](std::optional<T>& into) {
      return [&, this](const YAML::Node& value) {
        return scalar(value, what, [&](const std::string& text) -> Status {
          FSDFS_ASSIGN(into, parse(text));
          return {};
        });
      };
    };
    FSDFS_TRY(map(node, what, {{"from", bound(range.from)}, {"below", bound(range.below)}}));
    if (range.from && range.below && *range.from >= *range.below) {
      return fault(node, what + ": 'from' is not less than 'below', so the rule would never match");
    }
    return {};
  }

  Status vars(const YAML::Node& node, Rule& rule) const {
    if (!node.IsMap()) return fault(node, "vars: write {NAME: {from: 1, below: 9}}");
    for (const auto& entry : node) {
      VarCondition condition;
      FSDFS_TRY(scalar(entry.first, "vars", [&](const std::string& name) -> Status {
        condition.name = name;
        return check_var_name(name);
      }));
      FSDFS_TRY(range<double>(entry.second, "vars " + condition.name, condition.range, parse_real));
      rule.vars.push_back(std::move(condition));
    }
    return {};
  }

  const std::string file_;
};

}  // namespace

Result<RuleSet> parse_rules(const std::string& text, const std::string& file) {
  if (text.size() > kPolicyBytesMax) {
    return invalid_argument(fmt::format("{}: {} of rules; {} are the most", file, format_size(text.size()),
                                        format_size(kPolicyBytesMax)));
  }
  try {
    auto documents = YAML::LoadAll(text);
    if (documents.size() > 1) return invalid_argument(file + ": more than one YAML document");
    if (documents.empty() || documents.front().IsNull()) return RuleSet();
    return Parser(file).policy(documents.front());
  } catch (const YAML::Exception& fault) {
    return invalid_argument(fmt::format("{}:{}: not valid YAML: {}", file, fault.mark.line + 1, fault.msg));
  }
}

}  // namespace fsdfs::master
