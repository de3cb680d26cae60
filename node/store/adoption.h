// Adoption: a file of this machine becomes a replica without its bytes being copied where the filesystem can:
//   reflink   a file of its own that shares the blocks: later changes of the original do not reach it
//   link      another name of the file itself: whoever writes into the original spoils the replica, which its
//             sums will tell. The first choice where the original's own name is about to go (`moving`).
//   copy      where neither can be done
// Nothing of the original is changed, its mode and owner included: the node must be able to read it.
//
// The bytes are read once, for their sums; then it is an arrival like any other, with all that
// Arrival::finish() guarantees. A crash leaves a stage, which is one more name of the file, and is swept.
// For one thread; ends before its store. Internal to node/store, but for the values.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "node/store/arrival.h"

namespace fsdfs::node {

// A regular file, and what it was when somebody looked at it.
struct LocalFile {
  std::string path;     // absolute
  uint64_t device = 0;  // with inode: which file it is
  uint64_t inode = 0;
  uint64_t size = 0;
  FileTime modified;
};

enum class AdoptedBy { kLink = 1, kReflink = 2, kCopy = 3 };

struct Adopted {
  HeldReplica held;
  AdoptedBy by = AdoptedBy::kCopy;
};

// Told how many bytes are summed; what is not ok ends the adoption with it.
using AdoptionProgress = std::function<Status(uint64_t bytes)>;

class Adoption {
 public:
  Adoption(StoreCore& core, const ReplicaId& replica, const LocalFile& original, bool moving)
      : core_(core), replica_(replica), original_(original), moving_(moving) {}

  // ReplicaStore::adopt
  Result<Adopted> run(const Origin& origin, const AdoptionProgress& progress);

 private:
  Status check_place() const;
  Status check_same(const FileStat& stat) const;
  Status open_original();
  Status stage(Reservation reservation);
  Result<std::unique_ptr<DiskFile>> stage_by(AdoptedBy way, const std::string& path);
  Status sum_stage(const AdoptionProgress& progress);
  Status copy(const AdoptionProgress& progress);

  StoreCore& core_;
  const ReplicaId replica_;
  const LocalFile& original_;
  const bool moving_;
  std::unique_ptr<DiskFile> source_;
  AdoptedBy by_ = AdoptedBy::kCopy;
  std::unique_ptr<Arrival> arrival_;
};

}  // namespace fsdfs::node
