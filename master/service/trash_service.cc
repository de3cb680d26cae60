#include "master/service/trash_service.h"

#include <algorithm>
#include <limits>

#include "common/rpc/status_rpc.h"
#include "master/namespace/trash.h"
#include "master/service/answer.h"
#include "master/service/convert.h"

namespace fsdfs::master {
namespace {

constexpr FileTime kEver{std::numeric_limits<int64_t>::max(), 0};

TrashChoice from_proto(const v1::TrashChoice& choice) {
  if (choice.has_path()) return choice.path();
  return InodeId{choice.inode()};
}

}  // namespace

Status TrashService::list(const v1::ListTrashRequest& request, v1::ListTrashReply& reply) {
  std::string path;
  if (!request.path().empty()) {
    FSDFS_ASSIGN(path, trash_path(request.path()));
  }
  size_t page = request.limit() == 0 ? kTrashPageMax : std::min<size_t>(request.limit(), kTrashPageMax);
  FSDFS_ASSIGN(auto view, context_.store.read());
  // One more than asked for tells whether this is the end.
  FSDFS_ASSIGN(auto trash,
               view->trash_below(path, {request.after_path(), InodeId{request.after_inode()}}, page + 1));
  reply.set_end(trash.size() <= page);
  if (!reply.end()) trash.pop_back();
  auto swarm = context_.control.view();
  auto retention = std::chrono::duration_cast<std::chrono::seconds>(context_.settings.trash_retention);
  for (Trashed& trashed : trash) {
    auto* entry = reply.add_entries();
    entry->set_inode(trashed.inode.id.value);
    entry->set_path(std::move(trashed.record.path));
    entry->set_size(trashed.inode.content.size);
    *entry->mutable_deleted() = to_proto(trashed.record.deleted);
    *entry->mutable_purged() = to_proto(
        FileTime{trashed.record.deleted.seconds + retention.count(), trashed.record.deleted.nanoseconds});
    entry->set_target(trashed.inode.target);
    FSDFS_ASSIGN(auto replicas, view->replicas(trashed.inode.id));
    entry->set_copies(count_copies(trashed.inode, replicas, *swarm));
  }
  return {};
}

grpc::Status TrashService::ListTrash(grpc::ServerContext*, const v1::ListTrashRequest* request,
                                     v1::ListTrashReply* reply) {
  return to_grpc(list(*request, *reply));
}

grpc::ServerUnaryReactor* TrashService::RestoreTrash(grpc::CallbackServerContext* context,
                                                     const v1::RestoreTrashRequest* request,
                                                     v1::RestoreTrashReply* reply) {
  auto id = request_from_proto(request->has_request(), request->request());
  if (!id.ok()) return answer_now(context, id.status());
  auto* reactor = context->DefaultReactor();
  answer_after_commit(
      context_.store, {true, *id}, reactor, reply,
      [choice = from_proto(request->what()),
       to = request->to().empty() ? std::nullopt : std::optional(request->to()),
       directories = NewInode{request->mode(), request->uid(), request->gid()},
       &control = context_.control](WriteTransaction& transaction) -> Result<v1::RestoreTrashReply> {
        FSDFS_ASSIGN(auto restored, restore_trash(transaction, choice, to, directories));
        v1::RestoreTrashReply out;
        FSDFS_ASSIGN(*out.mutable_attributes(),
                     attributes_to_proto(transaction, *control.view(), restored.inode, restored.parent));
        out.set_path(std::move(restored.path));
        return out;
      });
  return reactor;
}

grpc::ServerUnaryReactor* TrashService::PurgeTrash(grpc::CallbackServerContext* context,
                                                   const v1::PurgeTrashRequest* request,
                                                   v1::PurgeTrashReply* reply) {
  auto id = request_from_proto(request->has_request(), request->request());
  if (!id.ok()) return answer_now(context, id.status());
  auto* reactor = context->DefaultReactor();
  answer_after_commit(context_.store, {false, *id}, reactor, reply,
                      [choice = from_proto(request->what()),
                       all = request->all()](WriteTransaction& transaction) -> Result<v1::PurgeTrashReply> {
                        FSDFS_ASSIGN(auto purged, all ? purge_trash_until(transaction, kEver)
                                                      : purge_trash(transaction, choice));
                        v1::PurgeTrashReply out;
                        out.set_files(purged.files);
                        out.set_bytes(purged.bytes);
                        out.set_more(purged.more);
                        return out;
                      });
  return reactor;
}

}  // namespace fsdfs::master
