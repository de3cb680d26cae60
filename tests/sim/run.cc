#include "tests/sim/run.h"

#include "tests/sim/foresight.h"
#include "tests/sim/rest_checker.h"
#include "tests/sim/world.h"

namespace fsdfs::sim {

namespace {

constexpr int kTicksAtRest = 10'000;

std::string check_at_rest(World& world) {
  const Checker& books = world.checker();
  const master::Scheduler& scheduler = world.master().scheduler();
  if (!books.failure().empty()) return books.failure();
  std::string wrong = check_rest(books);
  if (wrong.empty()) wrong = check_health(books, scheduler.health());
  if (wrong.empty()) wrong = check_nodes(books, scheduler.nodes());
  return wrong.empty() ? "" : "at rest: " + wrong;
}

std::string play(World& world) {
  world.run_events();
  if (!world.checker().failure().empty()) return world.checker().failure();
  if (!world.settle()) return "it does not come to rest; the latest orders:" + world.latest_orders();
  if (std::string wrong = check_at_rest(world); !wrong.empty()) return wrong;
  if (std::string wrong = check_foresight(world); !wrong.empty()) return wrong;
  if (std::string wrong = check_at_rest(world); !wrong.empty()) return wrong;
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
