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

TrashChoice choice_from_proto(const v1::TrashChoice& choice) {
  if (choice.has_path()) return choice.path();
  return InodeId{choice.inode()};
}

v1::TrashEntry trash_to_proto(const Trashed& trashed, Duration retention) {
  const auto& [inode, deleted, path] = trashed.record;
  FileTime purged = deleted;
  purged.seconds += std::chrono::duration_cast<std::chrono::seconds>(retention).count();
  v1::TrashEntry entry;
  entry.set_inode(inode.value);
  entry.set_path(path);
  entry.set_size(trashed.inode.content.size);
  *entry.mutable_deleted() = master::to_proto(deleted);
  *entry.mutable_purged() = master::to_proto(purged);
  entry.set_target(trashed.inode.target);
  return entry;
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
  auto swarm = context_.control.view();
  size_t path_bytes = 0;
  for (const Trashed& trashed : trash) {
    if (static_cast<size_t>(reply.entries_size()) == page || path_bytes > kPathBytesInReply) return {};
    path_bytes += trashed.record.path.size();
    FSDFS_ASSIGN(auto replicas, view->replicas(trashed.inode.id));
    auto* entry = reply.add_entries();
    *entry = trash_to_proto(trashed, context_.settings.trash_retention);
    entry->set_copies(count_copies(trashed.inode, replicas, *swarm));
  }
  reply.set_end(true);
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
      [choice = choice_from_proto(request->what()),
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
                      [choice = choice_from_proto(request->what()),
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
