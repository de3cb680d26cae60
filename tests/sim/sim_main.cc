// fsdfs_sim: runs seeds through the simulator. Exit code 1 when one of them breaks a rule; the seed is
// printed.
//   fsdfs_sim [--seeds N] [--first S] [--verbose]
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "tests/sim/run.h"

namespace {

struct Arguments {
  uint64_t seeds = 100;
  uint64_t first = 1;
  bool verbose = false;
};

bool parse(int argc, char** argv, Arguments& arguments) {
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--verbose") == 0) {
      arguments.verbose = true;
    } else if (std::strcmp(argv[i], "--seeds") == 0 && i + 1 < argc) {
      arguments.seeds = std::strtoull(argv[++i], nullptr, 10);
    } else if (std::strcmp(argv[i], "--first") == 0 && i + 1 < argc) {
      arguments.first = std::strtoull(argv[++i], nullptr, 10);
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  if (!parse(argc, argv, arguments)) {
    std::fprintf(stderr, "usage: fsdfs_sim [--seeds N] [--first S] [--verbose]\n");
    return 2;
  }
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  fsdfs::sim::Tally tally;
  int64_t simulated_ms = 0;
  uint64_t failed = 0;
  auto began = std::chrono::steady_clock::now();
  for (uint64_t seed = arguments.first; seed < arguments.first + arguments.seeds; ++seed) {
    fsdfs::sim::Plan plan = fsdfs::sim::plan_from_seed(seed);
    fsdfs::sim::RunResult result = fsdfs::sim::run(plan);
    tally.add(result.tally);
    simulated_ms += result.simulated_ms;
    if (arguments.verbose)
      std::printf("%s\n  %s\n", plan.describe().c_str(), result.tally.to_string().c_str());
    if (result.failure.empty()) continue;
    ++failed;
    std::printf("FAILED %s\n", result.failure.c_str());
  }
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  std::printf("%s\n", tally.to_string().c_str());
  std::printf("%llu seeds, %llu failed, %.1f s, %.1f days simulated\n",
              static_cast<unsigned long long>(arguments.seeds), static_cast<unsigned long long>(failed),
              seconds, static_cast<double>(simulated_ms) / 86'400'000);
  return failed == 0 ? 0 : 1;
}
