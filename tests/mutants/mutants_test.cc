// Each guard of invariants 2, 3, 4 and 7 switched off alone must make the simulator fail: a rule that nobody
// notices the breach of is not checked.
#include <gtest/gtest.h>

#include "tests/sim/run.h"

namespace fsdfs::sim {
namespace {

// A guard may matter only in a swarm that is full enough, or has slow nodes; the simulator runs hundreds of
// seeds.
constexpr uint64_t kSeedsMost = 40;

struct Mutant {
  const char* name;
  bool master::SchedulerGuards::*guard;
};

class MutantTest : public ::testing::TestWithParam<Mutant> {};

TEST_P(MutantTest, IsCaught) {
  master::SchedulerGuards guards;
  guards.*GetParam().guard = false;
  for (uint64_t seed = 1; seed <= kSeedsMost; ++seed) {
    RunResult result = run(plan_from_seed(seed), guards);
    if (result.failure.empty()) continue;
    RecordProperty("caught_by", result.failure);
    std::printf("%s: %s\n", GetParam().name, result.failure.c_str());
    return;
  }
  FAIL() << "no seed up to " << kSeedsMost << " notices that the guard " << GetParam().name << " is off";
}

using Guards = master::SchedulerGuards;
INSTANTIATE_TEST_SUITE_P(Guards, MutantTest,
                         ::testing::Values(Mutant{"strict_gap", &Guards::strict_gap},
                                           Mutant{"count_arriving", &Guards::count_arriving},
                                           Mutant{"count_doomed", &Guards::count_doomed},
                                           Mutant{"count_only_up", &Guards::count_only_up},
                                           Mutant{"victims_make_it_fit", &Guards::victims_make_it_fit},
                                           Mutant{"keep_min_copies", &Guards::keep_min_copies},
                                           Mutant{"keep_last_copy", &Guards::keep_last_copy},
                                           Mutant{"name_exact_version", &Guards::name_exact_version},
                                           Mutant{"old_needs_current", &Guards::old_needs_current},
                                           Mutant{"await_reports", &Guards::await_reports},
                                           Mutant{"reserve_arriving", &Guards::reserve_arriving},
                                           Mutant{"await_space", &Guards::await_space}),
                         [](const ::testing::TestParamInfo<Mutant>& mutant) {
                           return std::string(mutant.param.name);
                         });

}  // namespace
}  // namespace fsdfs::sim
