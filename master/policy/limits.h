// What a target, a var and a policy may be: the checks for everything that comes from outside. Pure
// functions. Every refusal is kInvalidArgument, names the value and says what is allowed.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "common/status.h"
#include "master/store/records.h"

namespace fsdfs::master {

inline constexpr double kTargetLimit = 1e6;
inline constexpr size_t kVarsMax = 32;  // of a file
inline constexpr size_t kVarNameBytesMax = 64;
inline constexpr size_t kRulesMax = 1000;
inline constexpr size_t kPolicyBytesMax = 256 << 10;  // of each text

// Counted by the swarm: rules and the hook read it, nobody sets it.
inline constexpr std::string_view kReadsPerDay = "reads_per_day";

// Finite, 0 to kTargetLimit.
Status check_target(double target);
// [a-z_][a-z0-9_]{0,63}
Status check_var_name(std::string_view name);

// What `vars set` asks for: values to set, and names (without a value) to remove.
struct VarsChange {
  Vars set;
  std::vector<std::string> remove;
};
// `vars` as they are after the change.
Result<Vars> change_vars(Vars vars, const VarsChange& change);

}  // namespace fsdfs::master
