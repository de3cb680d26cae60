// How the scheduler behaves with millions of files: resident bytes a file, decisions a second, the time to
// requeue a dead node's replicas, and how long a single turn takes (the master's control thread does nothing
// else meanwhile).
//   scheduler_bench [FILES...]      default: 1000000 4000000 10000000; always 1,000 nodes and 3 copies a file
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "master/scheduler/scheduler.h"

namespace {

using namespace fsdfs;
using namespace fsdfs::master;

constexpr int kNodes = 1000;
constexpr int kZones = 20;
constexpr uint64_t kCopies = 3;
constexpr uint64_t kSizeMean = 4 << 20;

double seconds_since(std::chrono::steady_clock::time_point began) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

uint64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  uint64_t total = 0, resident = 0;
  statm >> total >> resident;
  return resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

uint64_t mixed(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

NodeId node_id(int node) {
  NodeId id;
  id.bytes[0] = static_cast<uint8_t>(node >> 8);
  id.bytes[1] = static_cast<uint8_t>(node & 0xFF);
  id.bytes[15] = 1;
  return id;
}

InodeId inode_of(uint64_t file) {
  return InodeId{(uint64_t{1} << 40) | (file + 1)};
}
constexpr Version kVersion{Epoch{1}, 1};
uint64_t size_of(uint64_t file) {
  return mixed(file ^ 0x517E) % (2 * kSizeMean);
}

class Bench {
 public:
  explicit Bench(uint64_t files) : files_(files) {}

  void run() {
    uint64_t before = resident_bytes();
    load();
    double load_seconds = seconds_since(began_);
    double per_file = static_cast<double>(resident_bytes() - before) / static_cast<double>(files_);
    turn_until_quiet(nullptr);
    std::printf("%9llu files: loaded in %.1f s; %.1f resident bytes a file, %.1f once the queues are built\n",
                static_cast<unsigned long long>(files_), load_seconds, per_file,
                static_cast<double>(resident_bytes() - before) / static_cast<double>(files_));
    node_death();
    filling();
    std::printf("           %.1f resident bytes a file in the end\n",
                static_cast<double>(resident_bytes() - before) / static_cast<double>(files_));
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
    double p99() const { return at(0.99); }
    double at(double share) const {
      std::vector<double> sorted = ticks;
      std::sort(sorted.begin(), sorted.end());
      return sorted.empty() ? 0 : sorted[static_cast<size_t>(share * static_cast<double>(sorted.size() - 1))];
    }
  };

  // Turns, with every order carried out at once, until nothing more is to be done or `most` orders were
  // given.
  void turn_until_quiet(Turns* turns, uint64_t most = UINT64_MAX) {
    for (int quiet = 0; quiet < 2;) {
      now_ += std::chrono::milliseconds(10);
      auto began = std::chrono::steady_clock::now();
      TickResult result = scheduler_.tick(now_);
      double tick_seconds = seconds_since(began);
      for (const Order& order : result.orders) obey(order);
      if (turns != nullptr) {
        turns->orders += result.orders.size();
        turns->seconds += seconds_since(began);
        turns->ticks.push_back(tick_seconds);
        if (turns->orders >= most) return;
      }
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

  void node_death() {
    auto began = std::chrono::steady_clock::now();
    tell_node(17, Liveness::kDead, quota_);
    double longest = 0;
    uint64_t orders = 0;
    int ticks = 0;
    while (scheduler_.health().settling) {
      now_ += std::chrono::milliseconds(10);
      auto tick_began = std::chrono::steady_clock::now();
      TickResult result = scheduler_.tick(now_);
      longest = std::max(longest, seconds_since(tick_began));
      ++ticks;
      // Nothing is carried out yet: only the requeuing is measured.
      orders += result.orders.size();
      pending_.insert(pending_.end(), result.orders.begin(), result.orders.end());
    }
    double requeued = seconds_since(began);
    Health health = scheduler_.health();
    std::printf("           a node dies: %llu files requeued in %.3f s (%d turns, the longest %.1f ms)\n",
                static_cast<unsigned long long>(health.copies_queued + health.copies_in_flight), requeued,
                ticks, longest * 1e3);
    Turns turns;
    auto copy_began = std::chrono::steady_clock::now();
    for (const Order& order : pending_) obey(order);
    turns.orders = orders;
    turns.seconds = seconds_since(copy_began);
    pending_.clear();
    turn_until_quiet(&turns);
    std::printf(
        "           its copies are made anew: %llu decisions, %.0f a second; turns p99 %.1f ms, longest %.1f "
        "ms\n",
        static_cast<unsigned long long>(turns.orders), static_cast<double>(turns.orders) / turns.seconds,
        turns.p99() * 1e3, turns.at(1) * 1e3);
  }

  void filling() {
    settings_.fill = true;
    (void)scheduler_.set_settings(settings_);
    Turns turns;
    turn_until_quiet(&turns, 300'000);
    std::printf(
        "           idle quota is filled: %llu decisions, %.0f a second; turns p99 %.1f ms, longest %.1f "
        "ms\n",
        static_cast<unsigned long long>(turns.orders), static_cast<double>(turns.orders) / turns.seconds,
        turns.p99() * 1e3, turns.at(1) * 1e3);
  }

  uint64_t files_;
  uint64_t quota_ = 0;
  SchedulerSettings settings_;
  Scheduler scheduler_;
  MonotonicTime now_{std::chrono::hours(1)};
  std::chrono::steady_clock::time_point began_;
  std::vector<Order> pending_;
};

}  // namespace

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  std::vector<uint64_t> sizes;
  for (int i = 1; i < argc; ++i) sizes.push_back(std::strtoull(argv[i], nullptr, 10));
  if (sizes.empty()) sizes = {1'000'000, 4'000'000, 10'000'000};
  for (uint64_t files : sizes) Bench(files).run();
  return 0;
}
