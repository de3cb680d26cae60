// InodeTable: what the kernel knows of this mount: which files it holds, which it has open, and of which
// version its cached pages are.
//
// The kernel names a file by a node number. A node number is the swarm's inode number, with one exception:
// the kernel has one page cache a node number, but an open file goes on reading the version that it was
// opened at, so when the content changes while somebody has the old version open, those who look the name up
// from then on are given a node number of its own for the new version (an alias: bit 63 set, which no inode
// number has). Two versions therefore never meet in one page cache (invariant 5), and whoever has the old one
// open undisturbedly reads on. stat(2) shows the inode number for both.
//
// Used by FileSystem alone. Thread-safe; one mutex, never held across a call to the swarm. Nothing survives
// the process, and nothing needs to: a new mount starts with an empty kernel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "client/types.h"
#include "common/ids.h"
#include "common/status.h"

namespace fsdfs::fuse {

// The kernel's name of a file. Not the swarm's NodeId, which is a server.
using NodeNumber = StrongNumber<struct KernelNodeTag>;
inline constexpr NodeNumber kRootNode{1};  // FUSE_ROOT_ID; the swarm's root is inode 1 as well
static_assert(kRootNode.value == kRootInode.value);

// A file as the kernel is told of it.
struct Entry {
  NodeNumber node;
  client::Attributes attributes;
};

class InodeTable {
 public:
  InodeTable();
  InodeTable(const InodeTable&) = delete;
  InodeTable& operator=(const InodeTable&) = delete;

  // The kernel is about to be told of this file once more, by a lookup; `attributes` are the master's answer.
  // The attributes returned are those of the version that the node number stands for.
  Entry remember(const client::Attributes& attributes);
  // The kernel forgot as many of those answers. One it did not get in the end is taken back like this too.
  void forget(NodeNumber node, uint64_t lookups);

  // kStaleVersion (ESTALE) for a node number that the kernel was never told of or has forgotten.
  Result<InodeId> inode_of(NodeNumber node) const;

  // The attributes to tell for `node` when the master's are `fresh`: of an open file the content's are those
  // of the open version.
  client::Attributes refresh(NodeNumber node, const client::Attributes& fresh);
  // Of a node that is open: what is known without asking the master.
  std::optional<client::Attributes> open_attributes(NodeNumber node) const;

  // The kernel opens the file, whose version is now the one in `attributes`. True: the kernel may keep the
  // pages it has of it. kStaleVersion when another version is open under this node number: the kernel then
  // looks the name up again by itself, and gets the alias.
  Result<bool> open(NodeNumber node, const client::Attributes& attributes);
  // The kernel has acted on an open of this version (it read, or it closed), so pages of older ones are gone.
  // Not before: two opens may be answered in one order and seen in the other.
  void confirm(NodeNumber node, const Version& version);
  // Undoes one open.
  void release(NodeNumber node);

  size_t size() const;  // files that the kernel knows, the root included

 private:
  struct Node {
    InodeId inode;
    uint64_t lookups = 0;
    uint64_t opens = 0;
    std::unique_ptr<client::Attributes> open;  // set while opens > 0
    std::optional<Version> cached;             // the kernel's pages are of this version, or there are none
  };

  NodeNumber current_node(InodeId inode) const;
  void drop_if_unused(NodeNumber node);

  mutable std::mutex mutex_;
  // Guarded by mutex_:
  std::unordered_map<NodeNumber, Node> nodes_;
  std::unordered_map<InodeId, NodeNumber>
      aliases_;  // where a lookup of the inode leads, if not to its own number
  uint64_t next_alias_;
};

}  // namespace fsdfs::fuse
