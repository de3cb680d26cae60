// What every change of a name does to inodes: link counts, times, counters, and the end of an inode without
// names. Internal to the master's operations (namespace, sessions). All run inside one operation of the
// store.
#pragma once

#include "common/status.h"
#include "master/store/store.h"

namespace fsdfs::master {

inline constexpr uint32_t kModeMask = 07777;
inline constexpr uint32_t kSetGroupId = 02000;
inline constexpr uint32_t kLinksMax = 65'000;

// Adds a name for an inode that is there already. Updates the directory: times, and links if `child` is a
// directory. `parent` is brought up to date. The inode's own link count is the caller's.
Status add_name(WriteTransaction& transaction, Inode& parent, const std::string& name, const Inode& child);
// Takes the name away, likewise.
Status remove_name(WriteTransaction& transaction, Inode& parent, const Entry& entry, const Inode& child);

// What becomes of a regular file with content when its last name goes.
enum class LastName { kEnds, kTrash };

// The inode has lost the name `entry`. One without names goes to the trash, or ends.
Status drop_link(WriteTransaction& transaction, const Entry& entry, const Inode& inode, LastName last);

// The inode's row goes, its replicas become deletions that last until each node has confirmed, and a
// tombstone stays behind.
Status end_inode(WriteTransaction& transaction, const Inode& inode);

// Marks a recorded replica for deletion, or records one to be deleted that was never recorded.
Status condemn_replica(WriteTransaction& transaction, const ReplicaId& replica, const NodeId& node,
                       uint64_t size);

}  // namespace fsdfs::master
