#include "tests/sim/foresight.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "tests/sim/names.h"

namespace fsdfs::sim {

using master::AdminState;
using master::Liveness;
using master::WhatIf;

namespace {

bool differ(std::optional<double> a, std::optional<double> b) {
  return a.has_value() != b.has_value() || (a && std::abs(*a - *b) > kRounding);
}

std::string text(std::optional<double> value) {
  return value ? std::to_string(*value) : "none";
}

// By the checker's books: how the files would stand at once without the node.
struct Standing {
  WhatIf::MinSurplus lowest;
  uint64_t lost = 0, left_one = 0;
};

Standing standing_without(const Checker& books, size_t lost_node, int usable) {
  Standing standing;
  for (const Checker::File& file : books.files()) {
    if (!file.known || file.removed || file.info.open || file.info.trash) continue;
    int copies = 0, lost = 0;
    for (const Checker::Copy& copy : file.copies) {
      bool counts = !copy.doomed && copy.version == file.info.version &&
                    books.nodes()[copy.node].info.liveness != Liveness::kDead;
      copies += counts && copy.node != lost_node;
      lost += counts && copy.node == lost_node;
    }
    standing.lost += lost > 0 && copies == 0;
    standing.left_one += lost > 0 && copies == 1;
    double surplus = copies - file.info.target;
    standing.lowest.all = std::min(standing.lowest.all.value_or(surplus), surplus);
    if (file.info.target > usable) continue;
    standing.lowest.uncapped = std::min(standing.lowest.uncapped.value_or(surplus), surplus);
  }
  return standing;
}

int usable_nodes(const Checker& books) {
  return static_cast<int>(
      std::count_if(books.nodes().begin(), books.nodes().end(), [](const Checker::Node& node) {
        return node.present && node.info.liveness != Liveness::kDead &&
               node.info.admin != AdminState::kDraining;
      }));
}

std::string compare_at_once(const Checker& books, const WhatIf& answer, size_t lost_node, int usable) {
  Standing at_once = standing_without(books, lost_node, usable);
  if (differ(answer.right_away.all, at_once.lowest.all)) {
    return "right away " + text(answer.right_away.all) + ", it is " + text(at_once.lowest.all);
  }
  if (differ(answer.right_away.uncapped, at_once.lowest.uncapped)) return "right away, uncapped";
  if (answer.files_lost != at_once.lost) return "files lost " + std::to_string(answer.files_lost);
  if (answer.files_left_one != at_once.left_one) {
    return "files left one " + std::to_string(answer.files_left_one);
  }
  return "";
}

std::string compare_in_the_end(World& world, const WhatIf& answer) {
  Standing in_the_end = standing_without(world.checker(), kNone, usable_nodes(world.checker()));
  const WhatIf::MinSurplus &foretold = answer.settled, &found = in_the_end.lowest;
  std::string figures = "settled " + text(foretold.all) + " (uncapped " + text(foretold.uncapped) +
                        "), it came to " + text(found.all) + " (" + text(found.uncapped) + ")";
  world.tally().count(answer.exact ? "foretold exactly" : "foretold as an estimate");
  if (answer.exact) {
    return differ(foretold.all, found.all) || differ(foretold.uncapped, found.uncapped) ? figures : "";
  }
  if (!differ(foretold.all, found.all)) world.tally().count("estimate was right");
  if (found.all && *found.all > foretold.all.value_or(*found.all) + kRounding) return "too low: " + figures;
  return "";
}

}  // namespace

std::string check_foresight(World& world) {
  const master::Scheduler& scheduler = world.master().scheduler();
  bool loses = world.plan().seed % 2 == 0;
  WhatIf answer;
  if (loses) {
    size_t node = world.pick_up_node();
    if (node == kNone) return "";
    answer = scheduler.what_if_lost(node_id(node)).value();
    bool counts = world.checker().nodes()[node].info.admin != AdminState::kDraining;
    int usable = usable_nodes(world.checker()) - (counts ? 1 : 0);
    if (std::string wrong = compare_at_once(world.checker(), answer, node, usable); !wrong.empty()) {
      return "what if node " + std::to_string(node) + " were lost: " + wrong;
    }
    world.kill_node(node);
  } else {
    uint64_t quota = draw_quota(world.plan(), world.random());
    answer = scheduler.what_if_added(quota);
    if (std::string wrong =
            compare_at_once(world.checker(), answer, kNone, usable_nodes(world.checker()) + 1);
        !wrong.empty()) {
      return "what if a node were added: " + wrong;
    }
    world.start_node(world.add_node(quota));
  }
  if (!world.rest()) return "it does not come to rest again; the latest orders:" + world.latest_orders();
  if (std::string wrong = compare_in_the_end(world, answer); !wrong.empty()) {
    return std::string("what if a node were ") + (loses ? "lost: " : "added: ") + wrong;
  }
  return "";
}

}  // namespace fsdfs::sim
