// ReplicasService: the gRPC face of a node's data. It finds out who calls and starts the stream that does the
// work. Thread-safe. Outlives the server that it is registered in.
#pragma once

#include <string>
#include <vector>

#include "fsdfs/replicas.grpc.pb.h"
#include "node/transfer/stream_context.h"

namespace fsdfs::node {

// What the node says of itself to those who ask.
struct Introduction {
  std::vector<std::string> masters;
  std::vector<std::string> directories;
};

class ReplicasService final : public v1::Replicas::CallbackService {
 public:
  ReplicasService(StreamContext& context, Introduction introduction)
      : context_(context), introduction_(std::move(introduction)) {}

  grpc::ServerWriteReactor<v1::ReadChunk>* Read(grpc::CallbackServerContext* call,
                                                const v1::ReadRequest* request) override;
  grpc::ServerBidiReactor<v1::WriteMessage, v1::WriteReply>* Write(
      grpc::CallbackServerContext* call) override;
  grpc::ServerWriteReactor<v1::AdoptReply>* Adopt(grpc::CallbackServerContext* call,
                                                  const v1::AdoptRequest* request) override;
  grpc::ServerUnaryReactor* Describe(grpc::CallbackServerContext* call, const v1::DescribeRequest* request,
                                     v1::DescribeReply* reply) override;
  grpc::ServerUnaryReactor* Identify(grpc::CallbackServerContext* call, const v1::IdentifyRequest* request,
                                     v1::IdentifyReply* reply) override;

 private:
  // Who calls, if one more stream may begin.
  Result<Caller> admit(const grpc::CallbackServerContext& call) const;
  v1::Described describe(const Caller& caller, const v1::DescribeItem& item);

  StreamContext& context_;
  const Introduction introduction_;
};

}  // namespace fsdfs::node
