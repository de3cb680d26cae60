#include "master/service/registry_service.h"

#include <fmt/format.h>

#include "common/rpc/peer.h"
#include "common/rpc/status_rpc.h"
#include "master/namespace/record_pages.h"
#include "master/service/convert.h"

namespace fsdfs::master {
namespace {

// A stream that ends before it has begun.
class Refusal final : public StreamLink::Reactor {
 public:
  explicit Refusal(const Status& why) { Finish(to_grpc(why)); }
  void OnDone() override { delete this; }
};

Result<RecordsQuestion> question_of(const v1::RecordsRequest& request) {
  RecordsQuestion question;
  FSDFS_ASSIGN(auto node, uuid_from_proto(request.node(), "a node id"));
  question.node = NodeId{node};
  question.position = {request.position().sequence(), Epoch{request.position().epoch()}};
  if (request.has_after()) question.after = from_proto(request.after());
  return question;
}

// A node's files are nobody else's business.
Status check_caller(ReadView& view, const NodeId& node, const Fingerprint& key) {
  FSDFS_ASSIGN(auto record, view.node(node));
  if (!record)
    return not_found(fmt::format("node {} has not joined this swarm: it must attend first", to_string(node)));
  if (record->key == key) return {};
  return permission_denied(
      fmt::format("the records of node {} are told to that node alone", to_string(node)));
}

v1::DirectoryRecord directory_to_proto(const NamedDirectory& directory) {
  v1::DirectoryRecord message;
  message.set_inode(directory.inode.id.value);
  message.set_parent(directory.inode.parent.value);
  message.set_name(directory.name);
  message.set_metadata_counter(directory.inode.metadata_counter);
  if (directory.inode.own_target) message.set_target(*directory.inode.own_target);
  message.set_mode(directory.inode.mode);
  message.set_uid(directory.inode.uid);
  message.set_gid(directory.inode.gid);
  *message.mutable_modified() = to_proto(directory.inode.modified);
  return message;
}

void page_to_proto(const RecordPage& page, v1::RecordsReply& reply) {
  reply.mutable_position()->set_sequence(page.position.sequence);
  reply.mutable_position()->set_epoch(page.position.epoch.value);
  if (page.after) *reply.mutable_after() = to_proto(*page.after);
  reply.set_more(page.more);
  reply.set_present_state(page.present_state);
  for (const NamedDirectory& directory : page.directories) {
    *reply.add_directories() = directory_to_proto(directory);
  }
  for (InodeId gone : page.gone) reply.add_gone(gone.value);
  for (const FileRecord& file : page.files) {
    auto* record = reply.add_files();
    *record->mutable_current() = to_proto(file.current);
    *record->mutable_origin() = to_proto(file.origin);
  }
}

}  // namespace

StreamLink::Reactor* RegistryService::Attend(grpc::CallbackServerContext* context) {
  auto key = peer_fingerprint(*context);
  if (!key.ok()) return new Refusal(key.status());  // deletes itself in OnDone
  return StreamLink::attend(context_, *key);
}

grpc::Status RegistryService::Records(grpc::ServerContext* context, const v1::RecordsRequest* request,
                                      v1::RecordsReply* reply) {
  return to_grpc(records(*context, *request, *reply));
}

Status RegistryService::records(const grpc::ServerContext& context, const v1::RecordsRequest& request,
                                v1::RecordsReply& reply) {
  FSDFS_ASSIGN(auto key, peer_fingerprint(context));
  FSDFS_ASSIGN(auto question, question_of(request));
  FSDFS_ASSIGN(auto view, context_.store.read());
  FSDFS_TRY(check_caller(*view, question.node, key));
  FSDFS_ASSIGN(auto page, record_page(*view, question, RecordLimits{}));
  reply.set_epoch(context_.store.epoch().value);
  page_to_proto(page, reply);
  return {};
}

}  // namespace fsdfs::master
