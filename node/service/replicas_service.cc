#include "node/service/replicas_service.h"

#include <memory>

#include "common/rpc/peer.h"
#include "common/rpc/status_rpc.h"
#include "common/security/credentials.h"
#include "node/store/wire.h"
#include "node/transfer/adopt_stream.h"
#include "node/transfer/chain_status.h"
#include "node/transfer/read_stream.h"
#include "node/transfer/write_stream.h"

namespace fsdfs::node {
namespace {

constexpr int kDescribedMax = 256;  // in one call

// Files of this machine are adopted for its own processes alone, and only for those that know the password: a
// limited credential must not reach what the node's user can read.
Status check_neighbour(const grpc::CallbackServerContext& call) {
  FSDFS_ASSIGN(PeerIdentity peer, peer_identity(call));
  if (!peer.claims.empty()) {
    return permission_denied("adopting files takes the swarm's password, not a limited credential");
  }
  if (is_on_this_machine(call.peer())) return {};
  return permission_denied(
      "files are adopted by the node of their own machine only: run this there (it came from " + call.peer() +
      ")");
}

Result<Caller> identify(const grpc::CallbackServerContext& call) {
  FSDFS_ASSIGN(PeerIdentity peer, peer_identity(call));
  // Claims limit what a certificate may do: only a full member passes on another's ticket. A server with both
  // roles may go by the master's name.
  bool server = node_from_name(peer.common_name).ok() || peer.common_name == kMasterName;
  return Caller{peer.fingerprint, server && peer.claims.empty()};
}

// Answers a call that may not begin.
template <typename Reactor>
class Refusal final : public Reactor {
 public:
  explicit Refusal(const Status& status) { this->Finish(to_grpc(status)); }
  void OnDone() override { delete this; }
};

}  // namespace

Result<Caller> ReplicasService::admit(const grpc::CallbackServerContext& call) const {
  FSDFS_ASSIGN(Caller caller, identify(call));
  if (context_.count.now() < context_.streams_max) return caller;
  return blame(context_.self, unavailable("it serves " + std::to_string(context_.streams_max) +
                                          " streams already (node.streams_max); try another node, or again"));
}

grpc::ServerWriteReactor<v1::ReadChunk>* ReplicasService::Read(grpc::CallbackServerContext* call,
                                                               const v1::ReadRequest* request) {
  auto caller = admit(*call);
  if (!caller.ok()) return new Refusal<grpc::ServerWriteReactor<v1::ReadChunk>>(caller.status());
  return start_read_stream(context_, *call, *caller, *request);
}

grpc::ServerBidiReactor<v1::WriteMessage, v1::WriteReply>* ReplicasService::Write(
    grpc::CallbackServerContext* call) {
  auto caller = admit(*call);
  if (!caller.ok()) {
    return new Refusal<grpc::ServerBidiReactor<v1::WriteMessage, v1::WriteReply>>(caller.status());
  }
  return start_write_stream(context_, *call, *caller);
}

grpc::ServerWriteReactor<v1::AdoptReply>* ReplicasService::Adopt(grpc::CallbackServerContext* call,
                                                                 const v1::AdoptRequest* request) {
  auto caller = admit(*call);
  Status status = caller.ok() ? check_neighbour(*call) : caller.status();
  if (!status.ok()) return new Refusal<grpc::ServerWriteReactor<v1::AdoptReply>>(status);
  return start_adopt_stream(context_, *call, *caller, *request);
}

v1::Described ReplicasService::describe(const Caller& caller, const v1::DescribeItem& item) {
  v1::Described described;
  ReplicaId replica = wire::from_wire(item.replica());
  Status allowed = context_.access.check_read(item.ticket(), caller, replica);
  auto description = allowed.ok() ? context_.store.describe(replica) : Result<Description>(allowed);
  if (description.ok()) {
    description->sums.clear();
    v1::ReplicaDescription message = wire::to_wire(*description);
    *described.mutable_origin() = message.origin();
    *described.mutable_created() = message.created();
  } else {
    described.set_code(static_cast<uint32_t>(description.status().code()));
    described.set_reason(static_cast<uint32_t>(description.status().reason()));
    described.set_message(description.status().message());
  }
  return described;
}

grpc::ServerUnaryReactor* ReplicasService::Describe(grpc::CallbackServerContext* call,
                                                    const v1::DescribeRequest* request,
                                                    v1::DescribeReply* reply) {
  auto* reactor = call->DefaultReactor();
  auto caller = admit(*call);
  Status status = caller.status();
  if (status.ok() && request->items_size() > kDescribedMax) {
    status = invalid_argument("at most 256 replicas are described in one call");
  }
  if (status.ok()) {
    // Shared with the task: std::function wants a copy.
    auto counted = std::make_shared<StreamCount::Member>(context_.count);
    status = context_.read_pool.try_submit([this, reactor, request, reply, caller = *caller, counted] {
      for (const auto& item : request->items()) *reply->add_replicas() = describe(caller, item);
      reactor->Finish(grpc::Status::OK);
    });
  }
  if (!status.ok()) reactor->Finish(to_grpc(status));
  return reactor;
}

grpc::ServerUnaryReactor* ReplicasService::Identify(grpc::CallbackServerContext* call,
                                                    const v1::IdentifyRequest*, v1::IdentifyReply* reply) {
  reply->set_node(wire::id_to_wire(context_.self));
  for (const std::string& master : introduction_.masters) reply->add_masters(master);
  for (const std::string& directory : introduction_.directories) reply->add_directories(directory);
  auto* reactor = call->DefaultReactor();
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

}  // namespace fsdfs::node
