#include "client/cli/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "common/units.h"

namespace fsdfs::client {

namespace {

constexpr Duration kInterval = std::chrono::milliseconds(250);
constexpr size_t kBarMin = 8;
constexpr size_t kBarMax = 30;
constexpr size_t kWidthDefault = 80;

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

double per_second(uint64_t count, Duration elapsed) {
  return seconds(elapsed) > 0 ? static_cast<double>(count) / seconds(elapsed) : 0;
}

double share_done(const ProgressState& state) {
  if (state.bytes_total > 0) {
    return std::min(1.0, static_cast<double>(state.bytes_done) / static_cast<double>(state.bytes_total));
  }
  if (state.files_total > 0)
    return static_cast<double>(state.files_done) / static_cast<double>(state.files_total);
  return 1;
}

std::string bar(double share, size_t columns) {
  size_t full = static_cast<size_t>(share * static_cast<double>(columns));
  std::string text(full, '=');
  if (full < columns) text += '>';
  text.resize(columns, ' ');
  return "[" + text + "]";
}

// The time that the rest takes at the mean rate so far; empty while that says nothing.
std::string eta(const ProgressState& state, double share) {
  if (share < 0.005 || share >= 1 || state.elapsed < std::chrono::seconds(1)) return "";
  double rest = seconds(state.elapsed) * (1 - share) / share;
  return "  ETA " + format_duration(std::chrono::seconds(static_cast<int64_t>(rest) + 1));
}

size_t terminal_width() {
  struct winsize size {};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kWidthDefault;
  return size.ws_col;
}

}  // namespace

std::string progress_line(const ProgressState& state, size_t width) {
  std::string rate = format_size(static_cast<uint64_t>(per_second(state.bytes_done, state.elapsed))) + "/s";
  std::string line;
  if (!state.totals_known) {
    line = fmt::format("{} files  {}  {}", state.files_done, format_size(state.bytes_done), rate);
  } else {
    double share = share_done(state);
    std::string figures =
        fmt::format(" {:3.0f}%  {}/{} files  {}/{}  {}{}", share * 100, state.files_done, state.files_total,
                    format_size(state.bytes_done), format_size(state.bytes_total), rate, eta(state, share));
    size_t room = width > figures.size() + 2 ? width - figures.size() - 2 : 0;
    line = room >= kBarMin ? bar(share, std::min(room, kBarMax)) + figures : figures.substr(1);
  }
  if (line.size() > width) line.resize(width);
  return line;
}

std::string summary_line(const std::string& done, const ProgressState& state) {
  double files_rate = per_second(state.files_done, state.elapsed);
  return fmt::format("{} {} {}, {} in {:.1f} s ({:.{}f} files/s, {}/s)", done, state.files_done,
                     state.files_done == 1 ? "file" : "files", format_size(state.bytes_done),
                     seconds(state.elapsed), files_rate, files_rate < 10 ? 1 : 0,
                     format_size(static_cast<uint64_t>(per_second(state.bytes_done, state.elapsed))));
}

Progress::Progress(Session& session) : session_(session), begin_(session.clock().now()) {
  if (!session_.streams().err_is_terminal) return;
  painter_ = std::thread([this] { draw_until_stopped(); });
}

Progress::~Progress() {
  if (!painter_.joinable()) return;
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  stop_.notify_all();
  painter_.join();
  session_.show("");
}

ProgressState Progress::state() const {
  return {.files_done = files_done_.load(),
          .bytes_done = static_cast<uint64_t>(std::max<int64_t>(0, bytes_done_.load())),
          .files_total = files_total_.load(),
          .bytes_total = bytes_total_.load(),
          .totals_known = totals_known_.load(),
          .elapsed = session_.clock().now() - begin_};
}

// The width is asked for each time, so a window that changes its size is followed.
void Progress::draw_until_stopped() {
  std::unique_lock lock(mutex_);
  while (!stop_.wait_for(lock, kInterval, [&] { return stopped_; })) {
    session_.show(progress_line(state(), terminal_width() - 1));
  }
}

}  // namespace fsdfs::client
