#include "master/policy/glob.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "common/path.h"

namespace fsdfs::master {
namespace {

constexpr size_t kBeyond = std::string_view::npos;

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

// How many bytes the character at `at` has.
size_t character(std::string_view text, size_t at) {
  size_t end = at + 1;
  while (end < text.size() && is_continuation(text[end])) ++end;
  return end - at;
}

// One element of a pattern that stands for exactly one character.
struct Element {
  size_t pattern_bytes = 0;
  bool matches = false;
};

// A '[' set, from behind the bracket. Checked by parse: it is closed.
Element match_set(std::string_view pattern, size_t at, std::string_view c) {
  size_t i = at + 1;
  bool negated = pattern[i] == '!' || pattern[i] == '^';
  if (negated) ++i;
  bool found = false;
  for (bool first = true; first || pattern[i] != ']'; first = false) {
    if (pattern[i] == '\\') ++i;
    std::string_view low = pattern.substr(i, character(pattern, i));
    std::string_view high = low;
    i += low.size();
    if (pattern[i] == '-' && pattern[i + 1] != ']') {
      ++i;
      if (pattern[i] == '\\') ++i;
      high = pattern.substr(i, character(pattern, i));
      i += high.size();
    }
    // UTF-8 orders as its code points do.
    if (low <= c && c <= high) found = true;
  }
  return {i + 1 - at, found != negated};
}

Element match_element(std::string_view pattern, size_t at, std::string_view c) {
  switch (pattern[at]) {
    case '?':
      return {1, true};
    case '[':
      return match_set(pattern, at, c);
    case '\\':
      ++at;
      return {1 + character(pattern, at), pattern.substr(at, character(pattern, at)) == c};
    default:
      return {character(pattern, at), pattern.substr(at, character(pattern, at)) == c};
  }
}

// One name against one part. After a mismatch only the last '*' needs to be tried longer.
bool match_name(std::string_view pattern, std::string_view name) {
  size_t p = 0, n = 0, star = kBeyond, star_name = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_name = n;
      continue;
    }
    size_t bytes = character(name, n);
    if (p < pattern.size()) {
      Element element = match_element(pattern, p, name.substr(n, bytes));
      if (element.matches) {
        p += element.pattern_bytes;
        n += bytes;
        continue;
      }
    }
    if (star == kBeyond) return false;
    p = star + 1;
    star_name += character(name, star_name);
    n = star_name;
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

// Where the name that begins at `begin` ends.
size_t name_end(std::string_view path, size_t begin) {
  return std::min(path.find('/', begin), path.size());
}

Status check_part(std::string_view part) {
  for (size_t i = 0; i < part.size(); ++i) {
    if (part[i] == '\\') {
      if (++i == part.size()) return invalid_argument("it ends in a lone '\\'");
      continue;
    }
    if (part[i] != '[') continue;
    size_t end = i + 1;
    if (end < part.size() && (part[end] == '!' || part[end] == '^')) ++end;
    for (bool first = true; end < part.size() && (first || part[end] != ']'); first = false) {
      end += part[end] == '\\' ? 2 : 1;
    }
    if (end >= part.size()) return invalid_argument("'[' without ']' (write '\\[' for the character)");
    i = end;
  }
  return {};
}

bool is_literal(std::string_view part) {
  return part.find_first_of("*?[\\") == kBeyond;
}

}  // namespace

Result<Glob> Glob::parse(std::string_view pattern) {
  auto refused = [&](std::string_view why) {
    return invalid_argument(fmt::format("'{}' is no pattern for paths: {}", display(pattern), why));
  };
  Glob glob;
  glob.text_ = pattern;
  if (pattern.empty()) return refused("it is empty; write /** for every file");
  if (pattern.find('\0') != kBeyond) return refused("it has a zero byte");
  glob.last_name_only_ = pattern.find('/') == kBeyond;
  if (!glob.last_name_only_) {
    if (pattern.front() != '/') return refused("with a '/' in it, it has to begin with one");
    if (pattern.back() == '/') return refused("it ends in '/'; write '**' behind it for all that is below");
    pattern.remove_prefix(1);
  }
  while (true) {
    size_t end = std::min(pattern.find('/'), pattern.size());
    std::string_view part = pattern.substr(0, end);
    if (part.empty()) return refused("there is nothing between two '/'");
    if (Status checked = check_part(part); !checked.ok()) return refused(checked.message());
    glob.parts_.emplace_back(part);
    if (end == pattern.size()) break;
    pattern.remove_prefix(end + 1);
  }
  for (size_t i = 0; i + 1 < glob.parts_.size() && is_literal(glob.parts_[i]); ++i) {
    glob.directory_ = join_path(glob.directory_, glob.parts_[i]);
  }
  return glob;
}

bool Glob::matches(std::string_view path) const {
  if (last_name_only_) return match_name(parts_.front(), path.substr(path.rfind('/') + 1));
  size_t part = 0, at = 1;  // `at`: where the next name begins; path.size() + 1 behind the last one
  std::optional<size_t> wide_part;
  size_t wide_at = 0;
  while (at <= path.size()) {
    if (part < parts_.size() && parts_[part] == "**") {
      // At the end it takes the rest, which is a name at least.
      if (++part == parts_.size()) return true;
      wide_part = part;
      wide_at = at;
      continue;
    }
    size_t end = name_end(path, at);
    if (part < parts_.size() && match_name(parts_[part], path.substr(at, end - at))) {
      ++part;
      at = end + 1;
      continue;
    }
    if (!wide_part) return false;
    // The last "**" takes one name more.
    wide_at = name_end(path, wide_at) + 1;
    at = wide_at;
    part = *wide_part;
  }
  return part == parts_.size();
}

}  // namespace fsdfs::master
