// Whether a test that runs short and long (fsdfs_long_run in cmake/Modules.cmake) is to run long.
#pragma once

#include <cstdlib>

namespace fsdfs::testing {

// What FSDFS_LONG=1 chooses of the two.
template <typename Value>
Value by_length(Value in_short, Value in_long) {
  return std::getenv("FSDFS_LONG") == nullptr ? in_short : in_long;
}

}  // namespace fsdfs::testing
