// optimum: the best min(K-N) that files of one size can have on nodes of so many slots, by trying everything.
#pragma once

#include <optional>
#include <vector>

namespace fsdfs::sim {

struct OptimumFile {
  int target = 0;
  int floor = 1;  // copies that it must have in any case
};

// None when not even the floors can be had.
std::optional<int> best_min_surplus(const std::vector<int>& slots, const std::vector<OptimumFile>& files);

}  // namespace fsdfs::sim
