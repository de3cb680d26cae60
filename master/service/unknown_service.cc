#include "master/service/unknown_service.h"

#include <algorithm>
#include <map>

#include "common/rpc/peer.h"
#include "common/rpc/status_rpc.h"
#include "master/service/ask.h"
#include "master/service/convert.h"

namespace fsdfs::master {
namespace {

constexpr size_t kUnknownPageMax = 256;

struct UnknownPage {
  std::map<ReplicaId, std::vector<UnknownCopy>> replicas;
  bool end = true;
  uint64_t untracked = 0;
};

// The first `limit` behind `after` of what all nodes hold.
UnknownPage page_of(const NodeDirectory& nodes, const ReplicaId& after, size_t limit) {
  UnknownPage page;
  for (const auto& [id, node] : nodes.all()) {
    page.untracked += node.unknown.untracked();
    const auto& listed = node.unknown.listed();
    size_t taken = 0;
    for (auto it = listed.upper_bound(after); it != listed.end() && taken <= limit; ++it, ++taken) {
      page.replicas[it->first].push_back({id, it->second});
    }
  }
  // Each node gave its first ones, so the first of all are among them.
  while (page.replicas.size() > limit) {
    page.replicas.erase(std::prev(page.replicas.end()));
    page.end = false;
  }
  return page;
}

// Of every version of the inode.
std::vector<UnknownCopy> copies_of(const NodeDirectory& nodes, InodeId inode) {
  std::vector<UnknownCopy> copies;
  for (const auto& [id, node] : nodes.all()) {
    const auto& listed = node.unknown.listed();
    for (auto it = listed.lower_bound({inode, Version{}}); it != listed.end() && it->first.inode == inode;
         ++it) {
      copies.push_back({id, it->second});
    }
  }
  return copies;
}

Result<std::vector<UnknownCopy>> ask_copies(ControlLoop& control, InodeId inode) {
  return ask_nodes<std::vector<UnknownCopy>>(
      control, [inode](const NodeDirectory& nodes) { return copies_of(nodes, inode); });
}

}  // namespace

Status UnknownService::list(const grpc::ServerContext& context, const v1::ListUnknownRequest& request,
                            v1::ListUnknownReply& reply) {
  FSDFS_ASSIGN(auto client, peer_fingerprint(context));
  size_t limit = request.limit() == 0 ? kUnknownPageMax : std::min<size_t>(request.limit(), kUnknownPageMax);
  FSDFS_ASSIGN(auto page,
               ask_nodes<UnknownPage>(context_.control, [after = master::from_proto(request.after()),
                                                         limit](const NodeDirectory& nodes) {
                 return page_of(nodes, after, limit);
               }));
  FSDFS_ASSIGN(auto view, context_.store.read());
  for (const auto& [replica, copies] : page.replicas) {
    auto* entry = reply.add_replicas();
    *entry->mutable_replica() = to_proto(replica);
    entry->set_ticket(context_.ticket(replica.inode, Right::kRead, client, replica.version, SessionId{}));
    for (const auto& [id, held] : copies) {
      FSDFS_ASSIGN(auto node, view->node(id));
      if (!node) continue;
      auto* holder = entry->add_holders();
      *holder->mutable_node() = to_proto(*node);
      *holder->mutable_content() = to_proto(held.content);
      holder->set_state(to_proto(held.state));
    }
  }
  reply.set_end(page.end);
  reply.set_untracked(page.untracked);
  return {};
}

grpc::Status UnknownService::ListUnknown(grpc::ServerContext* context, const v1::ListUnknownRequest* request,
                                         v1::ListUnknownReply* reply) {
  return to_grpc(list(*context, *request, *reply));
}

Status UnknownService::adopt(const v1::AdoptUnknownRequest& request, v1::AdoptUnknownReply& reply) {
  FSDFS_ASSIGN(auto id, request_from_proto(request.has_request(), request.request()));
  UnknownAdoption adoption;
  adoption.replica = master::from_proto(request.replica());
  adoption.origin = master::from_proto(request.origin());
  adoption.directory = request.directory();
  adoption.directories = {request.mode(), request.uid(), request.gid()};
  FSDFS_ASSIGN(adoption.copies, ask_copies(context_.control, adoption.replica.inode));
  auto operation = [&](WriteTransaction& transaction) -> Result<std::string> {
    FSDFS_ASSIGN(auto adopted, adopt_unknown(transaction, adoption, *context_.policy.policy()));
    v1::AdoptUnknownReply made;
    FSDFS_ASSIGN(*made.mutable_attributes(),
                 attributes_to_proto(transaction, *context_.control.view(), adopted.inode, adopted.parent));
    made.set_path(adopted.path);
    made.set_holders(adopted.holders);
    return made.SerializeAsString();
  };
  return write(id, operation, reply);
}

Status UnknownService::purge(const v1::PurgeUnknownRequest& request, v1::PurgeUnknownReply& reply) {
  FSDFS_ASSIGN(auto id, request_from_proto(request.has_request(), request.request()));
  ReplicaId replica = master::from_proto(request.replica());
  FSDFS_ASSIGN(auto copies, ask_copies(context_.control, replica.inode));
  auto operation = [&](WriteTransaction& transaction) -> Result<std::string> {
    FSDFS_ASSIGN(auto purged, purge_unknown(transaction, replica, copies));
    v1::PurgeUnknownReply made;
    made.set_holders(purged.holders);
    made.set_bytes(purged.bytes);
    return made.SerializeAsString();
  };
  return write(id, operation, reply);
}

// Waits for the commit. A repeated request is answered as it was the first time.
Status UnknownService::write(const std::optional<RequestId>& id, const MetadataStore::Operation& operation,
                             google::protobuf::Message& reply) {
  FSDFS_ASSIGN(std::string made, context_.store.write({true, id}, operation));
  if (reply.ParseFromString(made)) return {};
  return data_loss("the remembered answer to this request is damaged", Reason::kNone);
}

grpc::Status UnknownService::AdoptUnknown(grpc::ServerContext*, const v1::AdoptUnknownRequest* request,
                                          v1::AdoptUnknownReply* reply) {
  return to_grpc(adopt(*request, *reply));
}

grpc::Status UnknownService::PurgeUnknown(grpc::ServerContext*, const v1::PurgeUnknownRequest* request,
                                          v1::PurgeUnknownReply* reply) {
  return to_grpc(purge(*request, *reply));
}

}  // namespace fsdfs::master
