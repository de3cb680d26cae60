// What fsck finds: one thing that is not as it should be, and what may be done about it. Plain values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "master/control/node_messages.h"
#include "master/store/store.h"

namespace fsdfs::master {

enum class FindingKind : uint8_t {
  // Of the master's own records.
  kNoName,       // an inode that no name leads to, and that is not in the trash
  kLinkCount,    // links that are not the number of names
  kDeadName,     // a name that leads to no inode
  kTotals,       // counters of the swarm
  kQuota,        // what a quota says is used
  kStrayRow,     // a replica record of a file or version that there is not
  kOldAsWhole,   // a replica record that says whole of an old version
  kOnlyBad,      // a file with bad copies only
  kNoCopy,       // a file without any
  kUnavailable,  // a file whose whole copies are all on dead nodes
  // Of records against what a node holds.
  kMissing,     // recorded, and not there
  kUnrecorded,  // there, and not recorded
  kOtherState,  // there in another state than recorded
  kUnknown,     // there, and of no file that this master knows
};
std::string_view name_of(FindingKind kind);  // "missing"

struct Finding {
  FindingKind kind = FindingKind::kUnknown;
  InodeId inode;       // none: of no inode
  ReplicaId id = {};   // of findings about what a node holds
  NodeId node;         // none: of no node
  std::string what;    // what is wrong
  std::string remedy;  // what --repair does; empty: nothing, it is for people to decide

  // What the repair needs.
  Entry entry = {};        // kDeadName
  TotalsDrift drift = {};  // kTotals; bytes and files of kQuota
  ReplicaRecord row = {};  // kStrayRow, kOldAsWhole, kMissing
  HeldReplica held = {};   // kUnrecorded, kOtherState
};
using Findings = std::vector<Finding>;

// Does what the remedy says, in one operation that looks again. Nothing where there is no remedy, or the
// fault is gone. Never deletes a replica.
Status repair(WriteTransaction& transaction, const Finding& finding);

}  // namespace fsdfs::master
