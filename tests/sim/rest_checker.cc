#include "tests/sim/rest_checker.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <vector>

#include "tests/sim/names.h"

namespace fsdfs::sim {

using master::AdminState;
using master::Liveness;

namespace {

bool takes(const Checker::Node& node) {
  return node.present && node.reported && node.info.liveness == Liveness::kUp &&
         node.info.admin == AdminState::kActive && !node.info.at_floor;
}

bool at_work(const Checker::File& file) {
  return file.known && !file.removed && !file.info.open && !file.info.trash;
}

// What each node could give up: bytes by surplus.
struct Victims {
  std::vector<std::pair<double, int64_t>> live;  // (surplus, bytes), most surplus first
  int64_t spare_trash = 0, last_trash = 0;

  int64_t bytes_for(double need) const {
    int64_t sum = spare_trash + (need < 0 ? last_trash : 0);
    for (const auto& [surplus, bytes] : live) {
      if (surplus < need + 2 - kRounding) break;
      sum += bytes;
    }
    return sum;
  }
};

std::vector<Victims> find_victims(const Checker& books) {
  std::vector<Victims> victims(books.nodes().size());
  for (const Checker::File& file : books.files()) {
    if (!file.known || file.removed || file.info.open || !books.every_holder_settled(file)) continue;
    int copies = books.copies_of_victim(file);
    auto bytes = static_cast<int64_t>(file.info.size);
    for (const Checker::Copy& copy : file.copies) {
      if (copy.doomed || copy.version != file.info.version || !takes(books.nodes()[copy.node])) continue;
      Victims& of_node = victims[copy.node];
      if (file.info.trash) {
        (copies > 1 ? of_node.spare_trash : of_node.last_trash) += bytes;
      } else if (copies - 1 >= books.floor_of(file)) {
        of_node.live.emplace_back(copies - file.info.target, bytes);
      }
    }
  }
  for (Victims& of_node : victims) std::sort(of_node.live.rbegin(), of_node.live.rend());
  return victims;
}

std::string name(const Checker::File& file) {
  return "inode " + std::to_string(file.info.inode.value);
}

// A node that would take one more copy of the file; empty when there is none.
std::string move_left(const Checker& books, const std::vector<Victims>& victims, const Checker::File& file) {
  bool source = std::any_of(file.copies.begin(), file.copies.end(), [&](const Checker::Copy& copy) {
    return !copy.doomed && copy.version == file.info.version &&
           books.nodes()[copy.node].info.liveness == Liveness::kUp;
  });
  double need = books.copies_in_need(file) - file.info.target;
  if (!source || (need >= 0 && !books.settings().fill)) return "";
  for (size_t number = 0; number < books.nodes().size(); ++number) {
    const Checker::Node& node = books.nodes()[number];
    if (!takes(node) || books.holds_current(file, number)) continue;
    int64_t room = books.free_when_done(node);
    if (need >= 0) room -= static_cast<int64_t>(books.reserve_of(node));
    auto size = static_cast<int64_t>(file.info.size);
    std::string where = name(file) + " of " + std::to_string(size) + " bytes with K-N " +
                        std::to_string(need) + " could go to node " + std::to_string(number) + ": ";
    if (room >= size) return where + std::to_string(room) + " bytes are free";
    int64_t evictable = victims[number].bytes_for(need);
    if (evictable > 0 && room + evictable >= size) {
      return where + std::to_string(evictable) + " bytes could be evicted for it, " + std::to_string(room) +
             " are free";
    }
  }
  return "";
}

std::string check_copies_at_rest(const Checker& books, const Checker::File& file) {
  if (!file.arrivals.empty()) return name(file) + ": a copy is under way at rest";
  for (const Checker::Copy& copy : file.copies) {
    const Checker::Node& node = books.nodes()[copy.node];
    if (node.info.liveness != Liveness::kUp) continue;
    std::string where = name(file) + " on node " + std::to_string(copy.node) + ": ";
    if (copy.doomed) return where + "doomed and still there";
    if (file.removed && books.every_holder_settled(file)) return where + "removed and still there";
    if (file.removed || copy.version == file.info.version || file.info.open) continue;
    double enough =
        file.info.trash ? 1 : std::min(file.info.target, static_cast<double>(books.settings().sync_copies));
    bool whole = books.copies_of_victim(file) >= std::max(1.0, enough) && books.every_holder_settled(file);
    if (whole) return where + "an old version though the current one is whole";
  }
  return "";
}

}  // namespace

std::string check_rest(const Checker& books) {
  std::vector<Victims> victims = find_victims(books);
  for (const Checker::File& file : books.files()) {
    if (!file.known) continue;
    if (std::string wrong = check_copies_at_rest(books, file); !wrong.empty()) return wrong;
    if (!at_work(file)) continue;
    if (std::string wrong = move_left(books, victims, file); !wrong.empty())
      return "a move is left: " + wrong;
  }
  for (size_t number = 0; number < books.nodes().size(); ++number) {
    const Checker::Node& node = books.nodes()[number];
    if (!takes(node)) continue;
    if (node.arriving != 0) return "node " + std::to_string(number) + ": space reserved at rest";
    int64_t free = books.free_when_done(node);
    if (free >= static_cast<int64_t>(books.reserve_of(node) / 2) && free >= 0) continue;
    bool spare = victims[number].spare_trash > 0 ||
                 (!victims[number].live.empty() && victims[number].live.front().first >= 1 - kRounding &&
                  victims[number].live.front().second > 0);
    if (spare) return "node " + std::to_string(number) + ": its reserve is not whole and it has spare copies";
  }
  return "";
}

std::string check_health(const Checker& books, const master::Health& health) {
  uint64_t files = 0, unavailable = 0, endangered = 0;
  double lowest = std::numeric_limits<double>::max();
  std::map<int64_t, uint64_t> histogram;
  for (const Checker::File& file : books.files()) {
    if (!at_work(file)) continue;
    int copies = 0;
    for (const Checker::Copy& copy : file.copies) {
      copies += !copy.doomed && copy.version == file.info.version &&
                books.nodes()[copy.node].info.liveness != Liveness::kDead;
    }
    double surplus = copies - file.info.target;
    ++files;
    unavailable += copies == 0;
    endangered += copies == 1 && file.info.target >= 2;
    lowest = std::min(lowest, surplus);
    ++histogram[static_cast<int64_t>(std::floor(surplus + kRounding))];
  }
  if (files != health.files) return "health: files " + std::to_string(health.files);
  if (unavailable != health.unavailable) return "health: unavailable " + std::to_string(health.unavailable);
  if (endangered != health.endangered) return "health: endangered " + std::to_string(health.endangered);
  if (histogram != health.histogram) return "health: the histogram differs";
  if (files > 0 && std::abs(lowest - health.min_surplus) > kRounding) {
    return "health: min_surplus " + std::to_string(health.min_surplus) + ", it is " + std::to_string(lowest);
  }
  if (health.copies_in_flight != 0) return "health: copies in flight at rest";
  if (health.copies_queued != 0) {
    return "health: " + std::to_string(health.copies_queued) + " files wait for their turn at rest";
  }
  return "";
}

namespace {

// What the books say of one node.
struct NodeFigures {
  uint64_t files = 0, only_copies = 0, drain_left = 0;
  bool has_max = false;
  double max_surplus = 0;
};

void add_to_figures(const Checker& books, const Checker::File& file, int usable,
                    std::vector<NodeFigures>& figures) {
  auto current = [&file](const Checker::Copy& copy) {
    return !copy.doomed && copy.version == file.info.version;
  };
  int live = 0, stay = 0;
  for (const Checker::Copy& copy : file.copies) {
    const Checker::Node& node = books.nodes()[copy.node];
    if (!current(copy)) continue;
    ++figures[copy.node].files;
    live += node.info.liveness != Liveness::kDead;
    stay += node.info.liveness != Liveness::kDead && node.info.admin != AdminState::kDraining;
  }
  if (file.removed || file.info.trash) return;
  for (const Checker::Copy& copy : file.copies) {
    const Checker::Node& node = books.nodes()[copy.node];
    if (!current(copy)) continue;
    NodeFigures& own = figures[copy.node];
    double surplus = live - file.info.target;
    own.max_surplus = own.has_max ? std::max(own.max_surplus, surplus) : surplus;
    own.has_max = true;
    bool is_live = node.info.liveness != Liveness::kDead;
    own.only_copies += is_live && live == 1;
    own.drain_left += is_live && node.info.admin == AdminState::kDraining &&
                      stay < std::min(file.info.target, static_cast<double>(usable));
  }
}

}  // namespace

std::string check_nodes(const Checker& books, const std::vector<master::NodeView>& views) {
  std::vector<NodeFigures> figures(books.nodes().size());
  auto usable = std::count_if(books.nodes().begin(), books.nodes().end(), [](const Checker::Node& node) {
    return node.present && node.info.liveness != Liveness::kDead && node.info.admin != AdminState::kDraining;
  });
  for (const Checker::File& file : books.files()) {
    if (file.known) add_to_figures(books, file, static_cast<int>(usable), figures);
  }
  for (const master::NodeView& view : views) {
    size_t number = node_of(view.id);
    const Checker::Node& node = books.nodes()[number];
    const NodeFigures& own = figures[number];
    std::string where = "the view of node " + std::to_string(number) + ": ";
    if (view.used != node.used + node.info.other_bytes) return where + "used " + std::to_string(view.used);
    // Elsewhere a deletion may be wanted and not be ordered yet.
    if (node.info.liveness == Liveness::kUp && view.doomed != node.doomed) {
      return where + "doomed " + std::to_string(view.doomed);
    }
    if (view.arriving != node.arriving) return where + "arriving " + std::to_string(view.arriving);
    if (view.files != own.files) return where + "files " + std::to_string(view.files);
    if (view.only_copies != own.only_copies) {
      return where + "only_copies " + std::to_string(view.only_copies) + ", it has " +
             std::to_string(own.only_copies);
    }
    if (view.drain_left != own.drain_left) {
      return where + "drain_left " + std::to_string(view.drain_left) + ", it has " +
             std::to_string(own.drain_left);
    }
    if (view.has_max_surplus != own.has_max ||
        (own.has_max && std::abs(view.max_surplus - own.max_surplus) > kRounding)) {
      return where + "max_surplus " + std::to_string(view.max_surplus);
    }
  }
  return "";
}

}  // namespace fsdfs::sim
