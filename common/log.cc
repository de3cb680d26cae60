#include "common/log.h"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include <algorithm>
#include <array>

namespace fsdfs {
namespace {

constexpr std::array<std::string_view, 6> kLevelNames = {"trace", "debug", "info", "warning", "error", "off"};

bool is_control(char c) {
  auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7F;
}

std::string escape_controls(std::string_view message) {
  std::string escaped;
  for (char c : message) {
    if (c == '\n') {
      escaped += "\\n";
    } else if (is_control(c)) {
      escaped += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      escaped += c;
    }
  }
  return escaped;
}

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::kTrace:
      return spdlog::level::trace;
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
    case LogLevel::kOff:
      break;
  }
  return spdlog::level::off;
}

class SpdlogLogger final : public Logger {
 public:
  SpdlogLogger(LogLevel level, std::vector<spdlog::sink_ptr> sinks)
      : Logger(level), spdlog_("fsdfs", sinks.begin(), sinks.end()) {
    spdlog_.set_level(spdlog::level::trace);  // Logger has decided already
    spdlog_.flush_on(spdlog::level::trace);
    spdlog_.set_formatter(std::make_unique<spdlog::pattern_formatter>("%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v",
                                                                      spdlog::pattern_time_type::utc));
  }

 private:
  void write(LogLevel level, std::string_view message) override {
    std::string escaped;
    if (std::any_of(message.begin(), message.end(), is_control)) {
      escaped = escape_controls(message);
      message = escaped;
    }
    spdlog_.log(spdlog_level(level), spdlog::string_view_t(message.data(), message.size()));
  }

  spdlog::logger spdlog_;
};

}  // namespace

std::string_view log_level_name(LogLevel level) {
  return kLevelNames[static_cast<size_t>(level)];
}

Result<LogLevel> parse_log_level(std::string_view text) {
  auto found = std::find(kLevelNames.begin(), kLevelNames.end(), text);
  if (found == kLevelNames.end()) {
    return invalid_argument(
        fmt::format("'{}' is not a log level (one of {})", text, fmt::join(kLevelNames, ", ")));
  }
  return static_cast<LogLevel>(found - kLevelNames.begin());
}

Result<std::unique_ptr<Logger>> open_logger(const LogOptions& options) {
  std::vector<spdlog::sink_ptr> sinks;
  try {
    if (options.to_stderr) sinks.push_back(std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    if (!options.file.empty()) {
      sinks.push_back(std::make_shared<spdlog::sinks::rotating_file_sink_mt>(
          options.file, options.file_bytes_max, static_cast<size_t>(options.files_max)));
    }
    return std::unique_ptr<Logger>(std::make_unique<SpdlogLogger>(options.level, std::move(sinks)));
  } catch (const spdlog::spdlog_ex& failure) {
    return invalid_argument(fmt::format("cannot log to {}: {} (is its directory there and writable?)",
                                        options.file, failure.what()));
  }
}

std::vector<std::string> MemoryLogger::lines() const {
  std::lock_guard lock(mutex_);
  return lines_;
}

bool MemoryLogger::contains(std::string_view part) const {
  std::lock_guard lock(mutex_);
  return std::any_of(lines_.begin(), lines_.end(),
                     [&](const std::string& line) { return line.find(part) != std::string::npos; });
}

void MemoryLogger::write(LogLevel level, std::string_view message) {
  std::lock_guard lock(mutex_);
  lines_.push_back(fmt::format("{}: {}", log_level_name(level), message));
}

void RateLimitedLog::log(LogLevel level, std::string_view key, std::string_view message) {
  if (!logger_.enabled(level)) return;
  uint64_t kept_back = 0;
  {
    std::lock_guard lock(mutex_);
    MonotonicTime now = clock_.now();
    auto entry = entries_.find(key);
    if (entry == entries_.end()) {
      if (entries_.size() >= kKeysMax) {
        entries_.erase(std::min_element(entries_.begin(), entries_.end(), [](const auto& a, const auto& b) {
          return a.second.last < b.second.last;
        }));
      }
      entries_.emplace(key, Entry{now, 0});
    } else if (now - entry->second.last < interval_) {
      ++entry->second.kept_back;
      return;
    } else {
      kept_back = std::exchange(entry->second.kept_back, 0);
      entry->second.last = now;
    }
  }
  if (kept_back == 0) {
    logger_.log(level, message);
  } else {
    logger_.log(level, "{} ({} more like it since the last)", message, kept_back);
  }
}

}  // namespace fsdfs
