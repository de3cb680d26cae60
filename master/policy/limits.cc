#include "master/policy/limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "common/path.h"

namespace fsdfs::master {
namespace {

constexpr size_t kShownBytes = 80;

std::string shown(std::string_view name) {
  std::string text = display(name.substr(0, kShownBytes));
  return name.size() > kShownBytes ? text + "..." : text;
}

Status check_settable(std::string_view name) {
  FSDFS_TRY(check_var_name(name));
  if (name == kReadsPerDay) {
    return invalid_argument(fmt::format("{} is counted by the swarm: choose another name", name));
  }
  return {};
}

}  // namespace

Status check_target(double target) {
  if (std::isfinite(target) && target >= 0 && target <= kTargetLimit) return {};
  return invalid_argument(fmt::format("{} is no target: N is a number of copies from 0 to {:.0f}, such as 3",
                                      target, kTargetLimit));
}

Status check_var_name(std::string_view name) {
  auto first = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  auto later = [&](char c) { return first(c) || (c >= '0' && c <= '9'); };
  if (!name.empty() && name.size() <= kVarNameBytesMax && first(name.front()) &&
      std::all_of(name.begin(), name.end(), later)) {
    return {};
  }
  return invalid_argument(
      fmt::format("'{}' is no name of a var: it is made of a-z, 0-9 and _, does not begin with a digit and "
                  "has {} characters at most",
                  shown(name), kVarNameBytesMax));
}

Result<Vars> change_vars(Vars vars, const VarsChange& change) {
  for (const auto& [name, value] : change.set) {
    FSDFS_TRY(check_settable(name));
    if (!std::isfinite(value)) {
      return invalid_argument(fmt::format("{} = {}: a var is a finite number, such as 5000", name, value));
    }
    vars[name] = value;
  }
  for (const std::string& name : change.remove) {
    FSDFS_TRY(check_settable(name));
    vars.erase(name);
  }
  if (vars.size() > kVarsMax) {
    return invalid_argument(
        fmt::format("that would be {} vars, and a file has {} at most: remove some with "
                    "NAME=",
                    vars.size(), kVarsMax));
  }
  return vars;
}

}  // namespace fsdfs::master
