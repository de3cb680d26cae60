// What a dead node costs those who use the master meanwhile: the real store and control loop, with nodes that
// live in this process and obey at once. Prints how long lookups, mkdirs and admissions of puts take before
// the death and while the lost copies are found, ordered, made and recorded.
//   master_bench [--nodes N] [--dir DIRECTORY] [FILES...]      default: 1,000 nodes; 1000000
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "bench/bench.h"
#include "common/concurrency/stop_signal.h"
#include "master/control/control_loop.h"
#include "master/namespace/operations.h"
#include "master/store/sqlite_store.h"
#include "tests/harness/wait.h"

namespace {

using namespace fsdfs;
using namespace fsdfs::master;
using bench::need;
using bench::node_id;
using bench::seconds_since;
using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

constexpr uint64_t kSize = 1 << 20;
constexpr int kCopies = 3;
constexpr uint64_t kFilesPerDirectory = 1000;
constexpr uint64_t kFilesPerCommit = 2000;
constexpr int kDead = 17;  // the node that dies
constexpr uint64_t kReplicasInRange = 1024;

// How long calls of one kind took.
class Latency {
 public:
  void note(double seconds) {
    std::lock_guard lock(mutex_);
    seconds_.push_back(seconds);
  }
  std::string text_and_reset() {
    std::lock_guard lock(mutex_);
    std::sort(seconds_.begin(), seconds_.end());
    char text[100] = "no calls";
    if (!seconds_.empty()) {
      auto ms = [&](double share) {
        return 1e3 * seconds_[static_cast<size_t>(share * static_cast<double>(seconds_.size() - 1))];
      };
      std::snprintf(text, sizeof text, "%7zu calls  p50 %6.2f ms  p99 %6.2f ms  longest %7.2f ms",
                    seconds_.size(), ms(0.5), ms(0.99), ms(1));
    }
    seconds_.clear();
    return text;
  }

 private:
  std::mutex mutex_;
  std::vector<double> seconds_;
};

// The node's end of its attendance: keeps the copies that are ordered until the next report.
class Link final : public NodeLink {
 public:
  bool send(Epoch, const MasterMessage& message) override {
    if (const auto* copy = std::get_if<CopyMessage>(&message)) {
      std::lock_guard lock(mutex_);
      made_.push_back({copy->replica, copy->content, ReplicaState::kWhole});
    }
    return true;
  }
  void close(const Status& why) override { need(why.ok() ? unavailable("closed") : why, "a node's stream"); }
  std::vector<HeldReplica> take() {
    std::lock_guard lock(mutex_);
    return std::exchange(made_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<HeldReplica> made_;
};

class Bench {
 public:
  Bench(uint64_t files, int nodes, const std::string& directory)
      : files_(files), attending_(static_cast<size_t>(nodes)) {
    auto opened = SqliteStore::open(directory + "/master.db", clock_, logger_);
    need(opened.status(), "open");
    store_ = std::move(*opened);
  }

  void run() {
    auto began = Steady::now();
    fill();
    std::printf("%llu files, %zu nodes; written in %.0f s", static_cast<unsigned long long>(files_),
                attending_.size(), seconds_since(began));
    began = Steady::now();
    ControlSettings settings;
    settings.scheduler.fill = false;
    settings.dead_after = 5s;
    settings.report_interval = 1s;
    loop_.emplace(*store_, clock_, logger_, settings);
    store_->add_listener(*loop_);
    need(loop_->start(), "start");
    std::printf(", read at the start in %.1f s", seconds_since(began));
    began = Steady::now();
    join();
    std::printf(", all nodes' inventories in %.1f s\n", seconds_since(began));

    std::vector<std::thread> threads;
    threads.emplace_back([this] { report(); });
    threads.emplace_back([this] { call(lookups_, [this](uint64_t i) { lookup_file(i); }); });
    threads.emplace_back([this] { call(mkdirs_, [this](uint64_t i) { make(i); }); });
    threads.emplace_back([this] { call(admissions_, [this](uint64_t) { admit(); }); });
    phase("before", [began = Steady::now()] { return seconds_since(began) > 10; });
    uint64_t lost = loop_->view()->find(node_id(kDead))->placed.files;
    dead_ = true;
    await([this] { return loop_->view()->health.nodes_dead == 1; });
    began = Steady::now();
    lookups_.text_and_reset(), mkdirs_.text_and_reset(), admissions_.text_and_reset();
    double counted = 0;
    phase("during", [&] {
      const Health health = loop_->view()->health;
      if (counted == 0 && !health.settling) counted = seconds_since(began);
      return !health.settling && health.min_surplus >= 0 && health.copies_in_flight == 0;
    });
    double healed = seconds_since(began);
    std::printf(
        "%llu copies lost: counted and queued after %.2f s, all made and recorded after %.2f s (%.0f/s)\n",
        static_cast<unsigned long long>(lost), counted, healed, static_cast<double>(lost) / healed);
    stop_.request_stop();
    for (std::thread& thread : threads) thread.join();
    loop_->stop();
    store_->close();
  }

 private:
  template <typename Operation>
  void write(Operation operation) {
    need(store_
             ->write({},
                     [&](WriteTransaction& transaction) -> Result<std::string> {
                       FSDFS_TRY(operation(transaction));
                       return std::string();
                     })
             .status(),
         "write");
  }

  std::string directory_of(uint64_t file) const { return "/d" + std::to_string(file / kFilesPerDirectory); }
  int holder(uint64_t file, int copy) const {
    return static_cast<int>((file * 7919 + static_cast<uint64_t>(copy) * 331) % attending_.size());
  }

  void fill() {
    for (size_t node = 0; node < attending_.size(); ++node) {
      NodeRecord record;
      record.id = node_id(static_cast<int>(node));
      record.address = "127.0.0.1:" + std::to_string(4242 + node);
      record.zone = "z" + std::to_string(node % 20);
      record.host = "h" + std::to_string(node);
      record.quota = quota();
      record.incarnation = Incarnation{1};
      write([&](WriteTransaction& transaction) { return transaction.put_node(record); });
    }
    InodeId parent;
    for (uint64_t first = 0; first < files_; first += kFilesPerCommit) {
      write([&](WriteTransaction& transaction) -> Status {
        for (uint64_t file = first; file < std::min(files_, first + kFilesPerCommit); ++file) {
          if (file % kFilesPerDirectory == 0) {
            FSDFS_ASSIGN(Inode made,
                         make_directory(transaction, {InodeId{}, directory_of(file)}, {0755, 0, 0}, false));
            parent = made.id;
          }
          FSDFS_TRY(add_file(transaction, parent, file));
        }
        return {};
      });
    }
  }
  Status add_file(WriteTransaction& transaction, InodeId parent, uint64_t file) {
    Inode inode;
    inode.id = transaction.new_inode_id();
    inode.mode = 0644;
    inode.links = 1;
    inode.version = transaction.new_version();
    inode.content.size = kSize;
    inode.target = kCopies;
    FSDFS_TRY(transaction.add_inode(inode));
    FSDFS_TRY(
        transaction.add_entry({parent, "f" + std::to_string(file), transaction.new_cookie(), inode.id}));
    for (int copy = 0; copy < kCopies; ++copy) {
      ReplicaId replica{inode.id, inode.version};
      int on = holder(file, copy);
      FSDFS_TRY(transaction.put_replica({replica, node_id(on), ReplicaState::kWhole, kSize, {}}));
      attending_[static_cast<size_t>(on)].held.push_back(replica);
    }
    return {};
  }
  uint64_t quota() const { return files_ * kCopies * kSize / attending_.size() * 2; }

  void join() {
    std::atomic<size_t> left = attending_.size();
    for (size_t node = 0; node < attending_.size(); ++node) {
      Attending& one = attending_[node];
      NodeHello hello;
      hello.node = node_id(static_cast<int>(node));
      hello.incarnation = Incarnation{1};
      hello.swarm = store_->swarm();
      hello.address = "127.0.0.1:" + std::to_string(4242 + node);
      hello.zone = "z" + std::to_string(node % 20);
      hello.host = "h" + std::to_string(node);
      hello.quota = quota();
      one.link = std::make_shared<Link>();
      one.attendance = loop_->join(hello, one.link);
    }
    await([this] { return loop_->view()->health.nodes_up == attending_.size(); });
    for (size_t node = 0; node < attending_.size(); ++node) {
      loop_->inventory(attending_[node].attendance, node_id(static_cast<int>(node)),
                       ranges_of(attending_[node].held), [&left] { --left; });
      report_of(node);
    }
    await([&left] { return left == 0; });
    await([this] { return loop_->view()->settled; });
  }

  // All of them in one message: they are held against the records, and agree.
  static InventoryRanges ranges_of(const std::vector<ReplicaId>& held) {
    InventoryRanges told;
    RangeDigest digest;
    for (const ReplicaId& replica : held) {
      digest.add(replica, kSize, {}, static_cast<uint8_t>(ReplicaState::kWhole));
      if (digest.count() == kReplicasInRange)
        told.ranges.push_back({replica, kReplicasInRange, digest.finish()});
    }
    uint64_t rest = digest.count();
    told.ranges.push_back({kReplicaIdMax, rest, digest.finish()});
    return told;
  }

  // --- threads ---

  void report() {
    do {
      for (size_t node = 0; node < attending_.size() && !stop_.stopped(); ++node) {
        if (!dead_ || node != kDead) report_of(node);
      }
    } while (!stop_.wait_for(50ms));
  }
  void report_of(size_t node) {
    Attending& one = attending_[node];
    NodeReport report;
    report.quota = quota();
    report.free_on_disk = quota();
    for (HeldReplica& made : one.link->take()) {
      report.changes.push_back({++one.sequence, made});
      one.held.push_back(made.replica);
    }
    report.used = one.held.size() * kSize;
    bool due = Steady::now() - one.reported > 1s;
    if (report.changes.empty() && !due) return;
    one.reported = Steady::now();
    loop_->report(one.attendance, std::move(report), [] {});
  }

  template <typename Call>
  void call(Latency& latency, Call one) {
    for (uint64_t i = 0; !stop_.wait_for(2ms); ++i) {
      auto began = Steady::now();
      one(i);
      latency.note(seconds_since(began));
    }
  }
  void lookup_file(uint64_t i) {
    uint64_t file = i * 6'700'417 % files_;
    auto view = store_->read();
    need(view.status(), "read");
    auto found = lookup(**view, {InodeId{}, directory_of(file) + "/f" + std::to_string(file)});
    need(found.status(), "lookup");
    need((*view)->replicas(found->inode.id).status(), "replicas");
  }
  void make(uint64_t i) {
    std::string path = "/new" + std::to_string(i / kFilesPerDirectory) + "/" + std::to_string(i);
    write([&](WriteTransaction& transaction) {
      return make_directory(transaction, {InodeId{}, path}, {0755, 0, 0}, true).status();
    });
  }
  void admit() {
    AdmitRequest request;
    request.session = store_->new_session_id();
    request.size = kSize;
    std::promise<Admission> promise;
    auto answer = promise.get_future();
    loop_->admit(request, Steady::now() + 10s, [&](Admission given) { promise.set_value(std::move(given)); });
    Admission given = answer.get();
    need(given.refusal, "admit");
    loop_->give_up(request.session);
  }

  template <typename Condition>
  void await(Condition condition) {
    if (!testing::eventually(10min, condition)) need(unavailable("not within 10 minutes"), "the bench");
  }
  template <typename Condition>
  void phase(const char* name, Condition ends) {
    await(ends);
    std::printf("  %s: lookup %s\n", name, lookups_.text_and_reset().c_str());
    std::printf("  %s: mkdir  %s\n", name, mkdirs_.text_and_reset().c_str());
    std::printf("  %s: admit  %s\n", name, admissions_.text_and_reset().c_str());
  }

  struct Attending {
    std::shared_ptr<Link> link;
    uint64_t attendance = 0;
    uint64_t sequence = 0;
    Steady::time_point reported;
    std::vector<ReplicaId> held;
  };

  const uint64_t files_;
  SystemClock clock_;
  MemoryLogger logger_;
  std::vector<Attending> attending_;
  std::unique_ptr<SqliteStore> store_;
  std::optional<ControlLoop> loop_;
  std::atomic<bool> dead_ = false;
  StopSignal stop_;
  Latency lookups_, mkdirs_, admissions_;
};

}  // namespace

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  std::vector<uint64_t> sizes;
  int nodes = 1000;
  std::string parent = std::filesystem::temp_directory_path();
  for (int i = 1; i < argc; ++i) {
    std::string word = argv[i];
    if (word == "--nodes" && i + 1 < argc) {
      nodes = std::max(20, std::atoi(argv[++i]));
    } else if (word == "--dir" && i + 1 < argc) {
      parent = argv[++i];
    } else {
      sizes.push_back(std::strtoull(word.c_str(), nullptr, 10));
    }
  }
  if (sizes.empty()) sizes = {1'000'000};
  for (uint64_t files : sizes) {
    std::string pattern = parent + "/fsdfs-bench-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) return 1;
    Bench(files, nodes, pattern).run();
    std::filesystem::remove_all(pattern);
  }
  return 0;
}
