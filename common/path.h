// Names and paths of the swarm's namespace, and how bytes that need not be UTF-8 are shown.
//
// A name is 1 to 255 bytes without '/' and NUL, and is not "." or "..": so a path can never leave its root
// (invariant 10). A path is '/' and names, at most 4095 bytes. Used wherever a path comes in: command line,
// HTTP, the master's services. Pure functions.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"

namespace fsdfs {

inline constexpr size_t kNameBytesMax = 255;
inline constexpr size_t kPathBytesMax = 4095;

// kInvalidArgument says which rule is broken; Reason::kNameTooLong where that is it.
Status check_name(std::string_view name);

// "/a//b/" -> {"a", "b"}; "/" -> {}. Doubled and trailing slashes are tolerated. The error names rule and
// path:
// "'..' is not allowed in a swarm path: /a/../b".
Result<std::vector<std::string>> split_path(std::string_view path);

// {"a", "b"} -> "/a/b"; {} -> "/".
std::string join_names(std::span<const std::string> names);
// ("/a", "b") -> "/a/b"; ("/", "b") -> "/b".
std::string join_path(std::string_view directory, std::string_view name);
// The path that split_path and join_names make of it.
Result<std::string> normalize_path(std::string_view path);
// True when `path` is `prefix` or lies below it; both normalized. ("/ab" is not below "/a".)
bool is_within(std::string_view path, std::string_view prefix);

bool is_utf8(std::string_view bytes);  // strictly: no overlong forms, no surrogates

// Printable on a terminal and unambiguous: valid UTF-8 stays; control characters, invalid bytes and the marks
// that reorder text become \n, \t or \xNN; a backslash is doubled.
std::string display(std::string_view bytes);

// RFC 4648 with padding: how JSON carries names that are not UTF-8.
std::string base64_encode(std::string_view bytes);
Result<std::string> base64_decode(std::string_view text);

}  // namespace fsdfs
