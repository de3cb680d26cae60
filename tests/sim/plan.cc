#include "tests/sim/plan.h"

#include <algorithm>
#include <cmath>
#include <sstream>

namespace fsdfs::sim {

using namespace std::chrono_literals;

std::string Plan::describe() const {
  std::ostringstream text;
  text << "seed " << seed << ": " << nodes << " nodes, " << zones << " zones, " << files << " files, "
       << events << " events, fullness " << fullness << (equal_sizes ? ", equal sizes" : "")
       << (fractional_targets ? ", fractional targets" : "") << ", reserve " << scheduler.write_reserve
       << ", min_copies " << scheduler.min_copies << ", sync_copies " << scheduler.sync_copies
       << (scheduler.fill ? "" : ", no fill");
  return text.str();
}

Plan plan_from_seed(uint64_t seed) {
  Random random(seed ^ 0x5EED);
  Plan plan;
  plan.seed = seed;
  uint64_t size_class = random.below(400);
  plan.nodes = size_class == 0   ? random.between(300, 1000)
               : size_class < 20 ? random.between(50, 150)
                                 : random.between(20, 26);
  plan.zones = random.between(1, 5);
  plan.files = random.between(500, 540);
  plan.events = random.between(2'000, 2'100);
  plan.step_ms = random.chance(0.5) ? 2'000 : random.chance(0.5) ? 1'000 : 500;
  plan.equal_sizes = random.chance(0.25);
  plan.unit = random.chance(0.1) ? 10 : 1'000;
  double fullness[] = {0.1, 0.2, 0.3, 0.4, 0.6, 0.8};
  plan.fullness = fullness[random.below(6)];
  plan.fractional_targets = random.chance(0.3);
  plan.scheduler.write_reserve = random.chance(0.5) ? 0.05 : random.chance(0.5) ? 0 : 0.2;
  plan.scheduler.min_copies = random.chance(0.6) ? 2 : random.between(1, 3);
  plan.scheduler.sync_copies = random.chance(0.7) ? 2 : random.between(1, 3);
  plan.scheduler.sync_copies_min = random.chance(0.8) ? 1 : plan.scheduler.sync_copies;
  plan.scheduler.fill = random.chance(0.85);
  plan.scheduler.copies_in_per_node = random.chance(0.5) ? 32 : random.between(1, 6);
  plan.scheduler.copies_out_per_node = random.chance(0.5) ? 32 : random.between(1, 6);
  if (random.chance(0.15)) plan.scheduler.node_bytes_per_second = plan.unit * 4;
  if (random.chance(0.15)) plan.scheduler.swarm_bytes_per_second = plan.unit * 40;
  // Steps of the sweep small enough to be interrupted by facts.
  if (random.chance(0.3)) plan.scheduler.files_swept_per_tick = static_cast<size_t>(random.between(50, 300));
  plan.scheduler.copy_timeout = 30s;
  plan.scheduler.copy_rate_min = std::max<uint64_t>(1, plan.unit / 50);
  plan.scheduler.copy_retry_max = 20s;
  plan.scheduler.delete_retry = 10s;
  plan.liveness = {2s, 3, 20s};
  if (random.chance(0.6)) plan.retention_ms = random.between(5, 200) * 1'000;
  return plan;
}

Plan small_plan_from_seed(uint64_t seed) {
  Random random(seed ^ 0x5A11);
  Plan plan;
  plan.seed = seed;
  plan.nodes = random.between(2, 6);
  plan.files = random.between(2, 9);
  plan.events = 0;
  plan.equal_sizes = true;
  plan.unit = 10;
  plan.calm_nodes = true;
  plan.scheduler.write_reserve = 0;
  plan.scheduler.min_copies = random.chance(0.5) ? 1 : 2;
  plan.scheduler.sync_copies = random.between(1, 2);
  plan.liveness = {2s, 3, 20s};
  return plan;
}

double draw_target(const Plan& plan, Random& random) {
  uint64_t kind = random.below(100);
  double target = kind < 60 ? 3 : kind < 75 ? 2 : kind < 85 ? 1 : kind < 95 ? random.between(4, 8) : 0;
  if (kind >= 97) target = random.between(10, 60);  // boosted, often beyond the number of nodes
  if (plan.fractional_targets && random.chance(0.5)) target += static_cast<double>(random.below(10)) / 10;
  return target;
}

uint64_t draw_size(const Plan& plan, Random& random) {
  if (plan.equal_sizes) return plan.unit;
  // Log-normal about the unit: a few files make up most of the bytes.
  double sum = 0;
  for (int i = 0; i < 6; ++i) sum += random.unit() - 0.5;
  auto size = static_cast<uint64_t>(static_cast<double>(plan.unit) * std::exp(1.5 * sum));
  if (random.chance(0.02)) size = 0;
  if (random.chance(0.005)) size = plan.unit * 200;  // bigger than most rooms
  return size;
}

uint64_t draw_quota(const Plan& plan, Random& random) {
  double mean = static_cast<double>(plan.files) * static_cast<double>(plan.unit) / plan.fullness / plan.nodes;
  if (plan.equal_sizes) {
    auto slots =
        static_cast<uint64_t>(std::max(1.0, mean / static_cast<double>(plan.unit) * (0.5 + random.unit())));
    return slots * plan.unit;
  }
  double factor = std::exp(2 * (random.unit() - 0.5));
  return static_cast<uint64_t>(mean * factor) + plan.unit;
}

}  // namespace fsdfs::sim
