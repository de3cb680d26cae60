// The Unknown service of proto/fsdfs/unknown.proto. What nodes hold is asked of the control loop. Calls run
// in the calling thread, which waits for the loop and for the commit. Thread-safe.
#pragma once

#include "fsdfs/unknown.grpc.pb.h"
#include "master/control/settle_unknown.h"
#include "master/service/service_context.h"

namespace fsdfs::master {

class UnknownService final : public v1::Unknown::Service {
 public:
  explicit UnknownService(const ServiceContext& context) : context_(context) {}

  grpc::Status ListUnknown(grpc::ServerContext*, const v1::ListUnknownRequest*,
                           v1::ListUnknownReply*) override;
  grpc::Status AdoptUnknown(grpc::ServerContext*, const v1::AdoptUnknownRequest*,
                            v1::AdoptUnknownReply*) override;
  grpc::Status PurgeUnknown(grpc::ServerContext*, const v1::PurgeUnknownRequest*,
                            v1::PurgeUnknownReply*) override;

 private:
  Status list(const grpc::ServerContext& context, const v1::ListUnknownRequest& request,
              v1::ListUnknownReply& reply);
  Status adopt(const v1::AdoptUnknownRequest& request, v1::AdoptUnknownReply& reply);
  Status purge(const v1::PurgeUnknownRequest& request, v1::PurgeUnknownReply& reply);
  Status write(const std::optional<RequestId>& id, const MetadataStore::Operation& operation,
               google::protobuf::Message& reply);

  const ServiceContext& context_;
};

}  // namespace fsdfs::master
