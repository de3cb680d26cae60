#include "client/cli/swarm_path.h"

#include "common/path.h"

namespace fsdfs::client {

Result<std::string> parse_swarm_path(std::string_view text) {
  if (text.empty()) return invalid_argument("the path is empty; the swarm's root is /");
  if (text.front() != '/') {
    return invalid_argument("a path of the swarm begins with '/': did you mean /" + display(text) + "?");
  }
  return normalize_path(text);
}

Place place_of_path(const std::string& path) {
  return {.directory = kRootInode, .path = path.substr(1)};
}

std::string base_name(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

std::string parent_path(const std::string& path) {
  size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

}  // namespace fsdfs::client
