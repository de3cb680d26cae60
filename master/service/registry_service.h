// The Registry service of proto/fsdfs/registry.proto. A stream holds no thread; Records runs in the calling
// thread, over a view of its own. Thread-safe.
#pragma once

#include "fsdfs/registry.grpc.pb.h"
#include "master/service/stream_link.h"

namespace fsdfs::master {

class RegistryService final : public v1::Registry::WithCallbackMethod_Attend<v1::Registry::Service> {
 public:
  explicit RegistryService(const ServiceContext& context) : context_(context) {}

  StreamLink::Reactor* Attend(grpc::CallbackServerContext* context) override;
  grpc::Status Records(grpc::ServerContext* context, const v1::RecordsRequest* request,
                       v1::RecordsReply* reply) override;

 private:
  Status records(const grpc::ServerContext& context, const v1::RecordsRequest& request,
                 v1::RecordsReply& reply);

  const ServiceContext& context_;
};

}  // namespace fsdfs::master
