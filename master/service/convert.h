// Requests and replies <-> domain values: the one place at the service boundary where the master's wire
// messages are taken apart and put together (the values that the log shares are in
// master/store/proto_codec.h). Pure functions.
#pragma once

#include <optional>
#include <string>

#include "common/status.h"
#include "fsdfs/namespace.pb.h"
#include "fsdfs/registry.pb.h"
#include "master/control/node_messages.h"
#include "master/control/swarm_view.h"
#include "master/namespace/operations.h"
#include "master/sessions/sessions.h"
#include "master/store/proto_codec.h"

namespace fsdfs::master {

PathAt from_proto(const v1::Place& place);
// None where the message carries none. kInvalidArgument: a client id that is not 16 bytes.
Result<std::optional<RequestId>> request_from_proto(bool present, const v1::RequestId& request);
RemoveKind from_proto(v1::RemoveKind kind);
AttributeChange from_proto(const v1::SetAttributesRequest& request);
OpenRequest from_proto(const v1::OpenSessionRequest& request);
Result<std::vector<NodeId>> nodes_from_proto(const google::protobuf::RepeatedPtrField<std::string>& ids);

v1::NodeState to_proto(Liveness liveness);
v1::Load to_proto(const LoadReport& load);
v1::ScrubProgress to_proto(const ScrubReport& scrub);
v1::Holder holder_to_proto(const NodeStatus& node);
v1::NodeInfo info_to_proto(const NodeStatus& node);

// K of a regular file: whole copies of its version on nodes that are not dead.
uint32_t count_copies(const Inode& inode, const std::vector<ReplicaRecord>& replicas, const SwarmView& swarm);
// With K, and the directory that the name which led here is in.
Result<v1::Attributes> attributes_to_proto(ReadView& view, const SwarmView& swarm, const Inode& inode,
                                           InodeId parent);

// --- the nodes' stream ---

Result<NodeHello> from_proto(const v1::Hello& hello, uint64_t incarnation, const Fingerprint& key);
Result<HeldReplica> from_proto(const v1::HeldReplica& held);
// kInvalidArgument: not ascending, or larger than the contract allows.
Result<InventoryRanges> from_proto(const v1::InventoryRanges& message);
Result<InventoryPage> from_proto(const v1::InventoryPage& message);
Result<NodeReport> from_proto(const v1::Report& report);
OrderOutcome from_proto(const v1::OrderOutcome& outcome);
// A copy's ticket is the caller's to seal.
v1::MasterMessage to_proto(Epoch epoch, const MasterMessage& message, const std::string& swarm_name);

// --- what replicas say of themselves ---

v1::ReplicaOrigin to_proto(const ReplicaOrigin& origin);
ReplicaOrigin from_proto(const v1::ReplicaOrigin& origin);

}  // namespace fsdfs::master
