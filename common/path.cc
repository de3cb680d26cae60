#include "common/path.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>

namespace fsdfs {
namespace {

constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

struct CodePoint {
  uint32_t value = 0;
  size_t length = 0;  // 0: not valid UTF-8
};

// The code point at the front of `bytes`, which is not empty; by the table of well-formed sequences of the
// Unicode standard (section 3.9).
CodePoint first_code_point(std::string_view bytes) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(bytes[i]); };
  unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  size_t length = lead >= 0xC2 && lead <= 0xDF ? 2 : lead >= 0xE0 && lead <= 0xEF ? 3 : 4;
  if (lead < 0xC2 || lead > 0xF4 || bytes.size() < length) return {};
  uint32_t value = lead & (0xFFu >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    value = value << 6 | (byte(i) & 0x3Fu);
  }
  bool overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
  bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (overlong || surrogate || value > 0x10FFFF) return {};
  return {value, length};
}

// Control characters, and marks that make a terminal show text in another order or on another line.
bool is_unprintable(uint32_t code_point) {
  return code_point < 0x20 || (code_point >= 0x7F && code_point < 0xA0) || code_point == 0x61C ||
         code_point == 0x200E || code_point == 0x200F || (code_point >= 0x2028 && code_point <= 0x202E) ||
         (code_point >= 0x2066 && code_point <= 0x2069) || code_point == 0xFEFF;
}

void append_escaped(std::string& out, std::string_view bytes) {
  for (char c : bytes) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
}

constexpr std::array<int8_t, 256> base64_values() {
  std::array<int8_t, 256> values{};
  values.fill(-1);
  for (size_t i = 0; i < kBase64.size(); ++i) {
    values[static_cast<unsigned char>(kBase64[i])] = static_cast<int8_t>(i);
  }
  return values;
}

}  // namespace

Status check_name(std::string_view name) {
  if (name.empty()) return invalid_argument("a name must not be empty");
  if (name == "." || name == "..")
    return invalid_argument(fmt::format("'{}' is not allowed as a name", name));
  if (name.size() > kNameBytesMax) {
    return invalid_argument(fmt::format("name longer than {} bytes: {}", kNameBytesMax, display(name)),
                            Reason::kNameTooLong);
  }
  if (name.find('/') != std::string_view::npos) {
    return invalid_argument(fmt::format("'/' is not allowed in a name: {}", display(name)));
  }
  if (name.find('\0') != std::string_view::npos) {
    return invalid_argument(fmt::format("a NUL byte is not allowed in a name: {}", display(name)));
  }
  return Status();
}

Result<std::vector<std::string>> split_path(std::string_view path) {
  if (path.size() > kPathBytesMax) {
    return invalid_argument(
        fmt::format("path longer than {} bytes: {}...", kPathBytesMax, display(path.substr(0, 100))),
        Reason::kNameTooLong);
  }
  if (path.empty() || path.front() != '/') {
    return invalid_argument(fmt::format("a swarm path starts with '/': '{}'", display(path)));
  }
  std::vector<std::string> names;
  size_t at = 0;
  while (at < path.size()) {
    size_t end = std::min(path.find('/', at), path.size());
    std::string_view name = path.substr(at, end - at);
    at = end + 1;
    if (name.empty()) continue;
    if (name == "." || name == "..") {
      return invalid_argument(fmt::format("'{}' is not allowed in a swarm path: {}", name, display(path)));
    }
    FSDFS_TRY(check_name(name));
    names.emplace_back(name);
  }
  return names;
}

std::string join_names(std::span<const std::string> names) {
  if (names.empty()) return "/";
  std::string path;
  for (const std::string& name : names) {
    path += '/';
    path += name;
  }
  return path;
}

std::string join_path(std::string_view directory, std::string_view name) {
  std::string path(directory);
  if (!path.ends_with('/')) path += '/';
  return path.append(name);
}

Result<std::string> normalize_path(std::string_view path) {
  FSDFS_ASSIGN(auto names, split_path(path));
  return join_names(names);
}

bool is_within(std::string_view path, std::string_view prefix) {
  if (prefix == "/") return path.starts_with('/');
  return path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/');
}

bool is_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    size_t length = first_code_point(bytes).length;
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

std::string display(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  while (!bytes.empty()) {
    auto [value, length] = first_code_point(bytes);
    if (length == 0 || is_unprintable(value)) {
      length = std::max<size_t>(length, 1);
      append_escaped(out, bytes.substr(0, length));
    } else if (value == '\\') {
      out += "\\\\";
    } else {
      out += bytes.substr(0, length);
    }
    bytes.remove_prefix(length);
  }
  return out;
}

std::string base64_encode(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t at = 0; at < bytes.size(); at += 3) {
    std::string_view group = bytes.substr(at, 3);
    uint32_t bits = 0;
    for (size_t i = 0; i < 3; ++i) {
      bits = bits << 8 | (i < group.size() ? static_cast<unsigned char>(group[i]) : 0u);
    }
    for (size_t i = 0; i < 4; ++i) text += i <= group.size() ? kBase64[bits >> (18 - 6 * i) & 63] : '=';
  }
  return text;
}

Result<std::string> base64_decode(std::string_view text) {
  static constexpr std::array<int8_t, 256> kValues = base64_values();
  auto bad = [&](std::string_view why) {
    return invalid_argument(fmt::format("not base64: '{}' ({})", display(text.substr(0, 100)), why));
  };
  if (text.size() % 4 != 0) return bad("its length is not a multiple of 4");
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  for (size_t at = 0; at < text.size(); at += 4) {
    std::string_view group = text.substr(at, 4);
    size_t padding = at + 4 < text.size() ? 0 : group.ends_with("==") ? 2 : group.ends_with('=') ? 1 : 0;
    uint32_t bits = 0;
    for (size_t i = 0; i < 4; ++i) {
      int value = i < 4 - padding ? kValues[static_cast<unsigned char>(group[i])] : 0;
      if (value < 0) return bad(fmt::format("at offset {}", at + i));
      bits = bits << 6 | static_cast<uint32_t>(value);
    }
    if ((bits & ((1u << (8 * padding)) - 1)) != 0) return bad("its last bits are not zero");
    for (size_t i = 0; i < 3 - padding; ++i) bytes += static_cast<char>(bits >> (16 - 8 * i) & 0xFF);
  }
  return bytes;
}

}  // namespace fsdfs
