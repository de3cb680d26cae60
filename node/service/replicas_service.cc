#include "node/service/replicas_service.h"

#include "common/rpc/peer.h"
#include "common/rpc/status_rpc.h"
#include "common/security/credentials.h"
#include "node/transfer/chain_status.h"
#include "node/transfer/read_stream.h"
#include "node/transfer/write_stream.h"

namespace fsdfs::node {
namespace {

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

}  // namespace fsdfs::node
