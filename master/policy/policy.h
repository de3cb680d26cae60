// Who decides N of a file, the first that speaks:
//
//   1. its own target   2. the Python hook   3. the first rule that matches
//   4. the nearest directory above that has a target   5. target.default
//
// Plain values and pure functions. The hook runs elsewhere (hook.h); here is what holds without it.
#pragma once

#include <optional>
#include <string>

#include "master/policy/rules.h"
#include "master/store/records.h"

namespace fsdfs::master {

struct Policy {
  RuleSet rules = {};
  std::string python = {};    // the hook; empty: none
  double default_target = 3;  // target.default
  uint64_t revision = 0;      // PolicyRecord's

  bool has_hook() const { return !python.empty(); }
  // What has to be known of a file to decide.
  bool needs_path() const { return has_hook() || rules.needs_path(); }
  bool needs_vars() const { return has_hook() || rules.needs_vars(); }
};

// From the stored texts. `file`: what messages call the rules. kInvalidArgument as parse_rules.
Result<Policy> make_policy(const PolicyRecord& record, const std::string& file, double default_target);

struct DirectoryTarget {
  double target = 0;
  std::string path;  // empty where paths were not asked for
  friend bool operator==(const DirectoryTarget&, const DirectoryTarget&) = default;
};

struct FileFacts {
  std::string path;
  uint64_t size = 0;
  double age = 0;  // seconds since the content was modified; never negative
  Vars vars;       // with kReadsPerDay where it was read
  std::optional<double> own_target;
  std::optional<DirectoryTarget> directory;  // the nearest
};

struct Decision {
  double target = 0;
  TargetSource source = TargetSource::kDefault;
  size_t rule = 0;  // its index, for kRule
  friend bool operator==(const Decision&, const Decision&) = default;
};

// What holds without the hook.
Decision decide(const Policy& policy, const FileFacts& facts);

// The same for a file that is there, which may have been decided by the hook before: none where that stays,
// as the hook is asked next and its last good answer holds until then.
std::optional<Decision> decide_for(const Policy& policy, const FileFacts& facts, const Inode& file);

// For people: "its own", "the hook", "rule 2 (line 7, /music/**)", "directory /music", "target.default".
std::string describe(const Decision& decision, const Policy& policy, const FileFacts& facts);

// Automatic vars alone move N only by a tenth of it at least, so that a number that trembles copies nothing.
bool is_worth_it(double before, double after);

}  // namespace fsdfs::master
