#include "fuse/inode_table.h"

#include <algorithm>
#include <utility>

namespace fsdfs::fuse {

namespace {

constexpr uint64_t kAliasBit = 1ULL << 63;

Status unknown_node() {
  return aborted("the kernel asks for a file that it was not told of", Reason::kStaleVersion);
}

// `fresh`, but where it speaks of another version, with the content of the one that is open.
client::Attributes with_content_of(const client::Attributes& open, const client::Attributes& fresh) {
  if (fresh.version == open.version) return fresh;
  client::Attributes merged = fresh;
  merged.version = open.version;
  merged.size = open.size;
  merged.digest = open.digest;
  merged.modified = open.modified;
  return merged;
}

}  // namespace

InodeTable::InodeTable() : next_alias_(kAliasBit) {
  nodes_[kRootNode] = Node{.inode = kRootInode, .lookups = 1, .opens = 0, .open = nullptr, .cached = {}};
}

NodeNumber InodeTable::current_node(InodeId inode) const {
  auto alias = aliases_.find(inode);
  return alias != aliases_.end() ? alias->second : NodeNumber{inode.value};
}

Entry InodeTable::remember(const client::Attributes& attributes) {
  std::lock_guard lock(mutex_);
  NodeNumber number = current_node(attributes.inode);
  auto found = nodes_.find(number);
  bool open = found != nodes_.end() && found->second.opens > 0;
  if (open && attributes.version > found->second.open->version) {
    number = NodeNumber{next_alias_++};
    aliases_[attributes.inode] = number;
    open = false;
  }
  Node& node = nodes_[number];
  node.inode = attributes.inode;
  ++node.lookups;
  if (!open) return {number, attributes};
  // Equal, or an answer that was overtaken by the open: then what is open is newer.
  client::Attributes told = with_content_of(*node.open, attributes);
  if (attributes.metadata_counter >= node.open->metadata_counter) *node.open = told;
  return {number, *node.open};
}

void InodeTable::forget(NodeNumber number, uint64_t lookups) {
  std::lock_guard lock(mutex_);
  auto found = nodes_.find(number);
  if (found == nodes_.end() || number == kRootNode) return;
  Node& node = found->second;
  node.lookups -= std::min(node.lookups, lookups);
  drop_if_unused(number);
}

void InodeTable::drop_if_unused(NodeNumber number) {
  auto found = nodes_.find(number);
  const Node& node = found->second;
  if (node.lookups > 0 || node.opens > 0) return;
  auto alias = aliases_.find(node.inode);
  if (alias != aliases_.end() && alias->second == number) aliases_.erase(alias);
  nodes_.erase(found);
}

Result<InodeId> InodeTable::inode_of(NodeNumber number) const {
  std::lock_guard lock(mutex_);
  auto found = nodes_.find(number);
  if (found == nodes_.end()) return unknown_node();
  return found->second.inode;
}

client::Attributes InodeTable::refresh(NodeNumber number, const client::Attributes& fresh) {
  std::lock_guard lock(mutex_);
  auto found = nodes_.find(number);
  if (found == nodes_.end() || found->second.opens == 0) return fresh;
  client::Attributes told = with_content_of(*found->second.open, fresh);
  if (fresh.metadata_counter >= found->second.open->metadata_counter) *found->second.open = told;
  return told;
}

std::optional<client::Attributes> InodeTable::open_attributes(NodeNumber number) const {
  std::lock_guard lock(mutex_);
  auto found = nodes_.find(number);
  if (found == nodes_.end() || found->second.opens == 0) return std::nullopt;
  return *found->second.open;
}

Result<bool> InodeTable::open(NodeNumber number, const client::Attributes& attributes) {
  std::lock_guard lock(mutex_);
  auto found = nodes_.find(number);
  if (found == nodes_.end()) return unknown_node();
  Node& node = found->second;
  if (node.opens > 0 && node.open->version != attributes.version) {
    return aborted("inode " + to_string(node.inode) + " is open here at version " +
                       node.open->version.to_string() + " and is now at " + attributes.version.to_string() +
                       "; look its name up again",
                   Reason::kStaleVersion);
  }
  if (node.opens == 0) node.open = std::make_unique<client::Attributes>(attributes);
  ++node.opens;
  return node.cached == attributes.version;
}

void InodeTable::confirm(NodeNumber number, const Version& version) {
  std::lock_guard lock(mutex_);
  auto found = nodes_.find(number);
  if (found == nodes_.end() || found->second.opens == 0) return;
  if (found->second.open->version == version) found->second.cached = version;
}

void InodeTable::release(NodeNumber number) {
  std::lock_guard lock(mutex_);
  auto found = nodes_.find(number);
  if (found == nodes_.end() || found->second.opens == 0) return;
  if (--found->second.opens == 0) found->second.open.reset();
  drop_if_unused(number);
}

size_t InodeTable::size() const {
  std::lock_guard lock(mutex_);
  return nodes_.size();
}

}  // namespace fsdfs::fuse
