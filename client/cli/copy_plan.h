// CopyPlan: what `put SRC... DEST` and `get SRC... DEST` mean, by cp's rules. A pure function: what is there
// comes in, what is to be copied where goes out.
//
//   DEST is a directory, or ends in '/'   each source goes into it, under its own last name
//   several sources                       DEST has to be a directory
//   one file, DEST absent or a file       becomes DEST
//   one directory, DEST absent            becomes DEST
//   one directory, DEST a file            refused
// A source without a last name of its own ("/", ".", "..", "a/..") gives its content to DEST. A DEST that
// ends in '/' and is absent has to be made for files (make_parents); for one directory it is what the
// directory becomes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/status.h"

namespace fsdfs::client {

enum class OperandKind { kAbsent, kFile, kDirectory };

struct CopyOperand {
  std::string path;
  OperandKind kind = OperandKind::kAbsent;
};

struct CopyRequest {
  std::vector<CopyOperand> sources;  // none absent
  CopyOperand destination;           // its path as it was typed, with a trailing '/' if that was there
  bool make_parents = false;         // -p
};

struct CopyItem {
  std::string source;
  std::string target;
  bool directory = false;
  friend bool operator==(const CopyItem&, const CopyItem&) = default;
};

struct CopyPlan {
  std::vector<CopyItem> items;
  std::optional<std::string> make_directory;  // DEST itself, to be made first
};

// kInvalidArgument, or kFailedPrecondition with kNotDirectory, or kNotFound: why it cannot be meant so.
Result<CopyPlan> plan_copy(const CopyRequest& request);

}  // namespace fsdfs::client
