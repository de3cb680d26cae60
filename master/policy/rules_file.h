// The YAML text of a policy's rules -> RuleSet.
//
//   rules:
//     - path: /music/**          # a glob (glob.h); without one, every file
//       size: {from: 1M, below: 1G}
//       age: {below: 30d}        # since the content was modified
//       vars: {popularity: {from: 1000}}
//       target: 5
//
// Every condition that is given has to hold; the first rule that matches speaks. Pure function. Each fault is
// kInvalidArgument as "FILE:LINE: what is wrong and what is allowed"; nothing is guessed or left out.
#pragma once

#include <string>

#include "common/status.h"
#include "master/policy/rules.h"

namespace fsdfs::master {

// `file`: what messages call the text. An empty text has no rules.
Result<RuleSet> parse_rules(const std::string& text, const std::string& file);

}  // namespace fsdfs::master
