// Progress: what put and get have done so far, and the line that shows it on a terminal.
//
// The account is thread-safe: the transfers' threads count. On a terminal one thread of its own draws the
// line four times a second; elsewhere nothing is drawn. Formatting is pure (progress_line, summary_line).
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

#include "client/cli/session.h"
#include "common/clock.h"

namespace fsdfs::client {

struct ProgressState {
  uint64_t files_done = 0;
  uint64_t bytes_done = 0;
  uint64_t files_total = 0;
  uint64_t bytes_total = 0;
  bool totals_known = false;  // else the totals are of what was found so far
  Duration elapsed{};
};

// One line of at most `width` columns:
// "[=====>    ]  52%  1620/3120 files  42.1 MiB/81.2 MiB  25.4 MiB/s  ETA 1s".
std::string progress_line(const ProgressState& state, size_t width);
// "imported 3120 files, 81.2 MiB in 3.2 s (975 files/s, 25.4 MiB/s)". `done`: "imported".
std::string summary_line(const std::string& done, const ProgressState& state);

class Progress {
 public:
  // Draws while it lives, if the session's stderr is a terminal.
  explicit Progress(Session& session);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void file_found(uint64_t bytes) {
    files_total_.fetch_add(1, std::memory_order_relaxed);
    bytes_total_.fetch_add(bytes, std::memory_order_relaxed);
  }
  void all_found() { totals_known_.store(true); }
  void file_done() { files_done_.fetch_add(1, std::memory_order_relaxed); }
  void bytes(int64_t count) { bytes_done_.fetch_add(count, std::memory_order_relaxed); }

  ProgressState state() const;

 private:
  void draw_until_stopped();

  Session& session_;
  const MonotonicTime begin_;
  std::atomic<uint64_t> files_done_{0};
  std::atomic<int64_t> bytes_done_{0};
  std::atomic<uint64_t> files_total_{0};
  std::atomic<uint64_t> bytes_total_{0};
  std::atomic<bool> totals_known_{false};

  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopped_ = false;  // guarded by mutex_
  std::thread painter_;
};

}  // namespace fsdfs::client
