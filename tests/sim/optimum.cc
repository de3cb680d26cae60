#include "tests/sim/optimum.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <set>

namespace fsdfs::sim {

namespace {

// Tries, file by file, every set of nodes of the wanted size. Dead ends are remembered: (file, free slots).
class Search {
 public:
  Search(std::vector<int> slots, std::vector<int> copies)
      : slots_(std::move(slots)), copies_(std::move(copies)) {}

  bool fits(size_t file = 0) {
    if (file == copies_.size()) return true;
    std::pair<size_t, std::vector<int>> state(file, slots_);
    if (dead_ends_.contains(state)) return false;
    for (uint32_t set = 0; set < (uint32_t{1} << slots_.size()); ++set) {
      if (std::popcount(set) != copies_[file] || !take(set)) continue;
      bool rest_fits = fits(file + 1);
      give_back(set);
      if (rest_fits) return true;
    }
    dead_ends_.insert(std::move(state));
    return false;
  }

 private:
  bool take(uint32_t set) {
    for (size_t node = 0; node < slots_.size(); ++node) {
      if ((set >> node & 1) != 0 && slots_[node] == 0) return false;
    }
    for (size_t node = 0; node < slots_.size(); ++node) slots_[node] -= static_cast<int>(set >> node & 1);
    return true;
  }
  void give_back(uint32_t set) {
    for (size_t node = 0; node < slots_.size(); ++node) slots_[node] += static_cast<int>(set >> node & 1);
  }

  std::vector<int> slots_;
  std::vector<int> copies_;
  std::set<std::pair<size_t, std::vector<int>>> dead_ends_;
};

}  // namespace

std::optional<int> best_min_surplus(const std::vector<int>& slots, const std::vector<OptimumFile>& files) {
  int nodes = static_cast<int>(slots.size());
  std::optional<int> best;
  for (int surplus = -64; surplus <= nodes; ++surplus) {
    std::vector<int> copies;
    for (const OptimumFile& file : files) copies.push_back(std::max(file.floor, surplus + file.target));
    if (std::any_of(copies.begin(), copies.end(), [nodes](int c) { return c > nodes; })) break;
    if (!Search(slots, copies).fits()) break;
    best = surplus;
  }
  return best;
}

}  // namespace fsdfs::sim
