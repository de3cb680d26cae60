// The master's domain values, as the store keeps them and everything above it speaks of them, and the records
// of the ordered log. They mirror proto/fsdfs/types.proto and log.proto; master/store/log_codec.h and
// master/service/convert.h turn one into the other.
//
// Plain values without behaviour. Numbers of enums are stored and sent: append only.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/checksum.h"
#include "common/clock.h"
#include "common/ids.h"
#include "common/security/keys.h"
#include "master/registry/node_state.h"

namespace fsdfs::master {

// What the whole content of a version is, so that any copy can be told right from wrong.
struct Content {
  uint64_t size = 0;  // bytes, holes included
  ContentDigest digest;
  friend bool operator==(const Content&, const Content&) = default;
};

enum class FileType : uint8_t {
  kRegular = 1,
  kDirectory = 2,
  kSymlink = 3,
  kFifo = 4,
  kSocket = 5,
  kCharacterDevice = 6,
  kBlockDevice = 7,
};

// A time of a file: wall clock of who set it. Wider than WallTime, as users may set any time.
struct FileTime {
  int64_t seconds = 0;       // since 1970-01-01 UTC
  uint32_t nanoseconds = 0;  // below 1e9
  friend auto operator<=>(const FileTime&, const FileTime&) = default;
};
FileTime file_time(WallTime time);

// Who decided N of a file (docs/architecture.md, "Who decides N").
enum class TargetSource : uint8_t {
  kDefault = 0,    // target.default
  kDirectory = 1,  // the nearest directory above that has a target
  kRule = 2,       // of the policy
  kHook = 3,       // the policy's Python function
  kOwn = 4,        // the file's own target
};

struct Inode {
  InodeId id;
  FileType type = FileType::kRegular;
  uint32_t mode = 0;  // permission bits, 07777
  uint32_t uid = 0;
  uint32_t gid = 0;
  uint32_t links = 0;
  FileTime accessed;
  FileTime modified;
  FileTime changed;
  Version version;  // of the content; none for what has none
  Content content;
  double target = 0;                 // N in effect; 0 for what is not a regular file
  std::optional<double> own_target;  // set for this file, or for what lies below this directory
  TargetSource target_source = TargetSource::kDefault;  // of `target`
  std::string link_target;                              // of a symlink
  uint32_t device = 0;                                  // of a device node
  uint64_t metadata_counter = 0;                        // grows with each change of name or attributes
  InodeId parent;  // of a directory, the one parent (the root's is the root); else none
  // Deleted and within its retention: it has no name, and `changed` is when it was deleted.
  bool in_trash() const { return type == FileType::kRegular && links == 0; }
  friend bool operator==(const Inode&, const Inode&) = default;
};

struct Entry {
  InodeId parent;
  std::string name;     // bytes: no '/', no NUL, any encoding
  uint64_t cookie = 0;  // its place in the order of the directory; never used twice
  InodeId inode;
  friend bool operator==(const Entry&, const Entry&) = default;
};

enum class ReplicaState : uint8_t {
  kWhole = 1,        // complete, checksummed, synced, in its place, reported
  kStale = 2,        // whole, of a version that is no longer current
  kDeleting = 3,     // its deletion is decided and not yet confirmed
  kQuarantined = 4,  // bad; kept until replaced
};

struct ReplicaRecord {
  ReplicaId replica;
  NodeId node;
  ReplicaState state = ReplicaState::kWhole;
  uint64_t size = 0;  // bytes
  FileTime verified;  // when its bytes were last checked against their sums
  friend bool operator==(const ReplicaRecord&, const ReplicaRecord&) = default;
};

// What a replica says of its file on the disk, so that the swarm can be rebuilt from the disks.
struct ReplicaOrigin {
  InodeId parent;
  std::string name;  // of a file in the trash, which has no parent: the path that it had
  uint64_t metadata_counter = 0;
  double target = 0;
  uint32_t mode = 0;
  uint32_t uid = 0;
  uint32_t gid = 0;
  FileTime modified;
  std::optional<FileTime> deleted = {};  // it is in the trash
  friend bool operator==(const ReplicaOrigin&, const ReplicaOrigin&) = default;
};

struct NodeRecord {
  NodeId id;
  std::string address;  // HOST:PORT of its gRPC
  std::string zone;
  std::string host;  // machine identity
  AdminState admin_state = AdminState::kActive;
  uint64_t quota = 0;  // bytes, as it last said
  Incarnation incarnation;
  Fingerprint key;  // pinned at its first join
  friend bool operator==(const NodeRecord&, const NodeRecord&) = default;
};

// The right to give one name new content (docs/architecture.md, "A put").
struct SessionRecord {
  SessionId id;
  ReplicaId replica;  // what its chain stages
  InodeId parent;     // the name that it was opened for
  std::string name;
  bool creates = false;  // the name was free at the open: replica.inode is a number without a row yet
  bool no_replace = false;
  uint64_t size = 0;  // bytes reserved
  uint32_t mode = 0;  // for a file that it makes
  uint32_t uid = 0;
  uint32_t gid = 0;
  std::optional<double> target;  // N asked for
  uint32_t wanted_members = 0;   // sync_copies at the open
  std::vector<NodeId> chain;     // head first
  friend bool operator==(const SessionRecord&, const SessionRecord&) = default;
};

// --- trash and quotas ---

// Of an inode in_trash().
struct TrashRecord {
  InodeId inode;
  FileTime deleted;
  std::string path;  // as it was, from the root
  friend bool operator==(const TrashRecord&, const TrashRecord&) = default;
};

struct QuotaRecord {
  InodeId directory;
  std::optional<uint64_t> bytes_limit;
  std::optional<uint64_t> files_limit;
  // Of regular files below it, each once.
  uint64_t bytes_used = 0;
  uint64_t files_used = 0;
  friend bool operator==(const QuotaRecord&, const QuotaRecord&) = default;
};

// Named numbers of a file, for the policy to read.
using Vars = std::map<std::string, double>;

// What computes N, as its users wrote it. Texts may be empty: no rules, no hook.
struct PolicyRecord {
  std::string rules;      // YAML
  std::string python;     // defines replicas(file)
  uint64_t revision = 0;  // grows with each change; 0: there was never one
  friend bool operator==(const PolicyRecord&, const PolicyRecord&) = default;
};

// How often a file is read, as remembered over restarts.
struct ReadsRecord {
  InodeId inode;
  float weight = 0;  // master/scheduler/read_weight.h
  double seen = 0;   // reads a day, as the policy was last told
  friend bool operator==(const ReadsRecord&, const ReadsRecord&) = default;
};

// --- the ordered log: states, not deltas ---

struct InodeChanged {
  Inode inode;
};
struct InodeRemoved {
  InodeId inode;
};
struct EntryAdded {
  Entry entry;
};
struct EntryRemoved {
  InodeId parent;
  std::string name;
  InodeId inode;
};
struct ReplicaChanged {
  ReplicaRecord replica;
};
struct ReplicaRemoved {
  ReplicaId replica;
  NodeId node;
};
struct NodeChanged {
  NodeRecord node;
};
struct NodeRemoved {
  NodeId node;
};
struct SessionOpened {
  SessionRecord session;
};
struct SessionClosed {
  SessionId session;
  bool committed = false;
};
struct EpochStarted {
  Epoch epoch;
};
struct TrashAdded {
  TrashRecord record;
};
struct TrashRemoved {
  InodeId inode;
};
struct QuotaChanged {
  QuotaRecord quota;
};
struct QuotaRemoved {
  InodeId directory;
};
struct PolicyChanged {
  PolicyRecord policy;
};
struct VarsChanged {
  InodeId inode;
  Vars vars;  // all of them
};

using LogRecord =
    std::variant<InodeChanged, InodeRemoved, EntryAdded, EntryRemoved, ReplicaChanged, ReplicaRemoved,
                 NodeChanged, NodeRemoved, SessionOpened, SessionClosed, EpochStarted, TrashAdded,
                 TrashRemoved, QuotaChanged, QuotaRemoved, PolicyChanged, VarsChanged>;

// A place in the log: an entry that it has. The epoch tells a log that was set back from the one that went
// on.
struct LogPosition {
  uint64_t sequence = 0;  // 0: before the first
  Epoch epoch;
  friend bool operator==(const LogPosition&, const LogPosition&) = default;
};

// What one operation did, in the order of the commits.
struct LogEntry {
  uint64_t sequence = 0;  // grows by one
  Epoch epoch;
  FileTime time;
  std::vector<LogRecord> records;
};

}  // namespace fsdfs::master
