// MetadataStore: everything that the master must not forget, behind domain calls. Operations
// (master/namespace, master/sessions, master/control) are functions over a WriteTransaction or a ReadView;
// SQL stays in this folder.
//
// Writes: operations are queued and run one after the other by one writer thread, several to a commit. An
// operation either happened as a whole or, when it returned an error, not at all; whoever submitted it is
// answered after the commit. Its records enter the ordered log in the same transaction, and go to the
// listeners after the commit and before the answer, in order. Crash: an operation that asked for `sync`
// survives a power cut once it is answered; the others survive kill -9, and a power cut at the latest one
// second after. Invariant 12: an operation with a RequestId that has happened is answered with its remembered
// reply. Replies are kept for kRepliesKept at least. Operations that failed have not happened and are not
// remembered. Invariant 9: the epoch has grown, and is synced, before the store is handed out.
//
// Thread safety: MetadataStore, from any thread. A ReadView belongs to one thread and sees one moment; it
// holds back the cleaning of the database, so it is kept for one call at most. A WriteTransaction is valid
// inside its operation.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids.h"
#include "common/inventory.h"
#include "common/status.h"
#include "master/store/records.h"

namespace fsdfs::master {

inline constexpr auto kRepliesKept = std::chrono::hours(1);
inline constexpr auto kTombstonesKept = std::chrono::hours(24 * 7);
inline constexpr uint64_t kLogEntriesKept = 1'000'000;

struct Child {
  Entry entry;
  Inode inode;
};

// A run of files in the order of their inodes, with all replica records of inodes up to `last`; also those of
// inodes that are gone (their deletions are not confirmed yet).
struct FilePage {
  std::vector<Inode> files;  // regular ones, in the trash too
  std::vector<ReplicaRecord> replicas;
  InodeId last;  // where the next page starts
  bool end = false;
};

// What is recorded of a replica on one node, and what it should be.
struct Holding {
  ReplicaRecord row;
  std::optional<Content> content;  // of the version; none where that is not its inode's current one
};

struct Totals {
  uint64_t files = 0;  // regular, the trash aside
  uint64_t directories = 0;
  uint64_t bytes = 0;  // of regular files, each once
  uint64_t trash_files = 0;
  uint64_t trash_bytes = 0;
};

// By how much the counters differ from what there is. What goes on meanwhile does not change it.
struct TotalsDrift {
  int64_t files = 0;
  int64_t directories = 0;
  int64_t bytes = 0;
  int64_t trash_files = 0;
  int64_t trash_bytes = 0;
  friend bool operator==(const TotalsDrift&, const TotalsDrift&) = default;
};

// Where a walk over all names goes on.
struct EntryCursor {
  InodeId parent;
  uint64_t cookie = 0;
};

// A deleted file, and where a list of them goes on.
struct Trashed {
  TrashRecord record;
  Inode inode;
};
struct TrashCursor {
  std::string path;
  InodeId inode;
};

struct Usage {
  uint64_t bytes = 0;
  uint64_t files = 0;
  friend bool operator==(const Usage&, const Usage&) = default;
};

class ReadView {
 public:
  virtual ~ReadView() = default;

  virtual Result<std::optional<Inode>> inode(InodeId id) = 0;
  virtual Result<std::optional<Entry>> entry(InodeId parent, std::string_view name) = 0;
  // One of the inode's names, always the same while it lasts.
  virtual Result<std::optional<Entry>> name_of(InodeId inode) = 0;
  // In the order of cookies, those after `after`.
  virtual Result<std::vector<Child>> children(InodeId parent, uint64_t after, size_t limit) = 0;
  virtual Result<bool> has_children(InodeId parent) = 0;

  // Of all versions.
  virtual Result<std::vector<ReplicaRecord>> replicas(InodeId inode) = 0;
  virtual Result<std::optional<ReplicaRecord>> replica(const ReplicaId& id, const NodeId& node) = 0;
  // What is recorded of one node, in the order of ids, those after `after`.
  virtual Result<std::vector<ReplicaRecord>> replicas_on(const NodeId& node, const ReplicaId& after,
                                                         size_t limit) = 0;
  // The same within a span, with the contents.
  virtual Result<std::vector<Holding>> holdings_on(const NodeId& node, const ReplicaSpan& span,
                                                   size_t limit) = 0;
  virtual Result<std::vector<ReplicaRecord>> deletions_on(const NodeId& node, const ReplicaId& after,
                                                          size_t limit) = 0;
  // True when the whole inode or this version of it was removed or given up within kTombstonesKept.
  virtual Result<bool> is_tombstone(const ReplicaId& id) = 0;
  virtual Result<FilePage> files(InodeId after, size_t limit) = 0;

  // What computes N (master/policy).
  virtual Result<PolicyRecord> policy() = 0;
  virtual Result<Vars> vars(InodeId inode) = 0;
  virtual Result<std::map<InodeId, Vars>> vars_between(InodeId after, InodeId last) = 0;
  // Inodes of every type, in the order of their numbers, those after `after`.
  virtual Result<std::vector<Inode>> inodes(InodeId after, size_t limit) = 0;
  virtual Result<std::vector<Inode>> directories_with_target() = 0;
  virtual Result<std::optional<ReadsRecord>> reads(InodeId inode) = 0;
  virtual Result<std::vector<ReadsRecord>> reads_after(InodeId after, size_t limit) = 0;
  virtual Result<std::vector<ReadsRecord>> reads_between(InodeId after, InodeId last) = 0;

  virtual Result<std::vector<NodeRecord>> nodes() = 0;
  virtual Result<std::optional<NodeRecord>> node(const NodeId& id) = 0;

  virtual Result<std::optional<SessionRecord>> session(SessionId id) = 0;
  virtual Result<std::optional<SessionRecord>> session_of(const ReplicaId& replica) = 0;
  virtual Result<std::vector<SessionRecord>> sessions() = 0;

  // --- trash ---
  virtual Result<std::optional<TrashRecord>> trash(InodeId inode) = 0;
  // The one deleted last of those that were at this path.
  virtual Result<std::optional<TrashRecord>> newest_trash(std::string_view path) = 0;
  // What was at `path` ("" or "/": anywhere) or below it, in the order of path and inode, from behind
  // `after`.
  virtual Result<std::vector<Trashed>> trash_below(std::string_view path, const TrashCursor& after,
                                                   size_t limit) = 0;
  // Deleted at `time` or before, the oldest first.
  virtual Result<std::vector<TrashRecord>> trash_until(FileTime time, size_t limit) = 0;

  // --- quotas ---
  virtual Result<bool> any_quota() = 0;
  virtual Result<std::optional<QuotaRecord>> quota(InodeId directory) = 0;
  // In the order of the directories, those after `after`.
  virtual Result<std::vector<QuotaRecord>> quotas(InodeId after, size_t limit) = 0;
  // Counts all regular files below the directory: as long as it takes to read their names.
  virtual Result<Usage> usage_below(InodeId directory) = 0;

  virtual Result<std::optional<std::string>> remembered_reply(const RequestId& request) = 0;
  virtual Result<Totals> totals() = 0;
  // --- for fsck ---
  // The same, counted anew: as long as it takes to read all inodes.
  virtual Result<Totals> count_totals() = 0;
  virtual Result<uint64_t> count_names(InodeId inode) = 0;
  virtual Result<uint64_t> count_subdirectories(InodeId directory) = 0;
  // All names, in the order of (parent, cookie).
  virtual Result<std::vector<Entry>> entries_after(const EntryCursor& after, size_t limit) = 0;
  // Entries of the log after `sequence`, as encoded by log_codec.h. kOutOfRange: they are no longer kept.
  virtual Result<std::vector<std::string>> log_after(uint64_t sequence, size_t limit) = 0;
  // Its last entry, likewise; empty: there is none.
  virtual Result<std::string> last_log_entry() = 0;
};

class WriteTransaction : public ReadView {
 public:
  // Of this operation; the same for all its changes.
  virtual FileTime now() const = 0;

  virtual InodeId new_inode_id() = 0;
  virtual SessionId new_session_id() = 0;
  virtual Version new_version() = 0;
  virtual uint64_t new_cookie() = 0;

  virtual Status add_inode(const Inode& inode) = 0;
  virtual Status update_inode(const Inode& before, const Inode& after) = 0;
  virtual Status remove_inode(const Inode& inode) = 0;
  virtual Status add_entry(const Entry& entry) = 0;  // kAlreadyExists
  virtual Status remove_entry(const Entry& entry) = 0;

  virtual Status put_replica(const ReplicaRecord& replica) = 0;  // makes or replaces
  // Soft state: leaves no record in the log. Nothing where there is no such row.
  virtual Status set_verified(const ReplicaId& id, const NodeId& node, FileTime at) = 0;
  virtual Status remove_replica(const ReplicaId& id, const NodeId& node) = 0;
  virtual Status add_tombstone(const ReplicaId& id) = 0;  // version none: the whole inode

  // The counters of the swarm, as fsck found them wrong. Leaves no record in the log.
  virtual Status adjust_totals(const TotalsDrift& drift) = 0;
  virtual Status add_trash(const TrashRecord& record) = 0;
  virtual Status remove_trash(InodeId inode) = 0;
  virtual Status put_quota(const QuotaRecord& quota) = 0;  // makes or replaces
  virtual Status remove_quota(InodeId directory) = 0;
  virtual Status put_policy(const PolicyRecord& policy) = 0;     // replaces
  virtual Status put_vars(InodeId inode, const Vars& vars) = 0;  // replaces all of them
  // Soft state: leaves no record in the log.
  virtual Status put_reads(const ReadsRecord& reads) = 0;  // makes or replaces
  virtual Status remove_reads(InodeId inode) = 0;

  virtual Status put_node(const NodeRecord& node) = 0;  // makes or replaces
  // No replica row may name it any more; none may be put until it is put again.
  virtual Status remove_node(const NodeId& id) = 0;

  virtual Status add_session(const SessionRecord& session) = 0;
  virtual Status update_session(const SessionRecord& session) = 0;
  virtual Status remove_session(SessionId id, bool committed) = 0;
};

// Called on the writer thread after each commit, in the order of the log, before the operations are answered.
// It may wait (that slows the writer down), but never for a write.
class CommitListener {
 public:
  virtual ~CommitListener() = default;
  virtual void on_commit(const LogEntry& entry) = 0;
};

struct WriteOptions {
  bool sync = false;
  std::optional<RequestId> request;
};

class MetadataStore {
 public:
  // What it returns is the encoded reply, which is remembered when there is a request id.
  using Operation = std::function<Result<std::string>(WriteTransaction&)>;
  // Called on the writer thread; must be quick and must not wait for another write.
  using Done = std::function<void(Result<std::string>)>;

  virtual ~MetadataStore() = default;

  virtual SwarmId swarm() const = 0;
  virtual Epoch epoch() const = 0;
  // Takes an epoch above `seen`, synced, unless it is above already. For a node that knows of a later one.
  virtual Status raise_epoch(Epoch seen) = 0;

  // A free number of this epoch; what is not used is lost, which is no loss. Also inside operations.
  virtual InodeId new_inode_id() = 0;
  virtual SessionId new_session_id() = 0;
  virtual Version new_version() = 0;

  virtual Result<std::unique_ptr<ReadView>> read() = 0;
  // Queues the operation. kResourceExhausted comes through `done` when too many wait, kUnavailable after
  // close().
  virtual void submit(WriteOptions options, Operation operation, Done done) = 0;
  // Queues and waits for the answer. Not on the writer thread.
  Result<std::string> write(WriteOptions options, Operation operation);

  // Before the first write; outlives the store or its close().
  virtual void add_listener(CommitListener& listener) = 0;

  // Answers what is queued, syncs and stops the writer. Idempotent.
  virtual void close() = 0;
};

}  // namespace fsdfs::master
