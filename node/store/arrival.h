// Arrival: one replica on its way to this node's disk; the same for a write chain and for a pulled copy.
//
//   reserve -> append ... -> finish   or   discard (also by destruction, at any point)
//
// Until finish() returns ok nothing of it is a replica: bytes lie in stage/, counted to the quota, and are
// swept at the next start. finish() syncs data and sidecar, renames both into place, syncs the directory,
// writes the index row and the change, in this order; so whatever counts survives a power cut (invariants 1
// and 6). Several that end together take each of these steps together (ending.cc), so that the filesystem
// commits once for many. For one thread at a time. Ends before its store.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/checksum.h"
#include "common/io/disk.h"
#include "common/status.h"
#include "node/store/claims.h"
#include "node/store/quota.h"
#include "node/store/replica.h"

namespace fsdfs::node {

struct IndexRow;
struct StoreCore;

class Arrival {
 public:
  ~Arrival();
  Arrival(const Arrival&) = delete;
  Arrival& operator=(const Arrival&) = delete;

  const ReplicaId& replica() const { return replica_; }
  const void* disk() const { return &core_; }      // which of the node's it is on
  uint64_t received() const { return received_; }  // bytes, contiguous from 0, verified
  uint64_t reserved() const { return reservation_.bytes(); }
  bool alive() const { return failed_.ok(); }    // more may be appended
  bool doomed() const { return doom_->load(); }  // its deletion was ordered meanwhile

  // Room for `size` bytes in all. kNoSpace leaves it as it was.
  Status reserve(uint64_t size);

  // The next bytes: whole blocks from offset received(), with the sum of each. Only the content's last block
  // may be short. Verifies before it writes. kDataLoss/kChecksum (a block does not fit its sum),
  // kInvalidArgument (not the next bytes) and kNoSpace (the quota) leave it as it was, so that right bytes
  // may follow; after any other error it is dead.
  Status append(uint64_t offset, std::string_view data, const BlockSums& sums);

  // Puts the content in its place for good. kDataLoss/kChecksum: it is not `expected`. kAborted: its deletion
  // was ordered meanwhile. After an error it is dead and nothing of it counts. Content that the node holds
  // already is fine.
  Result<HeldReplica> finish(const Content& expected, const Origin& origin);

  struct Ending {
    Arrival& arrival;
    Content expected;
    Origin origin;
  };
  // finish() of several, each of another replica and all on one disk: for each how it ended.
  static std::vector<Result<HeldReplica>> finish_together(std::span<const Ending> endings);

  void discard();

 private:
  friend class DiskStore;
  friend class Adoption;
  Arrival(StoreCore& core, const ReplicaId& replica, std::string stage_path, std::unique_ptr<DiskFile> file,
          Reservation reservation, Doom doom);

  Status check_next(uint64_t offset, std::string_view data, const BlockSums& sums) const;
  Status write_back();
  Status check_content(const Content& expected) const;
  void unstage();
  Status dead(Status why);

  // The steps of an ending, in their order (ending.cc).
  struct Placing;
  Status seal(Placing& placing);
  Status sync_stage(Placing& placing);
  Status put_in_place(Placing& placing);
  Result<HeldReplica> count_in(const Placing& placing);
  bool is_index_wrong(const IndexRow& row, const Description& description) const;
  Status undo_placing(const Description& description, Status why);
  Result<HeldReplica> ended(Result<HeldReplica> how);

  StoreCore& core_;
  const ReplicaId replica_;
  const std::string stage_data_;
  const std::string stage_meta_;
  std::unique_ptr<DiskFile> file_;  // null: ended
  Reservation reservation_;
  const Doom doom_;
  uint64_t received_ = 0;
  uint64_t staged_ = 0;  // of received_, counted in StoreCore::staged
  uint64_t written_back_ = 0;
  uint64_t synced_ = 0;
  BlockSums sums_;
  Status failed_;  // not ok: dead
};

}  // namespace fsdfs::node
