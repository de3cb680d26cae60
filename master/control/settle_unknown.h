// What an operator may decide about replicas that the master does not know: to make a file of one, or to have
// it deleted. Functions over one transaction of the store, called by master/service.
//
// Invariants: 1 (a copy counts only with the content that its node reported), 11 (nothing of this happens by
// itself). A replica that became known meanwhile is left alone.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "common/status.h"
#include "master/control/node_messages.h"
#include "master/namespace/operations.h"
#include "master/policy/policy.h"
#include "master/store/store.h"

namespace fsdfs::master {

inline constexpr std::string_view kLostAndFound = "/lost+found";

// A node that holds a replica which is not known, as it reported it.
struct UnknownCopy {
  NodeId node;
  HeldReplica held;
};

struct UnknownAdoption {
  ReplicaId replica;
  std::vector<UnknownCopy> copies;  // of any version of its inode
  ReplicaOrigin origin;             // what the replica says of itself; an empty name: none is known
  std::string directory;            // empty: kLostAndFound
  NewInode directories;             // that have to be made
};
struct AdoptedFile {
  Inode inode;
  InodeId parent;
  std::string path;
  uint32_t holders = 0;
};
// The file gets its own inode number and version, the name that the replica says (numbered if that is taken)
// and N as the policy has it for a new file; its copies are recorded as reported, and those of older versions
// as stale.
// kNotFound: no copy of it is given. kFailedPrecondition: the inode number is taken, it was deleted, or its
// copies disagree about its content. kDataLoss: all are bad. And what make_directory and charge refuse for.
Result<AdoptedFile> adopt_unknown(WriteTransaction& transaction, const UnknownAdoption& request,
                                  const Policy& policy);

struct PurgedUnknown {
  uint32_t holders = 0;
  uint64_t bytes = 0;
};
// Makes deletions of all the copies, as durable as any (a row each, and a tombstone). kNotFound: none of them
// is unknown.
Result<PurgedUnknown> purge_unknown(WriteTransaction& transaction, const ReplicaId& replica,
                                    std::span<const UnknownCopy> copies);

}  // namespace fsdfs::master
