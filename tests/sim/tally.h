// Tally: how often each kind of event and order occurred in a run.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace fsdfs::sim {

class Tally {
 public:
  void count(std::string_view what, uint64_t times = 1) {
    auto it = counts_.find(what);
    if (it == counts_.end()) it = counts_.emplace(what, 0).first;
    it->second += times;
  }
  void add(const Tally& other) {
    for (const auto& [what, times] : other.counts_) count(what, times);
  }
  uint64_t of(std::string_view what) const {
    auto it = counts_.find(what);
    return it == counts_.end() ? 0 : it->second;
  }
  std::string to_string() const {
    std::string text;
    for (const auto& [what, times] : counts_)
      text += (text.empty() ? "" : ", ") + what + " " + std::to_string(times);
    return text;
  }

 private:
  std::map<std::string, uint64_t, std::less<>> counts_;
};

}  // namespace fsdfs::sim
