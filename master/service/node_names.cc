#include "master/service/node_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "common/path.h"

namespace fsdfs::master {
namespace {

constexpr size_t kListedMax = 10;

std::string list(const std::vector<NodeRecord>& nodes) {
  std::string text;
  for (size_t i = 0; i < nodes.size() && i < kListedMax; ++i) {
    text += fmt::format("{}{} ({})", i == 0 ? "" : ", ", to_string(nodes[i].id), nodes[i].address);
  }
  if (nodes.size() > kListedMax) text += fmt::format(" and {} more", nodes.size() - kListedMax);
  return text;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

}  // namespace

Result<NodeRecord> find_node(const std::vector<NodeRecord>& nodes, std::string_view named) {
  std::string prefix = lower(named);
  std::vector<NodeRecord> matches;
  for (const NodeRecord& node : nodes) {
    bool matches_id = !prefix.empty() && to_string(node.id).starts_with(prefix);
    if (matches_id || node.address == named) matches.push_back(node);
  }
  if (matches.size() == 1) return matches.front();
  std::string shown = display(named);
  if (!matches.empty()) {
    return failed_precondition(
        fmt::format("'{}' may be any of {} nodes: {}; give more of the id, or the address", shown,
                    matches.size(), list(matches)));
  }
  if (nodes.empty()) return failed_precondition(fmt::format("no node is '{}': none has joined", shown));
  return failed_precondition(fmt::format("no node is '{}': there are {}", shown, list(nodes)));
}

}  // namespace fsdfs::master
