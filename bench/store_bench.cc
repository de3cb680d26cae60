// What a node's store costs with very many replicas, and how fast its scrubber is.
//   store_bench [--dir DIRECTORY] [--replicas N] [--mib MIB] [--runs N] [--cold]
// Default: $TMPDIR or /tmp, 1,000,000 replicas of a byte, 4096 MiB to scrub, 3 runs.
//
// Start: the replicas are written as files, without a sync; then a process each opens the store over them
// without an index, after a clean stop, and after a kill, when it looks at every replica. Prints how long
// that took, how much memory was resident then (and at most), and how long a walk through all that is held
// takes, which is what a join to a swarm is for a node. --cold: drops what the system keeps in memory before
// each start, which needs root.
//
// Scrub: 64 files are scrubbed without a limit, and read by sha256sum in the same run. The scrubber reads
// from the disk itself, whatever is in memory, and so is to be held against sha256sum of files that were
// evicted; on a tmpfs both read memory.
#include <fcntl.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>

#include "bench/bench.h"
#include "common/io/files.h"
#include "common/io/posix_disk.h"
#include "node/scrub/scrubber.h"
#include "node/store/sidecar.h"
#include "node/store/store.h"

namespace {

using namespace fsdfs;
using namespace fsdfs::node;
using bench::need;
using bench::resident_bytes;
using bench::seconds_since;
using Steady = std::chrono::steady_clock;
namespace fs = std::filesystem;

constexpr double kMiB = 1024.0 * 1024.0;
constexpr uint64_t kScrubbedFiles = 64;
constexpr size_t kPortion = 1024 * 1024;
constexpr size_t kPage = 1000;  // rows of a walk

ReplicaId replica_of(uint64_t number) {
  return {InodeId{(uint64_t{1} << 40) | (number + 1)}, {Epoch{1}, number + 1}};
}

void write_file(const std::string& path, std::string_view bytes) {
  UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640));
  bool written =
      file.valid() && ::write(file.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
  if (!written) need(status_from_errno(errno, "write " + path), "fill");
}

// A data directory in a place of its own, which goes in the end.
class Data {
 public:
  explicit Data(const std::string& within) : root_(within + "/fsdfs-bench.XXXXXX"), layout_("") {
    if (mkdtemp(root_.data()) == nullptr) need(status_from_errno(errno, "make " + root_), "start");
    layout_ = Layout(root_ + "/data");
    (void)disks();
  }
  ~Data() {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }
  Data(const Data&) = delete;
  Data& operator=(const Data&) = delete;

  const Layout& layout() const { return layout_; }

  std::unique_ptr<NodeDisks> disks() {
    auto disks = NodeDisks::open(disk_, {layout_.root()}, logger_);
    need(disks.status(), "open");
    return std::move(*disks);
  }
  std::unique_ptr<ReplicaStore> store(NodeDisks& disks) {
    StoreSettings settings;
    settings.quotas = {uint64_t{1} << 50};
    settings.free_floor = 0;
    auto store = ReplicaStore::open(settings, disks, clock_, logger_);
    need(store.status(), "open");
    return std::move(*store);
  }
  // The sidecar of a replica whose data is written.
  void describe(uint64_t number, uint64_t size, BlockSums sums) {
    Description description;
    description.replica = replica_of(number);
    description.content = {size, content_digest(sums, size)};
    description.sums = std::move(sums);
    description.origin.parent = kRootInode;
    description.origin.name = "f" + std::to_string(number);
    description.created = clock_.wall();
    write_file(layout_.meta(description.replica), encode_sidecar(description));
  }
  std::string data_path(uint64_t number) {
    std::string directory = layout_.directory_of(replica_of(number));
    if (directories_.insert(directory).second) fs::create_directories(directory);
    return layout_.data(replica_of(number));
  }
  const Clock& clock() const { return clock_; }
  Logger& logger() { return logger_; }

 private:
  std::string root_;
  Layout layout_;
  PosixDisk disk_;
  SystemClock clock_;
  NullLogger logger_;
  std::set<std::string> directories_;
};

uint64_t resident_most() {
  std::ifstream status("/proc/self/status");
  std::string word;
  uint64_t kib = 0;
  while (status >> word) {
    if (word == "VmHWM:") status >> kib;
  }
  return kib * 1024;
}

// In a process of its own, whose memory is that of a start.
void in_a_child(const std::function<void()>& work) {
  std::fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    work();
    std::fflush(stdout);
    _exit(0);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
    need(internal_error("a measuring process failed"), "measure");
  }
}

uint64_t walk(ReplicaStore& store) {
  uint64_t found = 0;
  std::optional<ReplicaId> after;
  while (true) {
    auto page = store.page(after, kPage);
    need(page.status(), "walk");
    found += page->size();
    if (page->size() < kPage) return found;
    after = page->back().replica;
  }
}

void measure_start(Data& data, const char* when, uint64_t replicas, bool cold, bool clean) {
  if (cold) {
    ::sync();
    std::ofstream drop("/proc/sys/vm/drop_caches");
    drop << "3" << std::flush;
    if (!drop) need(permission_denied("/proc/sys/vm/drop_caches cannot be written"), "--cold");
  }
  in_a_child([&] {
    auto began = Steady::now();
    auto disks = data.disks();
    auto store = data.store(*disks);
    double opened = seconds_since(began);
    uint64_t resident = resident_bytes();
    began = Steady::now();
    uint64_t found = walk(*store);
    double walked = seconds_since(began);
    if (found != replicas) need(internal_error(std::to_string(found) + " replicas were found"), when);
    std::printf("start %-20s %8.2f s, %6.1f MiB resident, %6.1f MiB at most; a walk %6.2f s\n", when, opened,
                static_cast<double>(resident) / kMiB, static_cast<double>(resident_most()) / kMiB, walked);
    if (clean) need(store->close(), "close");
  });
}

void bench_start(const std::string& directory, uint64_t replicas, bool cold) {
  if (replicas == 0) return;
  Data data(directory);
  auto began = Steady::now();
  for (uint64_t i = 0; i < replicas; ++i) {
    char byte = static_cast<char>('a' + i % 26);
    write_file(data.data_path(i), {&byte, 1});
    data.describe(i, 1, {block_sum({&byte, 1})});
  }
  std::printf("%llu replicas written in %.0f s%s\n", static_cast<unsigned long long>(replicas),
              seconds_since(began), cold ? "; started cold" : "");
  measure_start(data, "without an index", replicas, cold, true);
  measure_start(data, "after a clean stop", replicas, cold, false);
  measure_start(data, "after a kill", replicas, cold, true);
}

void write_big(Data& data, uint64_t number, uint64_t size, std::string& portion) {
  UniqueFd file(::open(data.data_path(number).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640));
  BlockSummer summer;
  for (uint64_t at = 0; at < size; at += portion.size()) {
    // No two alike.
    std::memcpy(portion.data(), &at, sizeof at);
    std::memcpy(portion.data() + sizeof at, &number, sizeof number);
    summer.update(portion);
    if (::write(file.get(), portion.data(), portion.size()) != static_cast<ssize_t>(portion.size())) {
      need(status_from_errno(errno, "write"), "fill");
    }
  }
  if (::fsync(file.get()) != 0) need(status_from_errno(errno, "fsync"), "fill");
  data.describe(number, size, summer.finish());
}

void evict(Data& data) {
  for (uint64_t i = 0; i < kScrubbedFiles; ++i) {
    UniqueFd file(::open(data.data_path(i).c_str(), O_RDONLY | O_CLOEXEC));
    (void)::posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED);
  }
}

double scrub(Data& data) {
  auto disks = data.disks();
  auto store = data.store(*disks);
  VerifiedLog verified;
  Scrubber scrubber(*store, disks->disk(), data.layout().scrub_state(), verified, data.clock(), data.logger(),
                    {.period = Duration::zero(), .rate = 0}, [] { return Duration::zero(); });
  uint64_t passes = scrubber.figures().state.passes;
  auto began = Steady::now();
  scrubber.request_pass(passes + 1);
  while (scrubber.figures().state.passes == passes) (void)scrubber.step();
  double took = seconds_since(began);
  auto state = scrubber.figures().state;
  if (state.bad != 0 || state.replicas != kScrubbedFiles) need(internal_error("it found bad ones"), "scrub");
  need(store->close(), "close");
  return took;
}

double sha256sum(Data& data) {
  const std::string command =
      "find '" + data.layout().replicas() + "' -type f ! -name '*.meta' -exec sha256sum {} + >/dev/null";
  auto began = Steady::now();
  if (std::system(command.c_str()) != 0) need(internal_error("it failed"), "sha256sum");
  return seconds_since(began);
}

void bench_scrub(const std::string& directory, uint64_t mib, int runs) {
  const uint64_t size = mib / kScrubbedFiles * kPortion;
  if (size == 0) return;
  Data data(directory);
  std::mt19937_64 random(1);
  std::string portion(kPortion, '\0');
  for (char& byte : portion) byte = static_cast<char>(random());
  for (uint64_t i = 0; i < kScrubbedFiles; ++i) write_big(data, i, size, portion);
  const double work = static_cast<double>(size * kScrubbedFiles) / kMiB;
  for (int run = 0; run < runs; ++run) {
    evict(data);
    double scrubbed = scrub(data);
    evict(data);
    double evicted = sha256sum(data);
    double cached = sha256sum(data);
    std::printf(
        "scrub %.0f MiB: %7.1f MiB/s; sha256sum %7.1f MiB/s of evicted files (%.2f), %7.1f of cached\n", work,
        work / scrubbed, work / evicted, evicted / scrubbed, work / cached);
  }
}

// Of statfs(2); what is not known is a number.
std::string filesystem_of(const std::string& directory) {
  struct statfs found = {};
  if (::statfs(directory.c_str(), &found) != 0) return "?";
  if (found.f_type == 0xEF53) return "ext4";
  if (found.f_type == 0x01021994) return "tmpfs";
  char text[32];
  std::snprintf(text, sizeof text, "filesystem %lx", static_cast<unsigned long>(found.f_type));
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  const char* temporary = std::getenv("TMPDIR");
  std::string directory = temporary != nullptr ? temporary : "/tmp";
  uint64_t replicas = 1'000'000;
  uint64_t mib = 4096;
  int runs = 3;
  bool cold = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    const char* value = i + 1 < argc ? argv[i + 1] : "";
    if (flag == "--cold") {
      cold = true;
      continue;
    }
    if (flag == "--dir") {
      directory = value;
    } else if (flag == "--replicas") {
      replicas = std::strtoull(value, nullptr, 10);
    } else if (flag == "--mib") {
      mib = std::strtoull(value, nullptr, 10);
    } else if (flag == "--runs") {
      runs = std::atoi(value);
    } else {
      std::fprintf(stderr,
                   "usage: store_bench [--dir DIRECTORY] [--replicas N] [--mib MIB] [--runs N] [--cold]\n");
      return 2;
    }
    ++i;
  }
  std::printf("%s on %s\n", filesystem_of(directory).c_str(), directory.c_str());
  bench_start(directory, replicas, cold);
  bench_scrub(directory, mib, runs);
  return 0;
}
