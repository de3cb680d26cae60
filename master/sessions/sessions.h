// Sessions of whole new content (docs/architecture.md, "A put"): what a put means for names, versions and
// replicas. Functions over one transaction of the store, called by master/service and, for leases that ran
// out, by master/control. Which nodes form the chain is the scheduler's choice and comes in.
//
// Rules:
//   - Nothing is visible before the commit; the commit switches the file as a whole.
//   - The higher version wins. A lower one that commits later is acknowledged as if it had come first: it
//   changes
//     nothing, and what its chain staged is deleted. The same holds where the file was removed meanwhile
//     (what is in the trash stays as it was deleted).
//   - What a put replaces does not go to the trash, a file that came to its name meanwhile included.
//   - A member without a receipt is no copy: what it may have staged is deleted.
//   - Whatever ends a session without a commit turns its whole chain into deletions.
// What a session that is still open staged is known by its row, also after a restart of the master.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/security/ticket.h"
#include "common/status.h"
#include "master/namespace/operations.h"
#include "master/policy/policy.h"
#include "master/store/store.h"

namespace fsdfs::master {

inline constexpr uint64_t kContentBytesMax = (uint64_t{1} << 48) - 1;  // as the scheduler counts sizes

struct OpenRequest {
  PathAt path;
  uint64_t size = 0;  // bytes expected
  NewInode attributes;
  std::optional<double> target;
  bool no_replace = false;
};

// What a put will be, before anything is reserved or written for it.
struct SessionPlan {
  InodeId parent;
  std::string name;
  std::optional<Inode> replaces;  // the file at that name
  double target = 0;              // N of what comes out of it
};

// kNotFound (a missing directory, by name), kFailedPrecondition/kIsDirectory, kAlreadyExists (no_replace),
// kInvalidArgument, kResourceExhausted/kQuota. The policy is for a file that does not exist yet.
Result<SessionPlan> plan_session(ReadView& view, const OpenRequest& request, const Policy& policy);

// Writes the session's row. Plans anew, as names may have changed since; `id` is what the chain was reserved
// for.
Result<SessionRecord> open_session(WriteTransaction& transaction, const OpenRequest& request, SessionId id,
                                   std::vector<NodeId> chain, uint32_t wanted_members);

// What the chain's replicas shall say of the file, as far as it is known before the commit: without the time
// of modification, and with no metadata counter. Where it turns out otherwise the records tell the nodes.
Result<ReplicaOrigin> expected_origin(ReadView& view, const SessionRecord& session, const Policy& policy);

// kAborted/kSessionLost.
Result<SessionRecord> find_session(ReadView& view, SessionId id);

// Whether the session may become this big, by the quotas above it and as a file at all.
Status check_session_size(ReadView& view, const SessionRecord& session, uint64_t size);

// More bytes than announced; fewer change nothing. The room has been reserved.
Result<SessionRecord> extend_session(WriteTransaction& transaction, SessionId id, uint64_t size);

struct CommitRequest {
  SessionId session;
  Content content;
  std::vector<Receipt> receipts;  // opened, so genuine
  std::optional<FileTime> modified;
  uint32_t sync_copies_min = 1;
};
struct CommitOutcome {
  Inode inode;  // as the put left it; when superseded, as it would have been
  InodeId parent;
  uint32_t synced_copies = 0;
  uint32_t wanted_members = 0;
  bool superseded = false;
};
// kAborted/kSessionLost; kInvalidArgument: a receipt that speaks of something else; kUnavailable: too few
// receipts; kNotFound: the directory was removed; kAlreadyExists, kIsDirectory: what stands at the name now;
// kResourceExhausted/kQuota. After an error the session is as it was. The policy decides N of a new file, if
// the session names none.
Result<CommitOutcome> commit_session(WriteTransaction& transaction, const CommitRequest& request,
                                     const Policy& policy);

// Ends a session without a commit. A session that is gone is no error: this is what lease, client and node
// may all ask for.
Status abort_session(WriteTransaction& transaction, SessionId id);

// Members whose receipts prove this content of this session, in the order of the chain. kInvalidArgument
// names the receipt that disagrees.
Result<std::vector<NodeId>> judge_receipts(const SessionRecord& session, const Content& content,
                                           std::span<const Receipt> receipts);

}  // namespace fsdfs::master
