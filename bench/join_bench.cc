// What the join of one node with many replicas costs: a real index and a real master's database and control
// loop in one process, whose messages are made and read as on the wire, and counted instead of sent. Node and
// master work in turn, where they would work at once.
//   join_bench [--dir DIRECTORY] [REPLICAS]      default: 1000000
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "bench/bench.h"
#include "common/io/posix_disk.h"
#include "master/control/control_loop.h"
#include "master/service/convert.h"
#include "master/store/sqlite_store.h"
#include "node/link/inventory.h"
#include "node/store/recovery.h"
#include "node/store/wire.h"

namespace {

using namespace fsdfs;
using bench::seconds_since;
using Steady = std::chrono::steady_clock;

constexpr uint64_t kSize = 1 << 20;
constexpr uint64_t kFilesPerCommit = 2000;

void need(const Status& status, const char* what) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s: %s\n", what, status.to_string().c_str());
  std::exit(1);
}

ContentDigest digest_of(uint64_t file) {
  ContentDigest digest;
  for (size_t i = 0; i < 8; ++i) digest.bytes[i] = static_cast<uint8_t>(file >> 8 * i);
  return digest;
}

// The node's end of the stream: what the master said, and how many bytes that took.
class Wire final : public master::NodeLink {
 public:
  bool send(Epoch epoch, const master::MasterMessage& message) override {
    v1::MasterMessage wired = master::to_proto(epoch, message, "bench");
    std::lock_guard lock(mutex_);
    bytes_ += wired.ByteSizeLong();
    said_.push_back(std::move(wired));
    came_.notify_all();
    return true;
  }
  void close(const Status& why) override { need(why.ok() ? unavailable("closed") : why, "the stream"); }
  // Waits for one unless `at_once`.
  std::optional<v1::MasterMessage> next(bool at_once) {
    std::unique_lock lock(mutex_);
    if (!at_once) came_.wait(lock, [this] { return !said_.empty(); });
    if (said_.empty()) return std::nullopt;
    v1::MasterMessage message = std::move(said_.front());
    said_.pop_front();
    return message;
  }
  uint64_t bytes() {
    std::lock_guard lock(mutex_);
    return bytes_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::deque<v1::MasterMessage> said_;
  uint64_t bytes_ = 0;
};

class Bench {
 public:
  Bench(uint64_t replicas, const std::string& directory) : replicas_(replicas), directory_(directory) {
    auto opened = master::SqliteStore::open(directory + "/master.db", clock_, logger_);
    need(opened.status(), "open the master's database");
    master_ = std::move(*opened);
    auto disks = node::NodeDisks::open(disk_, {directory + "/data"}, logger_);
    need(disks.status(), "open the data directory");
    disks_ = std::move(*disks);
  }

  void run() {
    auto began = Steady::now();
    fill_records();
    fill_index();
    std::printf("%llu replicas; written in %.0f s\n", static_cast<unsigned long long>(replicas_),
                seconds_since(began));
    node::StoreSettings settings;
    settings.quotas = {replicas_ * kSize * 2};
    auto store = node::ReplicaStore::open(settings, *disks_, clock_, logger_);
    need(store.status(), "open the replicas");
    store_ = std::move(*store);
    loop_.emplace(*master_, clock_, logger_, master::ControlSettings());
    master_->add_listener(*loop_);
    need(loop_->start(), "start");
    name_all();
    join("nothing changed");
    for (uint64_t i = 0; i < 10; ++i) forget(replicas_ / 10 * i + replicas_ / 20);
    join("10 changed");
    join("again");
    loop_->stop();
    master_->close();
  }

 private:
  template <typename Operation>
  void write(Operation operation) {
    need(master_
             ->write({},
                     [&](master::WriteTransaction& transaction) -> Result<std::string> {
                       FSDFS_TRY(operation(transaction));
                       return std::string();
                     })
             .status(),
         "write");
  }
  void fill_records() {
    hello_.node = disks_->node();
    hello_.incarnation = disks_->incarnation();
    hello_.address = "127.0.0.1:4242";
    hello_.quota = replicas_ * kSize * 2;
    write([&](master::WriteTransaction& transaction) {
      return master::register_node(transaction, hello_, master_->swarm()).status();
    });
    for (uint64_t first = 0; first < replicas_; first += kFilesPerCommit) {
      write([&](master::WriteTransaction& transaction) -> Status {
        for (uint64_t file = first; file < std::min(replicas_, first + kFilesPerCommit); ++file) {
          FSDFS_TRY(add_file(transaction, file));
        }
        return {};
      });
    }
  }
  Status add_file(master::WriteTransaction& transaction, uint64_t file) {
    master::Inode inode;
    inode.id = transaction.new_inode_id();
    inode.mode = 0644;
    inode.links = 1;
    inode.version = transaction.new_version();
    inode.content = {kSize, digest_of(file)};
    inode.target = 1;
    FSDFS_TRY(transaction.add_inode(inode));
    FSDFS_TRY(
        transaction.add_entry({kRootInode, "f" + std::to_string(file), transaction.new_cookie(), inode.id}));
    ids_.push_back({inode.id, inode.version});
    return transaction.put_replica({ids_.back(), hello_.node, master::ReplicaState::kWhole, kSize, {}});
  }
  void fill_index() {
    const node::Layout& layout = disks_->layout();
    auto opened = node::open_index(layout, disks_->disk(), logger_);
    need(opened.status(), "open the index");
    node::Index& index = *opened->index;
    need(index.begin_scan(), "fill the index");
    for (uint64_t file = 0; file < replicas_; ++file) {
      node::IndexRow row;
      row.held = {ids_[file], {kSize, digest_of(file)}, node::HeldState::kWhole};
      row.name = "f" + std::to_string(file);
      need(index.put(row), "fill the index");
    }
    need(index.end_scan().status(), "fill the index");
    need(index.close(), "close the index");
    need(node::mark_index_clean(layout, disks_->disk()), "close the index");
  }
  void forget(uint64_t file) {
    write([&](master::WriteTransaction& transaction) {
      return transaction.remove_replica(ids_[file], hello_.node);
    });
  }

  // To compare with: every replica by name.
  void name_all() {
    node::Inventory inventory(*store_);
    v1::InventoryRequest request;
    *request.add_spans()->mutable_last() = node::wire::to_wire(kReplicaIdMax);
    need(inventory.ask(request), "ask");
    auto began = Steady::now();
    uint64_t bytes = 0;
    while (true) {
      auto message = inventory.next();
      need(message.status(), "read the index");
      if (!(*message)->has_inventory_page()) break;
      bytes += (*message)->ByteSizeLong();
    }
    std::printf("  %-16s %12llu bytes up, %.2f s of the node\n", "all by name",
                static_cast<unsigned long long>(bytes), seconds_since(began));
  }

  void join(const char* what) {
    auto wire = std::make_shared<Wire>();
    auto began = Steady::now();
    uint64_t attendance = loop_->join(hello_, wire);
    while (!wire->next(false)->has_welcome()) {
    }
    node::Inventory inventory(*store_);
    uint64_t up = 0;
    double of_node = 0;
    for (bool settled = false; !settled;) {
      auto turn = Steady::now();
      auto message = inventory.next();
      of_node += seconds_since(turn);
      need(message.status(), "read the index");
      if (*message) {
        up += (*message)->ByteSizeLong();
        tell(attendance, **message);
      }
      while (auto said = wire->next(message->has_value())) {
        if (said->has_inventory()) need(inventory.ask(said->inventory()), "ask");
        if (said->has_acknowledge() && said->acknowledge().inventory()) settled = true;
        if (settled || said->has_inventory()) break;
      }
    }
    double seconds = seconds_since(began);
    std::printf("  %-16s %12llu bytes up, %llu down, %.2f s, of which %.2f s of the node\n", what,
                static_cast<unsigned long long>(up), static_cast<unsigned long long>(wire->bytes()), seconds,
                of_node);
    std::printf("    %s\n", logger_.lines().back().c_str());
    loop_->leave(attendance);
  }
  // One message at a time, as a stream brings them.
  void tell(uint64_t attendance, const v1::NodeMessage& message) {
    std::promise<void> promise;
    auto done = promise.get_future();
    auto next = [&promise] { promise.set_value(); };
    if (message.has_inventory_ranges()) {
      auto ranges = master::from_proto(message.inventory_ranges());
      need(ranges.status(), "ranges");
      loop_->inventory(attendance, hello_.node, std::move(*ranges), next);
    } else {
      auto page = master::from_proto(message.inventory_page());
      need(page.status(), "a page");
      loop_->inventory(attendance, hello_.node, std::move(*page), next);
    }
    done.wait();
  }

  const uint64_t replicas_;
  const std::string directory_;
  SystemClock clock_;
  MemoryLogger logger_;
  PosixDisk disk_;
  std::unique_ptr<master::SqliteStore> master_;
  std::unique_ptr<node::NodeDisks> disks_;
  std::unique_ptr<node::ReplicaStore> store_;
  std::optional<master::ControlLoop> loop_;
  master::NodeHello hello_;
  std::vector<ReplicaId> ids_;
};

}  // namespace

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  uint64_t replicas = 1'000'000;
  std::string parent = std::filesystem::temp_directory_path();
  for (int i = 1; i < argc; ++i) {
    std::string word = argv[i];
    if (word == "--dir" && i + 1 < argc) {
      parent = argv[++i];
    } else {
      replicas = std::strtoull(word.c_str(), nullptr, 10);
    }
  }
  std::string pattern = parent + "/fsdfs-bench-XXXXXX";
  if (mkdtemp(pattern.data()) == nullptr) return 1;
  Bench(replicas, pattern).run();
  std::filesystem::remove_all(pattern);
  return 0;
}
