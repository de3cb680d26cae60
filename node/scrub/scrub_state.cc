#include "node/scrub/scrub_state.h"

#include <fmt/format.h>

#include <charconv>

#include "common/checksum.h"
#include "node/store/layout.h"

namespace fsdfs::node {
namespace {

constexpr std::string_view kScrubHeader = "fsdfs-scrub 1\n";

// Takes the lines "NAME: VALUE" off a text, one after the other; the first fault sticks.
class LineReader {
 public:
  explicit LineReader(std::string_view text) : rest_(text) {}

  std::string_view text(std::string_view name) {
    size_t end = rest_.find('\n');
    std::string_view line = rest_.substr(0, end);
    if (end == std::string_view::npos || !line.starts_with(name) ||
        !line.substr(name.size()).starts_with(": ")) {
      return fail(fmt::format("the line '{}: ...' is missing", name));
    }
    rest_.remove_prefix(end + 1);
    return line.substr(name.size() + 2);
  }
  template <typename Number>
  void number(std::string_view name, Number& value) {
    std::string_view digits = text(name);
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size()) {
      fail(fmt::format("'{}: {}' is not a number", name, digits));
    }
  }
  void time(std::string_view name, WallTime& value) {
    int64_t nanoseconds = 0;
    number(name, nanoseconds);
    value = WallTime(Duration(nanoseconds));
  }
  std::string_view fail(std::string why) {
    if (status_.ok()) status_ = data_loss(std::move(why));
    return {};
  }
  const Status& status() const { return status_; }
  size_t left() const { return rest_.size(); }

 private:
  std::string_view rest_;
  Status status_;
};

}  // namespace

std::string encode_scrub_state(const ScrubState& state) {
  std::string text = fmt::format(
      "{}running: {}\nstarted: {}\nfinished: {}\npasses: {}\nafter: {}\nbytes: {}\ntotal: {}\nreplicas: {}\n"
      "bad: {}\nrequest: {}\nanswered: {}\n",
      kScrubHeader, state.running ? 1 : 0, state.started.time_since_epoch().count(),
      state.finished.time_since_epoch().count(), state.passes,
      state.after ? Layout::file_name(*state.after) : "", state.bytes, state.total, state.replicas, state.bad,
      state.request, state.answered);
  return text + fmt::format("sum: {:016x}\n", block_sum(text));
}

Result<ScrubState> decode_scrub_state(std::string_view text) {
  if (!text.starts_with(kScrubHeader)) return data_loss("it does not begin with 'fsdfs-scrub 1'");
  ScrubState state;
  int running = 0;
  LineReader lines(text.substr(kScrubHeader.size()));
  lines.number("running", running);
  state.running = running != 0;
  lines.time("started", state.started);
  lines.time("finished", state.finished);
  lines.number("passes", state.passes);
  if (std::string_view after = lines.text("after"); !after.empty()) {
    auto named = Layout::parse_file_name(after);
    if (!named) lines.fail(fmt::format("'after: {}' names no replica", after));
    if (named) state.after = named->replica;
  }
  lines.number("bytes", state.bytes);
  lines.number("total", state.total);
  lines.number("replicas", state.replicas);
  lines.number("bad", state.bad);
  lines.number("request", state.request);
  lines.number("answered", state.answered);
  std::string_view summed = text.substr(0, text.size() - lines.left());
  std::string_view sum = lines.text("sum");
  FSDFS_TRY(lines.status());
  if (lines.left() != 0) return data_loss("there is more after its sum");
  if (sum != fmt::format("{:016x}", block_sum(summed))) return data_loss("it fails its sum");
  return state;
}

}  // namespace fsdfs::node
