// How the scheduler behaves with millions of files, on 1,000 nodes with 3 copies a file and a node dead: what
// it takes to load them, resident bytes a file, a what-if question, the time until all copies of the dead
// node are found and ordered anew, the longest turn meanwhile (the master's control thread does nothing else
// then), decisions a second in repair and in filling idle quota.
//   scheduler_bench [FILES...]      default: 1000000 4000000 10000000
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "bench/bench.h"
#include "master/scheduler/scheduler.h"

namespace {

using namespace fsdfs;
using namespace fsdfs::master;
using bench::node_id;
using bench::resident_bytes;
using bench::seconds_since;

constexpr int kNodes = 1000;
constexpr int kZones = 20;
constexpr uint64_t kCopies = 3;
constexpr uint64_t kSizeMean = 4 << 20;

uint64_t mixed(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

InodeId inode_of(uint64_t file) {
  return InodeId{(uint64_t{1} << 40) | (file + 1)};
}
constexpr Version kVersion{Epoch{1}, 1};
uint64_t size_of(uint64_t file) {
  return mixed(file ^ 0x517E) % (2 * kSizeMean);
}

// A row of the table.
struct Row {
  uint64_t files = 0;
  double load_s = 0;
  double bytes_per_file = 0, bytes_per_file_in_the_end = 0;
  double what_if_s = 0;
  uint64_t lost = 0;  // copies, with a node
  double reordered_s = 0;
  double longest_turn_ms = 0;  // while they are found and ordered anew
  double repair_per_s = 0, fill_per_s = 0;
  double fill_p99_ms = 0, fill_longest_ms = 0;
};

void print_head() {
  std::printf("%9s %6s %6s %6s %8s %9s %9s %8s %9s %9s %8s %8s\n", "", "load", "bytes/", "in the", "what if",
              "copies", "ordered", "longest", "repair", "fill", "turn p99", "longest");
  std::printf("%9s %6s %6s %6s %8s %9s %9s %8s %9s %9s %8s %8s\n", "files", "s", "file", "end", "s", "lost",
              "anew, s", "turn, ms", "1/s", "1/s", "fill, ms", "ms");
}

void print(const Row& row) {
  std::printf("%9llu %6.1f %6.1f %6.1f %8.3f %9llu %9.3f %8.1f %9.0f %9.0f %8.1f %8.1f\n",
              static_cast<unsigned long long>(row.files), row.load_s, row.bytes_per_file,
              row.bytes_per_file_in_the_end, row.what_if_s, static_cast<unsigned long long>(row.lost),
              row.reordered_s, row.longest_turn_ms, row.repair_per_s, row.fill_per_s, row.fill_p99_ms,
              row.fill_longest_ms);
}

class Bench {
 public:
  explicit Bench(uint64_t files) : files_(files) { row_.files = files; }

  Row run() {
    before_ = resident_bytes();
    load();
    row_.load_s = seconds_since(began_);
    Turns turns;
    turn_until_quiet(turns);
    row_.bytes_per_file = bytes_per_file();
    ask();
    node_death();
    filling();
    row_.bytes_per_file_in_the_end = bytes_per_file();
    return row_;
  }

 private:
  void load() {
    began_ = std::chrono::steady_clock::now();
    settings_.fill = false;
    if (!scheduler_.set_settings(settings_).ok()) std::abort();
    uint64_t quota = files_ * kCopies * kSizeMean / kNodes / 6 * 10;
    for (int node = 0; node < kNodes; ++node) tell_node(node, Liveness::kUp, quota);
    for (uint64_t file = 0; file < files_; ++file) {
      FileInfo info;
      info.inode = inode_of(file);
      info.version = kVersion;
      info.size = size_of(file);
      info.weight = static_cast<float>(mixed(file) % 1000);
      if (!scheduler_.file_changed(info).ok()) std::abort();
      // Three nodes of three zones.
      int first = static_cast<int>(mixed(file * 3 + 7) % kNodes);
      for (int copy = 0; copy < static_cast<int>(kCopies); ++copy) {
        int node = (first + copy * (1 + static_cast<int>(mixed(file) % 5))) % kNodes;
        if (!scheduler_.replica_added(info.inode, kVersion, info.size, node_id(node)).ok()) std::abort();
      }
    }
    for (int node = 0; node < kNodes; ++node) scheduler_.node_reported(node_id(node));
    quota_ = quota;
  }

  void tell_node(int node, Liveness liveness, uint64_t quota) {
    NodeInfo info;
    info.id = node_id(node);
    info.zone = "zone" + std::to_string(node % kZones);
    info.quota = quota;
    info.liveness = liveness;
    if (!scheduler_.node_changed(info).ok()) std::abort();
  }

  struct Turns {
    uint64_t orders = 0;
    double seconds = 0;
    std::vector<double> ticks;
    // Of the longest that this share of the turns took.
    double ms_at(double share) const {
      std::vector<double> sorted = ticks;
      std::sort(sorted.begin(), sorted.end());
      if (sorted.empty()) return 0;
      return 1e3 * sorted[static_cast<size_t>(share * static_cast<double>(sorted.size() - 1))];
    }
    double per_second() const { return seconds > 0 ? static_cast<double>(orders) / seconds : 0; }
  };

  double bytes_per_file() const {
    return static_cast<double>(resident_bytes() - before_) / static_cast<double>(files_);
  }

  // A turn, with every order carried out at once.
  TickResult turn(Turns& turns) {
    now_ += std::chrono::milliseconds(10);
    auto began = std::chrono::steady_clock::now();
    TickResult result = scheduler_.tick(now_);
    turns.ticks.push_back(seconds_since(began));
    for (const Order& order : result.orders) obey(order);
    turns.seconds += seconds_since(began);
    turns.orders += result.orders.size();
    return result;
  }

  // Until nothing more is to be done or `most` orders were given.
  void turn_until_quiet(Turns& turns, uint64_t most = UINT64_MAX) {
    for (int quiet = 0; quiet < 2 && turns.orders < most;) {
      TickResult result = turn(turns);
      quiet = result.orders.empty() && !result.more_work ? quiet + 1 : 0;
    }
  }

  void obey(const Order& order) {
    if (const auto* copy = std::get_if<CopyOrder>(&order)) {
      (void)scheduler_.replica_added(copy->replica.inode, copy->replica.version, copy->size, copy->target);
    } else if (const auto* removal = std::get_if<DeleteOrder>(&order)) {
      scheduler_.replica_removed(removal->replica.inode, removal->replica.version, removal->node);
    }
  }

  void ask() {
    auto began = std::chrono::steady_clock::now();
    if (!scheduler_.what_if_lost(node_id(17))) std::abort();
    row_.what_if_s = seconds_since(began);
  }

  void node_death() {
    uint64_t held = scheduler_.node(node_id(17))->files;
    tell_node(17, Liveness::kDead, quota_);
    Turns turns;
    while (scheduler_.health().settling) turn(turns);
    row_.lost = held;
    turn_until_quiet(turns);
    if (turns.orders < held) std::abort();
    row_.reordered_s = turns.seconds;
    row_.repair_per_s = turns.per_second();
    row_.longest_turn_ms = turns.ms_at(1);
  }

  void filling() {
    settings_.fill = true;
    if (!scheduler_.set_settings(settings_).ok()) std::abort();
    Turns turns;
    turn_until_quiet(turns, 300'000);
    row_.fill_per_s = turns.per_second();
    row_.fill_p99_ms = turns.ms_at(0.99);
    row_.fill_longest_ms = turns.ms_at(1);
  }

  uint64_t files_;
  Row row_;
  uint64_t before_ = 0;
  uint64_t quota_ = 0;
  SchedulerSettings settings_;
  Scheduler scheduler_;
  MonotonicTime now_{std::chrono::hours(1)};
  std::chrono::steady_clock::time_point began_;
};

}  // namespace

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  std::vector<uint64_t> sizes;
  for (int i = 1; i < argc; ++i) sizes.push_back(std::strtoull(argv[i], nullptr, 10));
  if (sizes.empty()) sizes = {1'000'000, 4'000'000, 10'000'000};
  print_head();
  // A process each: what one frees may stay resident, and the next would seem to need less.
  for (uint64_t files : sizes) {
    pid_t child = fork();
    if (child == 0) {
      print(Bench(files).run());
      return 0;
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) return 1;
  }
  return 0;
}
