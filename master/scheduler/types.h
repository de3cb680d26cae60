// The values that go into and come out of the Scheduler (scheduler.h): facts, orders, answers, settings.
// Plain values. Times are the caller's; a Scheduler never looks at a clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/clock.h"
#include "common/ids.h"
#include "common/status.h"
#include "master/registry/node_state.h"

namespace fsdfs::master {

// ---- limits: what is beyond is refused with kInvalidArgument --------------------------------------------

inline constexpr uint64_t kFileSizeMax = (uint64_t{1} << 48) - 1;
inline constexpr double kTargetMax = 10'000;  // copies; targets are kept to four decimals
inline constexpr uint64_t kVersionEpochMax = (uint64_t{1} << 24) - 1;
inline constexpr uint64_t kVersionCounterMax = (uint64_t{1} << 40) - 1;
inline constexpr size_t kNodesMax = 65'000;
inline constexpr size_t kFilesMax = 4'000'000'000;

// ---- settings -------------------------------------------------------------------------------------------

struct SchedulerSettings {
  int sync_copies = 2;
  int sync_copies_min = 1;
  int min_copies = 2;
  double write_reserve = 0.05;  // of each node's quota
  bool fill = true;             // go on beyond N while there is room above the reserve

  int copies_in_per_node = 32;          // arriving at once
  int copies_out_per_node = 32;         // leaving at once
  uint64_t node_bytes_per_second = 0;   // of copies into one node; 0: no limit
  uint64_t swarm_bytes_per_second = 0;  // of all copies; 0: no limit
  double load_max = 0.95;               // a node whose CPU or disk is busier is the last choice

  Duration copy_timeout = std::chrono::seconds(60);   // for an order, besides its size / copy_rate_min
  uint64_t copy_rate_min = 1 << 20;                   // bytes/s; a copy that is slower is given up
  Duration copy_retry_min = std::chrono::seconds(1);  // after a failed copy; doubles up to the max
  Duration copy_retry_max = std::chrono::minutes(5);
  Duration delete_retry = std::chrono::seconds(30);   // an unconfirmed delete is ordered again
  Duration admit_timeout = std::chrono::seconds(60);  // an admission that nobody asks about is forgotten
  size_t deletes_per_node = 1'000;                    // ordered and not confirmed, evictions aside
  size_t files_swept_per_tick = 200'000;
  size_t decisions_per_tick = 2'000;
};

// Switches off one guard each, so that tests can prove that the simulator would notice. Production uses the
// default.
struct SchedulerGuards {
  bool strict_gap = true;           // 2: surplus(v) >= surplus(t) + 2
  bool count_arriving = true;       // 2: t's K counts copies in flight
  bool count_doomed = true;         // 2: v's K leaves out deletions already ordered
  bool count_only_up = true;        // 2: v's K leaves out silent and draining nodes
  bool victims_make_it_fit = true;  // 2: victims are only taken if together they make t fit
  bool keep_min_copies = true;      // 2
  bool keep_last_copy = true;       // 2
  bool name_exact_version = true;   // 3: a delete names the version that the node holds
  bool old_needs_current = true;    // 3: an old version goes only when the current one is whole elsewhere
  bool await_reports = true;        // 4
  bool reserve_arriving = true;     // 7: room counts what is arriving
  bool await_space = true;          // 7: a copy starts only when what it evicts is gone
};

// ---- facts ----------------------------------------------------------------------------------------------

struct NodeLoad {
  double cpu = 0;                // 0 to 1
  double net = 0;                // 0 to 1, the busier direction
  double disk = 0;               // 0 to 1
  bool foreground_slow = false;  // clients wait noticeably longer than usual: copying backs off
};

struct NodeInfo {
  NodeId id;
  std::string zone;
  std::string host;  // nodes of one host share its fate
  uint64_t quota = 0;
  // Bytes within the quota that no replica fact covers: quarantined, unknown, staged without a reservation.
  uint64_t other_bytes = 0;
  AdminState admin = AdminState::kActive;
  Liveness liveness = Liveness::kUp;
  NodeLoad load;
  bool at_floor = false;  // its filesystem is down to the floor of free space: takes nothing new
};

struct FileInfo {
  InodeId inode;
  Version version;  // never none: an empty file that was never written has no copies to care for
  uint64_t size = 0;
  double target = 3;
  // How much the file is wanted: breaks ties, more first. Only the order matters; see read_weight.h for a
  // number that orders files by decayed reads without ever having to be refreshed. None: as it was before,
  // and 0 for a new file or one that comes back from the trash.
  std::optional<float> weight;
  bool open = false;         // in a session: left out of health, neither copied nor evicted
  bool trash = false;        // left out of health; its copies go first
  int64_t deleted_at_s = 0;  // trash: seconds since 1970; the oldest go first
};

enum class CopyFailure : uint8_t {
  kTarget = 0,  // the target could not write it; it is not asked again for a while
  kSource = 1,  // no source could be read
  kNoSpace = 2,
  kCancelled = 3,  // the answer to a CancelOrder
};

// ---- orders ---------------------------------------------------------------------------------------------

enum class CopyCause : uint8_t {
  kBelowTarget = 0,
  kEndangered = 1,  // one live copy, N >= 2
  kDraining = 2,    // at its target only with copies on draining nodes
  kFill = 3,        // at or above its target, into idle quota
  kMakeWay = 4,     // so that another of its copies can give way to a file that fits nowhere (relocation.h)
};

struct CopyOrder {
  OrderId id;
  ReplicaId replica;
  uint64_t size = 0;
  NodeId target;
  std::vector<NodeId> sources;  // best first, never empty
  CopyCause cause = CopyCause::kBelowTarget;
  double surplus = 0;  // K-N before, copies in flight counted
  friend bool operator==(const CopyOrder&, const CopyOrder&) = default;
};

enum class DeleteCause : uint8_t {
  kRoomForFile = 0,     // gives way to `for_inode`
  kRoomForSession = 1,  // gives way to `for_session`
  kReserve = 2,         // makes the write reserve whole again
  kOldVersion = 3,
  kFileRemoved = 4,
};

// The replica is doomed from here on: it no longer counts, its space is occupied until replica_removed.
// Make the order durable, send it with the epoch, and tell delete_failed if that cannot be done.
struct DeleteOrder {
  ReplicaId replica;
  NodeId node;
  DeleteCause cause = DeleteCause::kFileRemoved;
  double surplus = 0;  // K-N of the file before, as eviction counts it
  InodeId for_inode;
  SessionId for_session;
  InodeId by_way_of;  // of this file a copy comes here first, and leaves its place elsewhere to for_inode
  bool last_of_trash =
      false;              // no copy of this deleted file is left after it: drop it from the trash as well
  bool of_trash = false;  // the file was in the trash: void once it is restored
  bool repeated = false;  // was ordered before and is not confirmed
  friend bool operator==(const DeleteOrder&, const DeleteOrder&) = default;
};

enum class CancelCause : uint8_t {
  kFileChanged = 0,  // removed, in the trash, open or at a new version
  kTooSlow = 1,
  kNoRoom = 2,  // the node's room shrank below what was promised
};

// The node answers with copy_failed(kCancelled), or with the replica if it was faster.
struct CancelOrder {
  OrderId id;
  ReplicaId replica;
  NodeId target;
  CancelCause cause = CancelCause::kFileChanged;
  friend bool operator==(const CancelOrder&, const CancelOrder&) = default;
};

using Order = std::variant<CopyOrder, DeleteOrder, CancelOrder>;

// One line for `fsdfs events`: "copy 12@1.7 to <node>: one live copy (K-N = -2)".
std::string describe(const Order& order);
// Its end: "one live copy (K-N = -2)".
std::string cause_of(const Order& order);

struct TickResult {
  std::vector<Order> orders;
  bool more_work = false;  // a bound was reached: call tick again soon rather than at the next period
};

// ---- admission ------------------------------------------------------------------------------------------

struct AdmitRequest {
  SessionId session;
  InodeId inode;                    // 0: a new file
  uint64_t size = 0;                // bytes to reserve on each member; grows by extend
  double target = 3;                // N of the file
  int copies = 0;                   // members wanted; 0: sync_copies
  bool in_place = false;            // a change in place: holders of the current version come first
  std::vector<NodeId> avoid;        // members that failed; also drops them from a chain granted before
  std::optional<NodeId> only = {};  // the chain is this node alone; refused at once where it cannot take it
};

struct Admission {
  enum class Outcome : uint8_t {
    kGranted = 0,  // the space is there and reserved on every member of `chain`
    kWait = 1,     // deletions or a silent node are waited for: ask again after the next facts
    kRefused = 2,  // `refusal` says why; nothing is reserved, and this call deletes nothing
  };
  Outcome outcome = Outcome::kRefused;
  std::vector<NodeId> chain;  // head first; fewer than sync_copies when the swarm has no more room
  int wanted = 0;             // W
  std::string waiting_for;    // kWait
  Status refusal;             // kRefused: kResourceExhausted/kNoSpace or kUnavailable
};

// ---- answers --------------------------------------------------------------------------------------------

struct Health {
  uint64_t files = 0;  // live ones: trash and open files aside
  uint64_t bytes = 0;  // sum of their sizes
  uint64_t trash_files = 0;
  uint64_t open_files = 0;
  bool has_surplus = false;  // false: no file counts, the four below mean nothing
  double min_surplus = 0;
  double max_surplus = 0;
  bool has_uncapped = false;
  double min_surplus_uncapped = 0;
  std::map<int64_t, uint64_t> histogram;  // floor(K-N) -> files
  uint64_t unavailable = 0;               // K = 0
  uint64_t endangered = 0;                // K = 1, N >= 2
  uint64_t capped = 0;                    // N above the number of nodes that could hold a copy
  uint64_t copies_in_flight = 0;          // ordered
  uint64_t copies_queued = 0;             // files below their target that wait for their turn
  uint64_t copies_parked = 0;             // files below their target that cannot be placed now
  uint64_t nodes_up = 0, nodes_silent = 0, nodes_dead = 0;
  bool settling = false;  // the figures lag behind the facts by a sweep in progress
};

struct NodeView {
  NodeId id;
  uint64_t used = 0;      // replicas and other bytes, doomed ones included
  uint64_t doomed = 0;    // of these: deletion ordered
  uint64_t arriving = 0;  // reserved for copies and sessions
  uint64_t files = 0;     // current copies
  int copies_in = 0;
  int copies_out = 0;
  bool has_max_surplus = false;
  double max_surplus = 0;   // of its files, as of the last sweep
  uint64_t drain_left = 0;  // files that would fall below their target if the node went, as of the last sweep
  uint64_t only_copies = 0;    // files with no other live copy, as of the last sweep
  bool drain_counted = false;  // a whole sweep has looked since it drains; until then drain_left is its files
  bool reported = false;
};

struct Place {
  enum class State : uint8_t { kCurrent, kArriving, kWaiting, kOld, kDoomed };
  NodeId node;
  State state = State::kCurrent;
  bool counts = false;  // in K
};

struct Explanation {
  bool known = false;
  double target = 0;
  int copies = 0;    // K
  int arriving = 0;  // ordered or waiting for space
  double surplus = 0;
  bool open = false, trash = false;
  std::vector<Place> places;
  std::map<NodeId, std::string> not_on;  // nodes without a copy: why it is not there
  std::string next;                      // what happens next, and why
};

}  // namespace fsdfs::master
