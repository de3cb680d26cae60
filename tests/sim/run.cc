#include "tests/sim/run.h"

#include "tests/sim/rest_checker.h"
#include "tests/sim/world.h"

namespace fsdfs::sim {

namespace {

constexpr int kTicksAtRest = 10'000;

std::string play(World& world) {
  world.run_events();
  if (!world.checker().failure().empty()) return world.checker().failure();
  if (!world.settle()) return "it does not come to rest; the latest orders:" + world.latest_orders();
  if (!world.checker().failure().empty()) return world.checker().failure();
  if (std::string wrong = check_rest(world.checker()); !wrong.empty()) return "at rest: " + wrong;
  if (std::string wrong = check_health(world.checker(), world.master().scheduler().health());
      !wrong.empty()) {
    return "at rest: " + wrong;
  }
  if (!world.nothing_moves(kTicksAtRest)) return "at rest: something moves:" + world.latest_orders();
  return world.checker().failure();
}

}  // namespace

RunResult run(const Plan& plan, const master::SchedulerGuards& guards) {
  World world(plan, guards);
  RunResult result;
  std::string failure = play(world);
  if (!failure.empty()) {
    result.failure = plan.describe() + "\n  after " + std::to_string(world.now_ms()) + " ms: " + failure;
  }
  result.tally = world.tally();
  result.simulated_ms = world.now_ms();
  return result;
}

}  // namespace fsdfs::sim
