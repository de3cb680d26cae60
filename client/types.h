// What the client library speaks of: files, replicas, nodes and the state of the swarm, as plain values.
//
// Used by the commands and the mount. The wire's messages (proto/) are turned into these in
// client/convert.h and nowhere else. No invariants of their own; a default-constructed value means "nothing
// known".
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/checksum.h"
#include "common/clock.h"
#include "common/ids.h"
#include "common/status.h"

namespace fsdfs::client {

// Where something is, as in openat(2): `path` below `directory`. An empty path is the directory (or any
// inode) itself; directory 0 is the root. Names are bytes, separated by '/', without "." and "..".
struct Place {
  InodeId directory;
  std::string path;
  friend bool operator==(const Place&, const Place&) = default;
};

inline Place place_of(InodeId inode) {
  return {inode, {}};
}
inline Place place_in(InodeId directory, std::string name) {
  return {directory, std::move(name)};
}

enum class FileType : uint8_t {
  kUnknown = 0,
  kRegular = 1,
  kDirectory = 2,
  kSymlink = 3,
  kFifo = 4,
  kSocket = 5,
  kCharacterDevice = 6,
  kBlockDevice = 7,
};

// A time of a file: wall clock of who set it. {0, 0} is 1970-01-01 UTC.
struct FileTime {
  int64_t seconds = 0;
  uint32_t nanoseconds = 0;  // below 1e9
  friend auto operator<=>(const FileTime&, const FileTime&) = default;
};

// Who decided N of a file.
enum class TargetSource : uint8_t { kDefault = 0, kDirectory = 1, kRule = 2, kHook = 3, kOwn = 4 };

struct Attributes {
  InodeId inode;
  FileType type = FileType::kUnknown;
  uint32_t mode = 0;  // permission bits of chmod(2), 07777
  uint32_t uid = 0;
  uint32_t gid = 0;
  uint32_t links = 0;
  uint64_t size = 0;  // bytes
  FileTime accessed;
  FileTime modified;
  FileTime changed;
  Version version;                   // of the content
  ContentDigest digest;              // of the content; zeros when it has none
  double target = 0;                 // N
  std::optional<double> own_target;  // set for this file, or for what lies below this directory
  TargetSource target_source = TargetSource::kDefault;
  uint32_t copies = 0;            // K; 0 for what is not a regular file
  std::string link_target;        // of a symlink
  uint32_t device = 0;            // of a device node
  uint64_t metadata_counter = 0;  // grows with each change of name or attributes
  InodeId parent;                 // of the name that led here; for directories, the one parent

  bool is_directory() const { return type == FileType::kDirectory; }
  bool is_regular() const { return type == FileType::kRegular; }
  double surplus() const { return static_cast<double>(copies) - target; }
};

struct DirectoryEntry {
  std::string name;
  uint64_t cookie = 0;  // where to go on from: read_directory(place, cookie)
  Attributes attributes;
};

struct DirectoryPage {
  InodeId directory;
  InodeId parent;
  std::vector<DirectoryEntry> entries;  // in the order of cookies
  bool end = false;                     // nothing follows
};

struct NodeAddress {
  NodeId node;
  std::string address;  // HOST:PORT of its gRPC
  std::string zone;
  std::string host;  // machine identity
};

// What a node said of itself with its last report.
struct Load {
  double cpu = 0;      // 0..1 of all cores
  double net_in = 0;   // bytes per second
  double net_out = 0;  // bytes per second
  double disk = 0;     // mean latency, milliseconds
  uint32_t copies = 0;
  uint32_t readers = 0;
  double foreground_ms = 0;
};

enum class NodeState : uint8_t { kUnknown = 0, kUp = 1, kSilent = 2, kDead = 3 };
enum class AdminState : uint8_t { kUnknown = 0, kActive = 1, kReadonly = 2, kDraining = 3, kRemoving = 4 };
enum class ReplicaState : uint8_t { kUnknown = 0, kWhole = 1, kStale = 2, kDeleting = 3, kQuarantined = 4 };

struct Holder {
  NodeAddress node;
  Load load;
  NodeState state = NodeState::kUnknown;
};

// Who holds one file, best holder first; `status` is of this place alone.
struct Location {
  Status status;
  Attributes attributes;
  std::vector<Holder> holders;
};

struct ReplicaInfo {
  NodeAddress node;
  Version version;
  ReplicaState state = ReplicaState::kUnknown;
  FileTime verified;
  NodeState node_state = NodeState::kUnknown;
};

struct FileStat {
  Attributes attributes;
  std::vector<ReplicaInfo> replicas;
  // What computes N.
  std::map<std::string, double> vars = {};
  std::string target_origin = {};  // who decided N, for people: "rule 2 (line 7, /music/**)"
  double directory_target = 0;     // of a directory: N of files in it of which nothing else speaks
};

// The texts that compute N, and what messages call them.
struct PolicyText {
  std::string rules;   // YAML; empty: none
  std::string python;  // defines replicas(file); empty: no hook
  std::string rules_name;
  std::string python_name;
};

struct PolicyState {
  PolicyText text;
  uint64_t revision = 0;    // grows with each change; 0: there was never one
  bool evaluating = false;  // some files may not have their N yet
  double share = 1;         // 0..1 of the files, of a look at all of them
  std::string hook;         // "off", "on", or what is wrong with it
  std::vector<std::string> warnings;
};

// What N a file would get from a policy.
struct CheckedFile {
  Status status;
  double target = 0;
  std::string origin;
  double target_now = 0;
};

struct VarsChange {
  std::map<std::string, double> set;
  std::vector<std::string> remove;
};

// The permission and the addresses to read one version of one file. Short-lived: FileReader renews it.
struct OpenFile {
  Attributes attributes;
  std::vector<Holder> holders;  // best first
  std::string ticket;
  MonotonicTime expires;  // of the ticket, by the client's clock
};

struct SwarmStatus {
  std::string swarm_name;
  SwarmId swarm;
  std::string master_address;
  Epoch epoch;
  uint64_t files = 0;
  uint64_t directories = 0;
  uint64_t bytes = 0;         // of the files, each once
  uint64_t stored_bytes = 0;  // of all replicas
  std::optional<double> min_surplus;
  std::optional<double> max_surplus;
  std::map<int64_t, uint64_t> surplus_histogram;  // floor(K-N) -> files
  uint64_t unavailable = 0;
  uint64_t endangered = 0;
  uint64_t capped = 0;
  std::optional<double> min_surplus_uncapped;
  uint64_t open = 0;
  uint64_t copies_in_flight = 0;
  uint64_t copies_queued = 0;
  uint64_t copies_parked = 0;
  uint32_t nodes_up = 0;
  uint32_t nodes_silent = 0;
  uint32_t nodes_dead = 0;
  std::vector<std::string> warnings;
  uint64_t quota_bytes = 0;
  uint64_t used_bytes = 0;
  double default_target = 0;
  uint64_t trash_files = 0;
  uint64_t trash_bytes = 0;
};

struct DiskInfo {
  std::string path;
  uint64_t quota_bytes = 0;
  uint64_t used_bytes = 0;
  uint64_t free_bytes = 0;  // of its filesystem, above the node's floor
  uint64_t replicas = 0;
  std::string failed;  // why it is not used; empty: it is
};

// How far a node is with reading and checking what it holds.
struct ScrubProgress {
  bool running = false;
  uint64_t bytes_done = 0;  // of this pass; of the last one when none is running
  uint64_t bytes_total = 0;
  uint64_t replicas = 0;             // found right
  uint64_t bad = 0;                  // found bad
  uint64_t passes = 0;               // finished
  std::optional<FileTime> finished;  // the last one
  uint64_t answered = 0;             // the last request whose pass is done
};

struct NodeInfo {
  NodeAddress node;
  NodeState state = NodeState::kUnknown;
  AdminState admin_state = AdminState::kUnknown;
  uint64_t quota_bytes = 0;
  uint64_t used_bytes = 0;
  uint64_t files = 0;
  std::optional<double> max_surplus;
  Load load;
  uint64_t unknown_replicas = 0;
  Incarnation incarnation;
  // Of a node that drains: files that would fall below their target without it, and whether nothing depends
  // on it any more.
  uint64_t drain_left = 0;
  bool drained = false;
  bool attending = false;
  std::vector<DiskInfo> disks;
  ScrubProgress scrub;
  uint64_t quarantined_replicas = 0;  // bad, and not replaced yet
};

enum class RemoveKind : uint8_t {
  kFile = 1,       // unlink(2): anything but a directory
  kDirectory = 2,  // rmdir(2)
  kAny = 3,
};

struct NewDirectory {
  uint32_t mode = 0755;
  uint32_t uid = 0;
  uint32_t gid = 0;
  bool parents = false;  // as mkdir -p
};

struct RenameFlags {
  bool no_replace = false;
  bool exchange = false;
};

// What is set changes; what is not stays.
struct AttributeChange {
  std::optional<uint32_t> mode;
  std::optional<uint32_t> uid;
  std::optional<uint32_t> gid;
  std::optional<FileTime> accessed;
  std::optional<FileTime> modified;
};

// New content of one file, before its bytes are there.
struct NewContent {
  Place place;
  uint64_t size = 0;  // bytes expected; a guess may be extended
  uint32_t mode = 0644;
  uint32_t uid = 0;
  uint32_t gid = 0;
  std::optional<double> target;     // N; unset: as it is, or the swarm's default
  bool no_replace = false;          // kAlreadyExists when the name is taken
  std::vector<NodeId> avoid;        // nodes that just failed this client
  std::optional<NodeId> only = {};  // the chain shall be this node alone
};

// What a replica says of itself.
struct ReplicaOrigin {
  InodeId parent;
  std::string name;  // empty: not known
  uint64_t metadata_counter = 0;
  double target = 0;
  uint32_t mode = 0600;
  uint32_t uid = 0;
  uint32_t gid = 0;
  FileTime modified;
};

struct OpenedSession {
  SessionId session;
  ReplicaId replica;
  std::vector<NodeAddress> chain;  // head first
  std::string ticket;
  Duration lease{};  // from the last call that named the session
  uint32_t wanted_members = 0;
  ReplicaOrigin origin = {};  // for what the chain stages, but for the time of modification
};

struct ExtendedSession {
  std::string ticket;
  Duration lease{};
};

// What the master needs to see to make a session's content the file's.
struct SessionResult {
  uint64_t size = 0;
  ContentDigest digest;
  std::vector<std::string> receipts;
  std::optional<FileTime> modified;  // unset: now
};

struct CommittedSession {
  Attributes attributes;
  uint32_t synced_copies = 0;  // nodes that had it synced at the commit
};

// --- trash and quotas ---

// A deleted file within its retention.
struct TrashEntry {
  InodeId inode;
  std::string path;  // as it was
  uint64_t size = 0;
  FileTime deleted;
  FileTime purged;  // when its retention ends
  uint32_t copies = 0;
  double target = 0;
};

struct TrashPage {
  std::vector<TrashEntry> entries;  // in the order of path and inode
  bool end = false;
};

// A deleted file by its inode, or by the path that it had where `path` is not empty.
struct TrashChoice {
  InodeId inode;
  std::string path;
};

struct RestoredFile {
  Attributes attributes;
  std::string path;
};

struct PurgedFiles {
  uint64_t files = 0;
  uint64_t bytes = 0;
};

struct Quota {
  InodeId directory;
  std::string path;
  std::optional<uint64_t> bytes_limit;  // unset: none
  std::optional<uint64_t> files_limit;
  uint64_t bytes_used = 0;  // below the directory, each file once
  uint64_t files_used = 0;
};

// A limit that is set changes, to a number or to none.
struct QuotaChange {
  std::optional<std::optional<uint64_t>> bytes;
  std::optional<std::optional<uint64_t>> files;
};

}  // namespace fsdfs::client
