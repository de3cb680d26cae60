// Log: what a process tells its operator, one line an event.
//
// A Logger comes in through constructors; there is no global one. main makes the real one with open_logger
// (spdlog behind it, which stays out of this header); tests use NullLogger or MemoryLogger. Every Logger is
// thread-safe; write() of the real one does not throw and loses the line rather than block on a failing disk.
// Lines are flushed from kWarning up, and every second otherwise.
#pragma once

#include <fmt/format.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "common/status.h"

namespace fsdfs {

enum class LogLevel { kTrace, kDebug, kInfo, kWarning, kError, kOff };

std::string_view log_level_name(LogLevel level);  // "trace", "debug", "info", "warning", "error", "off"
Result<LogLevel> parse_log_level(std::string_view text);  // the same names; the error lists them

class Logger {
 public:
  explicit Logger(LogLevel level) : level_(level) {}
  virtual ~Logger() = default;
  Logger(const Logger&) = delete;
  Logger& operator=(const Logger&) = delete;

  bool enabled(LogLevel level) const { return level >= level_.load(std::memory_order_relaxed); }
  void set_level(LogLevel level) { level_.store(level, std::memory_order_relaxed); }

  // One line, ready made. Line breaks and other control characters in it are escaped, so that names from
  // outside cannot forge lines.
  void log(LogLevel level, std::string_view message) {
    if (enabled(level)) write(level, message);
  }
  template <typename... Args>
  void log(LogLevel level, fmt::format_string<Args...> format, Args&&... args) {
    if (enabled(level)) write(level, fmt::format(format, std::forward<Args>(args)...));
  }
  template <typename... Args>
  void trace(fmt::format_string<Args...> format, Args&&... args) {
    log(LogLevel::kTrace, format, std::forward<Args>(args)...);
  }
  template <typename... Args>
  void debug(fmt::format_string<Args...> format, Args&&... args) {
    log(LogLevel::kDebug, format, std::forward<Args>(args)...);
  }
  template <typename... Args>
  void info(fmt::format_string<Args...> format, Args&&... args) {
    log(LogLevel::kInfo, format, std::forward<Args>(args)...);
  }
  template <typename... Args>
  void warning(fmt::format_string<Args...> format, Args&&... args) {
    log(LogLevel::kWarning, format, std::forward<Args>(args)...);
  }
  template <typename... Args>
  void error(fmt::format_string<Args...> format, Args&&... args) {
    log(LogLevel::kError, format, std::forward<Args>(args)...);
  }

 protected:
  virtual void write(LogLevel level, std::string_view message) = 0;

 private:
  std::atomic<LogLevel> level_;
};

struct LogOptions {
  LogLevel level = LogLevel::kInfo;
  bool to_stderr = true;
  std::string file;                               // also append to this file; empty: none
  uint64_t file_bytes_max = 64ULL * 1024 * 1024;  // then the file is rotated to FILE.1 and so on
  int files_max = 5;                              // rotated files that are kept
};

// The real logger: "2024-05-01T12:00:00.123Z info message". kInvalidArgument names a file that cannot be
// opened.
Result<std::unique_ptr<Logger>> open_logger(const LogOptions& options);

class NullLogger final : public Logger {
 public:
  NullLogger() : Logger(LogLevel::kOff) {}

 private:
  void write(LogLevel, std::string_view) override {}
};

// Keeps its lines, as "warning: disk /d is slow", for tests that look at them.
class MemoryLogger final : public Logger {
 public:
  explicit MemoryLogger(LogLevel level = LogLevel::kTrace) : Logger(level) {}
  std::vector<std::string> lines() const;
  bool contains(std::string_view part) const;

 private:
  void write(LogLevel level, std::string_view message) override;

  mutable std::mutex mutex_;
  std::vector<std::string> lines_;  // guarded by mutex_
};

// At most one line per key and interval: for faults that a busy loop would repeat by the thousand. The first
// line of a key comes at once; the next one that comes through says how many were kept back. Thread-safe.
// Remembers kKeysMax keys at most, and forgets the one that spoke longest ago.
class RateLimitedLog {
 public:
  static constexpr size_t kKeysMax = 1024;

  RateLimitedLog(Logger& logger, const Clock& clock, Duration interval = std::chrono::seconds(1))
      : logger_(logger), clock_(clock), interval_(interval) {}

  void log(LogLevel level, std::string_view key, std::string_view message);
  template <typename... Args>
  void info(std::string_view key, fmt::format_string<Args...> format, Args&&... args) {
    if (logger_.enabled(LogLevel::kInfo))
      log(LogLevel::kInfo, key, fmt::format(format, std::forward<Args>(args)...));
  }
  template <typename... Args>
  void warning(std::string_view key, fmt::format_string<Args...> format, Args&&... args) {
    if (logger_.enabled(LogLevel::kWarning))
      log(LogLevel::kWarning, key, fmt::format(format, std::forward<Args>(args)...));
  }
  template <typename... Args>
  void error(std::string_view key, fmt::format_string<Args...> format, Args&&... args) {
    if (logger_.enabled(LogLevel::kError))
      log(LogLevel::kError, key, fmt::format(format, std::forward<Args>(args)...));
  }

 private:
  struct Entry {
    MonotonicTime last;
    uint64_t kept_back = 0;
  };

  Logger& logger_;
  const Clock& clock_;
  const Duration interval_;
  std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_;  // guarded by mutex_
};

}  // namespace fsdfs
