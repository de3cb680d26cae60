// The Swarm service of proto/fsdfs/namespace.proto: status and nodes, from the control loop's published view
// and the store's counters; no table is walked. Thread-safe.
#pragma once

#include "fsdfs/namespace.grpc.pb.h"
#include "master/service/service_context.h"

namespace fsdfs::master {

class SwarmService final : public v1::Swarm::Service {
 public:
  explicit SwarmService(const ServiceContext& context) : context_(context) {}

  grpc::Status GetStatus(grpc::ServerContext*, const v1::GetStatusRequest*, v1::GetStatusReply*) override;
  grpc::Status ListNodes(grpc::ServerContext*, const v1::ListNodesRequest*, v1::ListNodesReply*) override;

 private:
  const ServiceContext& context_;
};

}  // namespace fsdfs::master
