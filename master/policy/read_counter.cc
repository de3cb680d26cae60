#include "master/policy/read_counter.h"

#include <algorithm>

#include "master/policy/policy.h"
#include "master/scheduler/read_weight.h"

namespace fsdfs::master {
namespace {

constexpr size_t kShardMax = 8192;       // reads between two drains
constexpr size_t kUnsavedMax = 200'000;  // files between two saves
constexpr size_t kBatch = 500;           // files of one commit
constexpr size_t kPage = 2000;
constexpr double kForgotten = 0.01;  // reads a day, below which a file counts as never read

}  // namespace

ReadCounter::ReadCounter(MetadataStore& store, WeightKeeper& keeper, const Clock& clock, Logger& logger,
                         ReadCounterSettings settings, Seen seen)
    : store_(store),
      keeper_(keeper),
      clock_(clock),
      logger_(logger),
      settings_(settings),
      seen_(std::move(seen)) {}

ReadCounter::~ReadCounter() {
  stop();
}

void ReadCounter::start() {
  thread_ = std::jthread([this](const std::stop_token& token) { run(token); });
}

void ReadCounter::stop() {
  std::lock_guard lock(stop_mutex_);
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
  drain();
  (void)save();
}

void ReadCounter::count(InodeId inode) {
  Shard& shard = shards_[std::hash<std::thread::id>()(std::this_thread::get_id()) % shards_.size()];
  std::unique_lock lock(shard.mutex, std::try_to_lock);
  if (lock.owns_lock() && shard.reads.size() < kShardMax) shard.reads.push_back(inode);
}

void ReadCounter::drain() {
  std::map<InodeId, uint64_t> counts;
  for (Shard& shard : shards_) {
    std::vector<InodeId> reads;
    {
      std::lock_guard lock(shard.mutex);
      reads.swap(shard.reads);
    }
    for (InodeId inode : reads) ++counts[inode];
  }
  if (counts.empty()) return;
  std::vector<ReadCount> list;
  list.reserve(counts.size());
  for (const auto& [inode, reads] : counts) list.push_back({inode, reads});
  keeper_.note_reads(std::move(list), clock_.wall(), [this](const std::vector<ReadWeight>& weights) {
    std::lock_guard lock(mutex_);
    for (const ReadWeight& weight : weights) {
      if (unsaved_.size() >= kUnsavedMax && !unsaved_.contains(weight.inode)) continue;
      unsaved_[weight.inode] = weight.weight;
    }
  });
}

Status ReadCounter::save() {
  std::map<InodeId, float> weights;
  {
    std::lock_guard lock(mutex_);
    weights.swap(unsaved_);
  }
  auto next = weights.begin();
  while (next != weights.end()) {
    auto done = store_.write({}, [&](WriteTransaction& transaction) -> Result<std::string> {
      for (size_t i = 0; i < kBatch && next != weights.end(); ++i, ++next) {
        FSDFS_ASSIGN(auto file, transaction.inode(next->first));
        if (!file) continue;
        FSDFS_ASSIGN(auto before, transaction.reads(next->first));
        FSDFS_TRY(transaction.put_reads({next->first, next->second, before ? before->seen : 0}));
      }
      return std::string();
    });
    FSDFS_TRY(done.status());
  }
  return {};
}

Status ReadCounter::show_policy() {
  WallTime now = clock_.wall();
  InodeId after;
  while (true) {
    std::vector<ReadsRecord> page;
    {
      FSDFS_ASSIGN(auto view, store_.read());
      FSDFS_ASSIGN(page, view->reads_after(after, kPage));
    }
    if (page.empty()) return {};
    after = page.back().inode;
    FSDFS_TRY(show_page(page, now));
  }
}

// Only what the policy shall see otherwise is written; rows that no longer tell anything go.
Status ReadCounter::show_page(const std::vector<ReadsRecord>& page, WallTime now) {
  std::vector<ReadsRecord> moved;
  std::vector<InodeId> seen;
  for (const ReadsRecord& row : page) {
    double rate = reads_per_day(row.weight, now);
    if (rate < kForgotten) rate = 0;
    if (rate != 0 && !is_worth_it(row.seen, rate)) continue;
    moved.push_back({row.inode, row.weight, rate});
    if (rate != row.seen) seen.push_back(row.inode);
  }
  for (size_t begin = 0; begin < moved.size(); begin += kBatch) {
    auto done = store_.write({}, [&](WriteTransaction& transaction) -> Result<std::string> {
      for (size_t i = begin; i < std::min(moved.size(), begin + kBatch); ++i) {
        FSDFS_ASSIGN(auto row, transaction.reads(moved[i].inode));
        if (!row) continue;
        FSDFS_TRY(moved[i].seen == 0 ? transaction.remove_reads(row->inode)
                                     : transaction.put_reads({row->inode, row->weight, moved[i].seen}));
      }
      return std::string();
    });
    FSDFS_TRY(done.status());
  }
  if (!seen.empty()) seen_(seen);
  return {};
}

// --- the thread ---

Status ReadCounter::restore(const std::stop_token& token) {
  InodeId after;
  while (!token.stop_requested()) {
    FSDFS_ASSIGN(auto view, store_.read());
    FSDFS_ASSIGN(auto page, view->reads_after(after, kPage));
    if (page.empty()) break;
    after = page.back().inode;
    std::vector<ReadWeight> weights;
    weights.reserve(page.size());
    for (const ReadsRecord& row : page) weights.push_back({row.inode, row.weight});
    keeper_.restore_weights(std::move(weights));
  }
  return {};
}

void ReadCounter::run(const std::stop_token& token) {
  auto check = [this](const Status& status) {
    if (!status.ok()) logger_.warning("how often files are read is not kept for now: {}", status.to_string());
  };
  check(restore(token));
  MonotonicTime saved_at = clock_.now();
  MonotonicTime shown_at = saved_at;
  while (!token.stop_requested()) {
    {
      std::unique_lock lock(mutex_);
      rung_.wait_for(lock, token, settings_.drain_interval, [] { return false; });
    }
    drain();
    MonotonicTime now = clock_.now();
    if (now - saved_at >= std::min(settings_.save_interval, settings_.interval)) {
      check(save());
      saved_at = now;
    }
    if (now - shown_at >= settings_.interval) {
      check(show_policy());
      shown_at = now;
    }
  }
}

}  // namespace fsdfs::master
