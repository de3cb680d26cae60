// The Trash service of proto/fsdfs/trash.proto. Reads run in the calling thread, on a view of the store;
// changes are queued for the writer and answered after the commit. Thread-safe.
#pragma once

#include "fsdfs/trash.grpc.pb.h"
#include "master/service/service_context.h"

namespace fsdfs::master {

class TrashService final : public v1::Trash::WithCallbackMethod_RestoreTrash<
                               v1::Trash::WithCallbackMethod_PurgeTrash<v1::Trash::Service>> {
 public:
  explicit TrashService(const ServiceContext& context) : context_(context) {}

  grpc::Status ListTrash(grpc::ServerContext*, const v1::ListTrashRequest*, v1::ListTrashReply*) override;
  grpc::ServerUnaryReactor* RestoreTrash(grpc::CallbackServerContext*, const v1::RestoreTrashRequest*,
                                         v1::RestoreTrashReply*) override;
  grpc::ServerUnaryReactor* PurgeTrash(grpc::CallbackServerContext*, const v1::PurgeTrashRequest*,
                                       v1::PurgeTrashReply*) override;

 private:
  Status list(const v1::ListTrashRequest& request, v1::ListTrashReply& reply);

  const ServiceContext& context_;
};

}  // namespace fsdfs::master
