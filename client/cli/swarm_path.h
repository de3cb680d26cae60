// Swarm paths as people type them. Pure functions.
//
// A path of the swarm is absolute ("/a/b"); relative ones are refused, since the shell's directory means
// nothing there, and so are "." and ".." (invariant 10). Doubled and trailing slashes are tolerated.
#pragma once

#include <string>
#include <string_view>

#include "client/types.h"
#include "common/status.h"

namespace fsdfs::client {

// Normalized: "/a/b", or "/". kInvalidArgument says what is wrong and how to write it.
Result<std::string> parse_swarm_path(std::string_view text);
// Of a normalized path.
Place place_of_path(const std::string& path);
std::string base_name(const std::string& path);    // "b"; "" of "/"
std::string parent_path(const std::string& path);  // "/a"; "/" of "/" and "/a"

}  // namespace fsdfs::client
