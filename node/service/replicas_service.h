// ReplicasService: the gRPC face of a node's data. It finds out who calls and starts the stream that does the
// work. Thread-safe. Outlives the server that it is registered in.
#pragma once

#include "fsdfs/replicas.grpc.pb.h"
#include "node/transfer/stream_context.h"

namespace fsdfs::node {

class ReplicasService final : public v1::Replicas::CallbackService {
 public:
  explicit ReplicasService(StreamContext& context) : context_(context) {}

  grpc::ServerWriteReactor<v1::ReadChunk>* Read(grpc::CallbackServerContext* call,
                                                const v1::ReadRequest* request) override;
  grpc::ServerBidiReactor<v1::WriteMessage, v1::WriteReply>* Write(
      grpc::CallbackServerContext* call) override;

 private:
  // Who calls, if one more stream may begin.
  Result<Caller> admit(const grpc::CallbackServerContext& call) const;

  StreamContext& context_;
};

}  // namespace fsdfs::node
