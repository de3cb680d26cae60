#include "client/cli/copy_plan.h"

#include <set>

#include "common/path.h"

namespace fsdfs::client {

namespace {

bool ends_in_slash(const std::string& path) {
  return path.size() > 1 && path.back() == '/';
}

std::string without_slashes(std::string path) {
  while (ends_in_slash(path)) path.pop_back();
  return path;
}

// The name that a source has in its directory; empty when it has none of its own.
std::string own_name(const std::string& source) {
  std::string path = without_slashes(source);
  std::string name = path.substr(path.rfind('/') + 1);
  return name == "." || name == ".." ? "" : name;
}

std::string inside(const std::string& directory, const std::string& source) {
  std::string name = own_name(source);
  return name.empty() ? directory : join_path(directory, name);
}

// Whether the sources go into the destination rather than become it.
Result<bool> goes_inside(const CopyRequest& request) {
  const CopyOperand& destination = request.destination;
  bool one = request.sources.size() == 1;
  bool one_directory = one && request.sources.front().kind == OperandKind::kDirectory;
  switch (destination.kind) {
    case OperandKind::kDirectory:
      return true;
    case OperandKind::kFile:
      if (one && !one_directory && !ends_in_slash(destination.path)) return false;
      return failed_precondition(
          one_directory
              ? display(destination.path) + ": a directory cannot take the place of a file; remove it first"
              : display(destination.path) + ": not a directory",
          Reason::kNotDirectory);
    case OperandKind::kAbsent:
      break;
  }
  if (one_directory) return false;
  if (one && !ends_in_slash(destination.path)) return false;
  if (request.make_parents) return true;
  return not_found(display(destination.path) + ": no such directory (-p makes it)");
}

}  // namespace

Result<CopyPlan> plan_copy(const CopyRequest& request) {
  if (request.sources.empty()) return invalid_argument("nothing to copy");
  FSDFS_ASSIGN(bool inside_it, goes_inside(request));
  CopyPlan plan;
  std::string destination = without_slashes(request.destination.path);
  if (inside_it && request.destination.kind == OperandKind::kAbsent) plan.make_directory = destination;
  std::set<std::string> targets;
  for (const CopyOperand& source : request.sources) {
    bool directory = source.kind == OperandKind::kDirectory;
    CopyItem item{.source = directory ? without_slashes(source.path) : source.path,
                  .target = inside_it ? inside(destination, source.path) : destination,
                  .directory = directory};
    if (!directory && own_name(source.path).empty() && inside_it) {
      return invalid_argument(display(source.path) + ": not a file's name");
    }
    if (!targets.insert(item.target).second) {
      return invalid_argument("two sources would become " + display(item.target));
    }
    plan.items.push_back(std::move(item));
  }
  return plan;
}

}  // namespace fsdfs::client
