#include "master/service/quota_service.h"

#include <algorithm>

#include "common/rpc/status_rpc.h"
#include "master/namespace/quota.h"
#include "master/service/answer.h"
#include "master/service/convert.h"

namespace fsdfs::master {
namespace {

v1::Quota quota_to_proto(const Quota& quota) {
  v1::Quota message;
  message.set_directory(quota.record.directory.value);
  message.set_path(quota.path);
  if (quota.record.bytes_limit) message.set_bytes_limit(*quota.record.bytes_limit);
  if (quota.record.files_limit) message.set_files_limit(*quota.record.files_limit);
  message.set_bytes_used(quota.record.bytes_used);
  message.set_files_used(quota.record.files_used);
  return message;
}

std::optional<std::optional<uint64_t>> limit_from_proto(bool present, const v1::Limit& limit) {
  if (!present) return std::nullopt;
  return limit.none() ? std::optional<uint64_t>() : std::optional(limit.value());
}

}  // namespace

grpc::ServerUnaryReactor* QuotaService::SetQuota(grpc::CallbackServerContext* context,
                                                 const v1::SetQuotaRequest* request, v1::QuotaReply* reply) {
  auto id = request_from_proto(request->has_request(), request->request());
  if (!id.ok()) return answer_now(context, id.status());
  QuotaChange change{limit_from_proto(request->has_bytes(), request->bytes()),
                     limit_from_proto(request->has_files(), request->files())};
  auto* reactor = context->DefaultReactor();
  answer_after_commit(context_.store, {false, *id}, reactor, reply,
                      [place = master::from_proto(request->place()),
                       change](WriteTransaction& transaction) -> Result<v1::QuotaReply> {
                        FSDFS_ASSIGN(auto quota, set_quota(transaction, place, change));
                        v1::QuotaReply out;
                        *out.mutable_quota() = quota_to_proto(quota);
                        return out;
                      });
  return reactor;
}

Status QuotaService::get(const v1::GetQuotaRequest& request, v1::QuotaReply& reply) {
  FSDFS_ASSIGN(auto view, context_.store.read());
  FSDFS_ASSIGN(auto quota, find_quota(*view, master::from_proto(request.place())));
  *reply.mutable_quota() = quota_to_proto(quota);
  return {};
}

grpc::Status QuotaService::GetQuota(grpc::ServerContext*, const v1::GetQuotaRequest* request,
                                    v1::QuotaReply* reply) {
  return to_grpc(get(*request, *reply));
}

grpc::ServerUnaryReactor* QuotaService::RemoveQuota(grpc::CallbackServerContext* context,
                                                    const v1::RemoveQuotaRequest* request,
                                                    v1::QuotaReply* reply) {
  auto id = request_from_proto(request->has_request(), request->request());
  if (!id.ok()) return answer_now(context, id.status());
  auto* reactor = context->DefaultReactor();
  answer_after_commit(context_.store, {false, *id}, reactor, reply,
                      [place = master::from_proto(request->place())](
                          WriteTransaction& transaction) -> Result<v1::QuotaReply> {
                        FSDFS_ASSIGN(auto quota, remove_quota(transaction, place));
                        v1::QuotaReply out;
                        *out.mutable_quota() = quota_to_proto(quota);
                        return out;
                      });
  return reactor;
}

Status QuotaService::list(const v1::ListQuotasRequest& request, v1::ListQuotasReply& reply) {
  size_t page = request.limit() == 0 ? kQuotaPageMax : std::min<size_t>(request.limit(), kQuotaPageMax);
  FSDFS_ASSIGN(auto view, context_.store.read());
  // One more than asked for tells whether this is the end.
  FSDFS_ASSIGN(auto quotas, view->quotas(InodeId{request.after()}, page + 1));
  size_t path_bytes = 0;
  for (const QuotaRecord& quota : quotas) {
    if (static_cast<size_t>(reply.quotas_size()) == page || path_bytes > kPathBytesInReply) return {};
    FSDFS_ASSIGN(std::string path, path_of(*view, quota.directory));
    path_bytes += path.size();
    *reply.add_quotas() = quota_to_proto(Quota{quota, std::move(path)});
  }
  reply.set_end(true);
  return {};
}

grpc::Status QuotaService::ListQuotas(grpc::ServerContext*, const v1::ListQuotasRequest* request,
                                      v1::ListQuotasReply* reply) {
  return to_grpc(list(*request, *reply));
}

}  // namespace fsdfs::master
