// What a node is told so that its disks describe themselves: the directories above its files, and what its
// replicas shall say of theirs (proto Records). Pages of the ordered log, in order; or, for a node that knows
// no place in the log (any more), of the present state, and then of the log from where that began, so that no
// change is lost between the two. All are states: told twice is as well.
//
// Pure over a view, which is one moment; pages of the present state may be of different moments, as the log
// is then followed from the first one on. Called by the registry service, once a second for each node.
#pragma once

#include <optional>
#include <vector>

#include "common/status.h"
#include "master/store/store.h"

namespace fsdfs::master {

struct RecordsQuestion {
  NodeId node;
  LogPosition position;            // up to here it knows; none: nothing
  std::optional<ReplicaId> after;  // of the page before, if that had one
};

struct RecordLimits {
  size_t entries = 512;  // of the log, in a page
  size_t files = 1024;   // in a page; one entry of the log more than that at most
};

struct FileRecord {
  ReplicaId current;  // which version is the file's content
  ReplicaOrigin origin;
};

struct NamedDirectory {
  Inode inode;
  std::string name;  // of the root: empty
};

struct RecordPage {
  LogPosition position;                     // where to go on
  std::optional<ReplicaId> after;           // set: the present state goes on behind it
  bool more = false;                        // there is more now
  bool present_state = false;               // told as such, not as what has changed
  std::vector<NamedDirectory> directories;  // changed ones, and all above what is in this page
  std::vector<InodeId> gone;                // inodes that are no more
  std::vector<FileRecord> files;            // of which the node holds some version
};

Result<RecordPage> record_page(ReadView& view, const RecordsQuestion& question, const RecordLimits& limits);

}  // namespace fsdfs::master
