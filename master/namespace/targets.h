// The operations on what computes N: targets of files and directories, vars, the policy. Each a function over
// one transaction of the store, as operations.h; an error has changed nothing.
#pragma once

#include "master/namespace/resolve.h"
#include "master/policy/limits.h"
#include "master/policy/policy.h"

namespace fsdfs::master {

// A file's own target, or the one of what lies below a directory (which the policy engine brings to the files
// that are there). kInvalidArgument (check_target); kFailedPrecondition for what is neither.
Result<Located> set_target(WriteTransaction& transaction, const PathAt& place, double target);
// Takes it back: the file's N is what the policy says. Without one, nothing changes.
Result<Located> unset_target(WriteTransaction& transaction, const PathAt& place, const Policy& policy);

// The vars after the change. kInvalidArgument (change_vars); kFailedPrecondition for what is no regular file.
Result<Vars> set_vars(WriteTransaction& transaction, const PathAt& place, const VarsChange& change);

// Replaces both texts, which have been checked; empty ones are none. The new revision.
Result<uint64_t> set_policy(WriteTransaction& transaction, const std::string& rules,
                            const std::string& python);

// Who decides, for people.
struct TargetOrigin {
  double target =
      0;  // of a file: in effect; of a directory: what it gives to files of which nothing else speaks
  std::string text;  // "its own", "rule 2 (line 7, /music/**)"
  Vars vars;         // of a file, automatic ones included
};
Result<TargetOrigin> explain_target(ReadView& view, const Policy& policy, const Inode& inode, FileTime now);

}  // namespace fsdfs::master
