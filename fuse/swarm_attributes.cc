#include "fuse/swarm_attributes.h"

#include <fmt/format.h>

namespace fsdfs::fuse {

namespace {

constexpr std::string_view kPrefix = "user.fsdfs.";
constexpr std::string_view kReplicas = "replicas";
constexpr std::string_view kTarget = "target";
constexpr std::string_view kCopies = "copies";
constexpr std::string_view kVersion = "version";
constexpr std::string_view kInode = "inode";

std::string replica_addresses(const client::FileStat& stat) {
  std::string addresses;
  for (const auto& replica : stat.replicas) {
    if (replica.state != client::ReplicaState::kWhole || replica.version != stat.attributes.version) continue;
    if (replica.node_state == client::NodeState::kDead) continue;
    if (!addresses.empty()) addresses += ',';
    addresses += replica.node.address;
  }
  return addresses;
}

}  // namespace

std::vector<std::string> swarm_attribute_names(client::FileType type) {
  std::vector<std::string> names;
  if (type == client::FileType::kRegular) {
    for (auto name : {kReplicas, kTarget, kCopies, kVersion})
      names.push_back(std::string(kPrefix).append(name));
  }
  names.push_back(std::string(kPrefix).append(kInode));
  return names;
}

bool is_swarm_attribute(std::string_view name) {
  if (!name.starts_with(kPrefix)) return false;
  name.remove_prefix(kPrefix.size());
  return name == kReplicas || name == kTarget || name == kCopies || name == kVersion || name == kInode;
}

Result<std::string> swarm_attribute(const client::FileStat& stat, std::string_view name) {
  const auto& attributes = stat.attributes;
  if (is_swarm_attribute(name)) {
    std::string_view key = name.substr(kPrefix.size());
    if (key == kInode) return to_string(attributes.inode);
    if (attributes.is_regular()) {
      if (key == kReplicas) return replica_addresses(stat);
      if (key == kTarget) return fmt::format("{}", attributes.target);
      if (key == kCopies) return std::to_string(attributes.copies);
      if (key == kVersion) return attributes.version.to_string();
    }
  }
  return Status(Code::kNotFound, "no such extended attribute: " + std::string(name),
                Reason::kNoSuchAttribute);
}

}  // namespace fsdfs::fuse
