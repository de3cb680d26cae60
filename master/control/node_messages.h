// What a node and the master say to each other over an attendance, as domain values. They mirror
// proto/fsdfs/registry.proto; master/service/convert.h turns one into the other. Plain values.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "common/inventory.h"
#include "common/status.h"
#include "master/store/records.h"

namespace fsdfs::master {

// --- from the node ---

struct NodeHello {
  NodeId node;
  Incarnation incarnation;
  SwarmId swarm;  // none at its first join
  std::string address;
  std::string zone;
  std::string host;
  uint64_t quota = 0;
  uint64_t used = 0;
  Epoch highest_epoch;  // that it has ever granted
  Fingerprint key;      // of the certificate that it proved to own
};

struct HeldReplica {
  ReplicaId replica;
  Content content;
  ReplicaState state = ReplicaState::kWhole;  // or kQuarantined
};

// The next part of what it holds, as digests; ascending, at least one.
struct InventoryRanges {
  ReplicaId after;  // where the first one begins
  std::vector<InventoryRange> ranges;
};

// All that it holds in a span that it was asked for, or in the next part of that; ascending.
struct InventoryPage {
  ReplicaSpan span;
  std::vector<HeldReplica> held;
};

struct NodeChange {
  uint64_t sequence = 0;
  std::variant<HeldReplica, ReplicaId> change;  // came, or went
};

struct LoadReport {
  double cpu = 0;      // 0 to 1
  double net_in = 0;   // bytes per second
  double net_out = 0;  // bytes per second
  double disk_ms = 0;
  uint32_t copies = 0;
  uint32_t readers = 0;
  double foreground_ms = 0;
};

struct DiskReport {
  std::string path;
  uint64_t quota = 0;         // bytes
  uint64_t used = 0;          // bytes
  uint64_t free_on_disk = 0;  // above the floor of free space
  uint64_t replicas = 0;
  std::string failed;  // why it is not used; empty: it is
};

// How far a node is with checking what it holds (proto ScrubProgress).
struct ScrubReport {
  bool running = false;
  uint64_t bytes_done = 0;  // of this pass; of the last one when none is running
  uint64_t bytes_total = 0;
  uint64_t replicas = 0;  // found right
  uint64_t bad = 0;
  uint64_t passes = 0;    // finished
  FileTime finished;      // the last one
  uint64_t answered = 0;  // the last ScrubMessage::request whose pass is done
};

struct VerifiedReplica {
  ReplicaId replica;
  FileTime at;  // by the node's clock
};

struct NodeReport {
  LoadReport load;
  uint64_t quota = 0;
  uint64_t used = 0;
  uint64_t free_on_disk = 0;       // above the floor of free space
  uint64_t capacity = UINT64_MAX;  // as much of the quota as the filesystems can hold
  std::vector<DiskReport> disks;
  std::vector<NodeChange> changes;
  ScrubReport scrub = {};
  std::vector<VerifiedReplica> verified = {};
};

struct OrderOutcome {
  OrderId order;
  Status status;
  NodeId failed_source;  // none when no source was at fault
};

// --- to the node ---

struct WelcomeMessage {
  SwarmId swarm;
  Duration report_interval{};
  Duration lease{};
  WallTime time{};  // by the master's clock
};

struct AcknowledgeMessage {
  uint64_t sequence = 0;
  bool inventory = false;
};

struct CopyMessage {
  OrderId order;
  ReplicaId replica;
  Content content;
  std::vector<NodeRecord> sources;
  ReplicaOrigin origin;
};

struct DeleteMessage {
  OrderId order;
  ReplicaId replica;
};

struct CancelMessage {
  OrderId order;
};

// Name what you hold in these spans.
struct InventoryMessage {
  std::vector<ReplicaSpan> spans;
};

// Begin a pass of the scrubber now.
struct ScrubMessage {
  uint64_t request = 0;  // above all earlier ones to this node
};

// Say what you hold (AuditDesk).
struct AuditMessage {
  uint64_t request = 0;
  std::vector<ReplicaId> ids;  // these; none: a page of all
  ReplicaId after;             // of a page: those above it
};

using MasterMessage = std::variant<WelcomeMessage, AcknowledgeMessage, CopyMessage, DeleteMessage,
                                   CancelMessage, ScrubMessage, AuditMessage, InventoryMessage>;

// The way to one node. Thread-safe; implementations never call back into the control loop from within.
class NodeLink {
 public:
  virtual ~NodeLink() = default;
  // Queues the message. False: the link is closed or full; its messages are lost and the node will attend
  // anew.
  virtual bool send(Epoch epoch, const MasterMessage& message) = 0;
  // Ends the attendance and tells the node why. Idempotent.
  virtual void close(const Status& why) = 0;
};

}  // namespace fsdfs::master
