#include "common/units.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

namespace fsdfs {
namespace {

struct DurationUnit {
  std::string_view name;
  int64_t nanoseconds;
};

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kDay = 86400 * kSecond;
constexpr std::array<DurationUnit, 8> kDurationUnits = {{{"w", 7 * kDay},
                                                         {"d", kDay},
                                                         {"h", 3600 * kSecond},
                                                         {"m", 60 * kSecond},
                                                         {"s", kSecond},
                                                         {"ms", 1'000'000},
                                                         {"us", 1'000},
                                                         {"ns", 1}}};
constexpr std::string_view kSizeLetters = "KMGTP";

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

// Takes "12" or "1.5" off the front of `text`. A long double holds every 64-bit integer exactly.
std::optional<long double> take_number(std::string_view& text) {
  size_t length = 0;
  while (length < text.size() && ((text[length] >= '0' && text[length] <= '9') || text[length] == '.')) {
    ++length;
  }
  long double number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + length, number, std::chars_format::fixed);
  if (error != std::errc() || end != text.data() + length) return std::nullopt;
  text.remove_prefix(length);
  return number;
}

// The factor of "", "B", "K", "KB", "KiB" and so on.
std::optional<uint64_t> size_factor(std::string_view unit) {
  if (unit.empty() || unit == "B" || unit == "b") return 1;
  size_t power = kSizeLetters.find(upper(unit.front()));
  if (power == std::string_view::npos) return std::nullopt;
  std::string rest(unit.substr(1));
  std::transform(rest.begin(), rest.end(), rest.begin(), lower);
  if (!rest.empty() && rest != "b" && rest != "ib") return std::nullopt;
  return uint64_t{1} << (10 * (power + 1));
}

// Takes a unit's letters off the front of `text`.
const DurationUnit* take_duration_unit(std::string_view& text) {
  size_t length = 0;
  while (length < text.size() && text[length] >= 'a' && text[length] <= 'z') ++length;
  std::string_view name = text.substr(0, length);
  auto unit = std::find_if(kDurationUnits.begin(), kDurationUnits.end(),
                           [&](const DurationUnit& candidate) { return candidate.name == name; });
  if (unit == kDurationUnits.end()) return nullptr;
  text.remove_prefix(length);
  return &*unit;
}

// The absolute value, without overflow for the smallest Duration.
uint64_t magnitude(Duration duration) {
  auto count = static_cast<uint64_t>(duration.count());
  return duration.count() < 0 ? uint64_t{0} - count : count;
}

}  // namespace

Result<uint64_t> parse_size(std::string_view text) {
  auto bad = [&](std::string_view why) {
    return invalid_argument(
        fmt::format("'{}' is not a size: {} (examples: 26, 64KiB, 500G, 1.5T)", text, why));
  };
  std::string_view rest = trim(text);
  auto number = take_number(rest);
  if (!number) return bad("it does not start with a number");
  auto factor = size_factor(trim(rest));
  if (!factor) return bad(fmt::format("'{}' is not one of the units K, M, G, T, P", trim(rest)));
  long double bytes = *number * static_cast<long double>(*factor);
  if (bytes > static_cast<long double>(UINT64_MAX)) return bad("it is more than 64 bits can count");
  return static_cast<uint64_t>(bytes);
}

Result<Duration> parse_duration(std::string_view text) {
  auto bad = [&](std::string_view why) {
    return invalid_argument(
        fmt::format("'{}' is not a duration: {} (examples: 250ms, 30s, 10m, 1h30m, 1d)", text, why));
  };
  std::string_view rest = trim(text);
  if (rest == "0") return Duration(0);
  if (rest.empty()) return bad("it is empty");
  long double total = 0;
  while (!rest.empty()) {
    auto number = take_number(rest);
    if (!number) return bad("a number is expected before each unit");
    if (rest.empty()) return bad("the unit is missing");
    const DurationUnit* unit = take_duration_unit(rest);
    if (unit == nullptr) return bad("the units are ns, us, ms, s, m, h, d, w");
    total += *number * static_cast<long double>(unit->nanoseconds);
    rest = trim(rest);
  }
  if (total >= static_cast<long double>(std::numeric_limits<int64_t>::max()))
    return bad("it is over 292 years");
  return Duration(std::llroundl(total));
}

Result<double> parse_percent(std::string_view text) {
  auto bad = [&] {
    return invalid_argument(fmt::format("'{}' is not a percentage (examples: 5%, 0.5%)", text));
  };
  std::string_view rest = trim(text);
  if (rest.empty() || rest.back() != '%') return bad();
  rest = trim(rest.substr(0, rest.size() - 1));
  auto number = take_number(rest);
  if (!number || !rest.empty()) return bad();
  return static_cast<double>(*number / 100);
}

Result<int64_t> parse_integer(std::string_view text) {
  std::string_view rest = trim(text);
  if (rest.size() > 1 && rest[0] == '+' && rest[1] != '-') rest.remove_prefix(1);
  int64_t number = 0;
  auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  if (rest.empty() || error != std::errc() || end != rest.data() + rest.size()) {
    return invalid_argument(fmt::format("'{}' is not a whole number (example: 3)", text));
  }
  return number;
}

Result<double> parse_real(std::string_view text) {
  std::string_view rest = trim(text);
  if (rest.size() > 1 && rest[0] == '+' && rest[1] != '-') rest.remove_prefix(1);
  double number = 0;
  auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  if (rest.empty() || error != std::errc() || end != rest.data() + rest.size() || !std::isfinite(number)) {
    return invalid_argument(fmt::format("'{}' is not a number (examples: 3, 2.5)", text));
  }
  return number;
}

Result<bool> parse_boolean(std::string_view text) {
  std::string word(trim(text));
  std::transform(word.begin(), word.end(), word.begin(), lower);
  if (word == "true" || word == "yes" || word == "on" || word == "1") return true;
  if (word == "false" || word == "no" || word == "off" || word == "0") return false;
  return invalid_argument(fmt::format("'{}' is neither true nor false", text));
}

std::string format_size(uint64_t bytes) {
  if (bytes < kKiB) return fmt::format("{} B", bytes);
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  for (value /= 1024; value >= 1023.95 && unit + 1 < kSizeLetters.size(); ++unit) value /= 1024;
  std::string number = fmt::format("{:.{}f}", value, value < 99.95 ? 1 : 0);
  if (number.ends_with(".0")) number.resize(number.size() - 2);
  return fmt::format("{} {}iB", number, kSizeLetters[unit]);
}

std::string format_duration(Duration duration) {
  uint64_t left = magnitude(duration);
  std::string text = duration.count() < 0 ? "-" : "";
  if (left == 0) return "0s";
  size_t unit = 1;  // no weeks: "10d" says more than "1w3d"
  while (left < static_cast<uint64_t>(kDurationUnits[unit].nanoseconds)) ++unit;
  auto [name, size] = kDurationUnits[unit];
  uint64_t whole = left / static_cast<uint64_t>(size);
  left %= static_cast<uint64_t>(size);
  if (name == "s" && left >= kSecond / 10) {
    return fmt::format("{}{}.{}s", text, whole, left / (kSecond / 10));
  }
  text += fmt::format("{}{}", whole, name);
  if (size <= kSecond) return text;
  auto [next_name, next_size] = kDurationUnits[unit + 1];
  uint64_t next = left / static_cast<uint64_t>(next_size);
  return next == 0 ? text : text + fmt::format("{}{}", next, next_name);
}

std::string size_text(uint64_t bytes) {
  for (size_t power = kSizeLetters.size(); power > 0 && bytes != 0; --power) {
    uint64_t factor = uint64_t{1} << (10 * power);
    if (bytes % factor == 0) return fmt::format("{}{}", bytes / factor, kSizeLetters[power - 1]);
  }
  return std::to_string(bytes);
}

std::string duration_text(Duration duration) {
  if (duration.count() == 0) return "0s";
  uint64_t left = magnitude(duration);
  std::string text = duration.count() < 0 ? "-" : "";
  for (size_t unit = 1; unit < kDurationUnits.size(); ++unit) {
    auto size = static_cast<uint64_t>(kDurationUnits[unit].nanoseconds);
    if (left < size) continue;
    text += fmt::format("{}{}", left / size, kDurationUnits[unit].name);
    left %= size;
  }
  return text;
}

std::string percent_text(double share) {
  std::string text;
  // The shortest form that reads back as the same share: share * 100 alone may end in ...0001.
  for (int decimals = 0; decimals <= 20; ++decimals) {
    text = fmt::format("{:.{}f}%", static_cast<long double>(share) * 100, decimals);
    auto back = parse_percent(text);
    if (back.ok() && *back == share) break;
  }
  return text;
}

}  // namespace fsdfs
