// The Quotas service of proto/fsdfs/quotas.proto. Reads run in the calling thread, on a view of the store;
// changes are queued for the writer and answered after the commit. Thread-safe.
#pragma once

#include "fsdfs/quotas.grpc.pb.h"
#include "master/service/service_context.h"

namespace fsdfs::master {

class QuotaService final : public v1::Quotas::WithCallbackMethod_SetQuota<
                               v1::Quotas::WithCallbackMethod_RemoveQuota<v1::Quotas::Service>> {
 public:
  explicit QuotaService(const ServiceContext& context) : context_(context) {}

  grpc::ServerUnaryReactor* SetQuota(grpc::CallbackServerContext*, const v1::SetQuotaRequest*,
                                     v1::QuotaReply*) override;
  grpc::Status GetQuota(grpc::ServerContext*, const v1::GetQuotaRequest*, v1::QuotaReply*) override;
  grpc::ServerUnaryReactor* RemoveQuota(grpc::CallbackServerContext*, const v1::RemoveQuotaRequest*,
                                        v1::QuotaReply*) override;
  grpc::Status ListQuotas(grpc::ServerContext*, const v1::ListQuotasRequest*, v1::ListQuotasReply*) override;

 private:
  Status get(const v1::GetQuotaRequest& request, v1::QuotaReply& reply);
  Status list(const v1::ListQuotasRequest& request, v1::ListQuotasReply& reply);

  const ServiceContext& context_;
};

}  // namespace fsdfs::master
