// The Namespace service of proto/fsdfs/namespace.proto. Reads run in the calling thread, on a view of the
// store; changes are queued for the writer and answered after the commit. Thread-safe.
#pragma once

#include "fsdfs/namespace.grpc.pb.h"
#include "master/service/service_context.h"

namespace fsdfs::master {

class NamespaceService final
    : public v1::Namespace::WithCallbackMethod_MakeDirectory<v1::Namespace::WithCallbackMethod_Remove<
          v1::Namespace::WithCallbackMethod_Rename<v1::Namespace::WithCallbackMethod_SetAttributes<
              v1::Namespace::WithCallbackMethod_SetTarget<v1::Namespace::Service>>>>> {
 public:
  explicit NamespaceService(const ServiceContext& context) : context_(context) {}

  grpc::Status Lookup(grpc::ServerContext*, const v1::LookupRequest*, v1::LookupReply*) override;
  grpc::Status ReadDirectory(grpc::ServerContext*, const v1::ReadDirectoryRequest*,
                             v1::ReadDirectoryReply*) override;
  grpc::Status Stat(grpc::ServerContext*, const v1::StatRequest*, v1::StatReply*) override;
  grpc::Status Locate(grpc::ServerContext*, const v1::LocateRequest*, v1::LocateReply*) override;
  grpc::Status OpenForRead(grpc::ServerContext*, const v1::OpenForReadRequest*,
                           v1::OpenForReadReply*) override;

  grpc::ServerUnaryReactor* MakeDirectory(grpc::CallbackServerContext*, const v1::MakeDirectoryRequest*,
                                          v1::EntryReply*) override;
  grpc::ServerUnaryReactor* Remove(grpc::CallbackServerContext*, const v1::RemoveRequest*,
                                   v1::RemoveReply*) override;
  grpc::ServerUnaryReactor* Rename(grpc::CallbackServerContext*, const v1::RenameRequest*,
                                   v1::EntryReply*) override;
  grpc::ServerUnaryReactor* SetAttributes(grpc::CallbackServerContext*, const v1::SetAttributesRequest*,
                                          v1::EntryReply*) override;
  grpc::ServerUnaryReactor* SetTarget(grpc::CallbackServerContext*, const v1::SetTargetRequest*,
                                      v1::EntryReply*) override;

 private:
  Status lookup_attributes(const v1::Place& place, v1::Attributes& attributes);
  Status read_page(const v1::ReadDirectoryRequest& request, v1::ReadDirectoryReply& reply);
  Status stat(const v1::StatRequest& request, v1::StatReply& reply);
  Status locate(ReadView& view, const v1::Place& place, v1::Location& location);
  Status open_for_read(const v1::OpenForReadRequest& request, const Fingerprint& client,
                       v1::OpenForReadReply& reply);
  template <typename Request, typename Reply, typename Operation>
  grpc::ServerUnaryReactor* change(grpc::CallbackServerContext* context, const Request& request, Reply* reply,
                                   Operation operation);

  const ServiceContext& context_;
};

}  // namespace fsdfs::master
