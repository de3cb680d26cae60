#include "master/service/namespace_service.h"

#include <fmt/format.h>

#include "common/rpc/peer.h"
#include "common/rpc/status_rpc.h"
#include "master/namespace/targets.h"
#include "master/service/answer.h"
#include "master/service/convert.h"
#include "master/service/holders.h"

namespace fsdfs::master {
namespace {

constexpr int kPlacesMax = 1000;

InodeId parent_of(const Located& located) {
  return located.entry ? located.entry->parent : located.inode.parent;
}

}  // namespace

// --- reads ---

Status NamespaceService::lookup_attributes(const v1::Place& place, v1::Attributes& attributes) {
  FSDFS_ASSIGN(auto view, context_.store.read());
  FSDFS_ASSIGN(auto located, lookup(*view, from_proto(place)));
  auto swarm = context_.control.view();
  FSDFS_ASSIGN(attributes, attributes_to_proto(*view, *swarm, located.inode, parent_of(located)));
  return {};
}

grpc::Status NamespaceService::Lookup(grpc::ServerContext*, const v1::LookupRequest* request,
                                      v1::LookupReply* reply) {
  return to_grpc(lookup_attributes(request->place(), *reply->mutable_attributes()));
}

Status NamespaceService::read_page(const v1::ReadDirectoryRequest& request, v1::ReadDirectoryReply& reply) {
  FSDFS_ASSIGN(auto view, context_.store.read());
  FSDFS_ASSIGN(auto page,
               read_directory(*view, from_proto(request.place()), request.after(), request.limit()));
  auto swarm = context_.control.view();
  reply.set_directory(page.directory.id.value);
  reply.set_parent(page.directory.parent.value);
  reply.set_end(page.end);
  for (Child& child : page.children) {
    auto* entry = reply.add_entries();
    FSDFS_ASSIGN(*entry->mutable_attributes(),
                 attributes_to_proto(*view, *swarm, child.inode, child.entry.parent));
    entry->set_name(std::move(child.entry.name));
    entry->set_cookie(child.entry.cookie);
  }
  return {};
}

grpc::Status NamespaceService::ReadDirectory(grpc::ServerContext*, const v1::ReadDirectoryRequest* request,
                                             v1::ReadDirectoryReply* reply) {
  return to_grpc(read_page(*request, *reply));
}

Status NamespaceService::stat(const v1::StatRequest& request, v1::StatReply& reply) {
  FSDFS_ASSIGN(auto view, context_.store.read());
  FSDFS_ASSIGN(auto located, lookup(*view, from_proto(request.place())));
  auto swarm = context_.control.view();
  *reply.mutable_attributes() = to_proto(located.inode);
  reply.mutable_attributes()->set_parent(parent_of(located).value);
  FSDFS_ASSIGN(auto origin, explain_target(*view, *context_.policy.policy(), located.inode,
                                           file_time(context_.clock.wall())));
  reply.set_target_origin(origin.text);
  reply.mutable_vars()->insert(origin.vars.begin(), origin.vars.end());
  if (located.inode.type == FileType::kDirectory) reply.set_directory_target(origin.target);
  if (located.inode.type != FileType::kRegular) return {};
  FSDFS_ASSIGN(auto replicas, view->replicas(located.inode.id));
  reply.mutable_attributes()->set_copies(count_copies(located.inode, replicas, *swarm));
  for (const ReplicaRecord& record : replicas) {
    auto* replica = reply.add_replicas();
    const NodeStatus* node = swarm->find(record.node);
    if (node != nullptr) {
      *replica->mutable_node() = to_proto(node->record);
      replica->set_node_state(to_proto(node->liveness));
    } else {
      replica->mutable_node()->set_node(to_proto(record.node));
    }
    *replica->mutable_version() = to_proto(record.replica.version);
    replica->set_state(to_proto(record.state));
    *replica->mutable_verified() = to_proto(record.verified);
  }
  return {};
}

grpc::Status NamespaceService::Stat(grpc::ServerContext*, const v1::StatRequest* request,
                                    v1::StatReply* reply) {
  return to_grpc(stat(*request, *reply));
}

Status NamespaceService::locate(ReadView& view, const v1::Place& place, v1::Location& location) {
  FSDFS_ASSIGN(auto located, lookup(view, from_proto(place)));
  auto swarm = context_.control.view();
  *location.mutable_attributes() = to_proto(located.inode);
  location.mutable_attributes()->set_parent(parent_of(located).value);
  if (located.inode.type == FileType::kDirectory) return is_a_directory(located.shown);
  FSDFS_ASSIGN(auto replicas, view.replicas(located.inode.id));
  location.mutable_attributes()->set_copies(count_copies(located.inode, replicas, *swarm));
  for (const NodeStatus* node : order_holders(located.inode, replicas, *swarm, {})) {
    *location.add_holders() = holder_to_proto(*node);
  }
  return {};
}

grpc::Status NamespaceService::Locate(grpc::ServerContext*, const v1::LocateRequest* request,
                                      v1::LocateReply* reply) {
  if (request->places_size() > kPlacesMax) {
    return to_grpc(invalid_argument(fmt::format("{} places in one request; {} are the most: ask in several",
                                                request->places_size(), kPlacesMax)));
  }
  auto view = context_.store.read();
  if (!view.ok()) return to_grpc(view.status());
  for (const auto& place : request->places()) {
    auto* location = reply->add_locations();
    Status status = locate(**view, place, *location);
    location->set_code(static_cast<uint32_t>(status.code()));
    location->set_reason(static_cast<uint32_t>(status.reason()));
    location->set_message(status.message());
  }
  return grpc::Status::OK;
}

Status NamespaceService::open_for_read(const v1::OpenForReadRequest& request, const Fingerprint& client,
                                       v1::OpenForReadReply& reply) {
  FSDFS_ASSIGN(auto view, context_.store.read());
  FSDFS_ASSIGN(auto located, lookup(*view, from_proto(request.place())));
  if (located.inode.type == FileType::kDirectory) return is_a_directory(located.shown);
  if (located.inode.type != FileType::kRegular) {
    return failed_precondition("not a regular file, so it has no content to read: " + located.shown);
  }
  context_.reads.count(located.inode.id);
  auto swarm = context_.control.view();
  FSDFS_ASSIGN(auto replicas, view->replicas(located.inode.id));
  *reply.mutable_attributes() = to_proto(located.inode);
  reply.mutable_attributes()->set_parent(parent_of(located).value);
  reply.mutable_attributes()->set_copies(count_copies(located.inode, replicas, *swarm));
  for (const NodeStatus* node :
       order_holders(located.inode, replicas, *swarm, {request.host(), request.zone()})) {
    *reply.add_holders() = holder_to_proto(*node);
  }
  reply.set_ticket(context_.ticket(located.inode.id, Right::kRead, client, Version{}, SessionId{}));
  reply.set_ticket_seconds(static_cast<uint32_t>(kTicketLifetimeMax.count()));
  return {};
}

grpc::Status NamespaceService::OpenForRead(grpc::ServerContext* context,
                                           const v1::OpenForReadRequest* request,
                                           v1::OpenForReadReply* reply) {
  auto client = peer_fingerprint(*context);
  if (!client.ok()) return to_grpc(client.status());
  return to_grpc(open_for_read(*request, *client, *reply));
}

// --- changes ---

// `operation` makes the reply in the transaction: Result<Reply>(WriteTransaction&, const SwarmView&).
template <typename Request, typename Reply, typename Operation>
grpc::ServerUnaryReactor* NamespaceService::change(grpc::CallbackServerContext* context,
                                                   const Request& request, Reply* reply,
                                                   Operation operation) {
  auto id = request_from_proto(request.has_request(), request.request());
  if (!id.ok()) return answer_now(context, id.status());
  auto* reactor = context->DefaultReactor();
  answer_after_commit(context_.store, {false, *id}, reactor, reply,
                      [operation = std::move(operation),
                       &control = context_.control](WriteTransaction& transaction) -> Result<Reply> {
                        return operation(transaction, *control.view());
                      });
  return reactor;
}

grpc::ServerUnaryReactor* NamespaceService::MakeDirectory(grpc::CallbackServerContext* context,
                                                          const v1::MakeDirectoryRequest* request,
                                                          v1::EntryReply* reply) {
  return change(context, *request, reply,
                [place = from_proto(request->place()), parents = request->parents(),
                 attributes = NewInode{request->mode(), request->uid(), request->gid()}](
                    WriteTransaction& transaction, const SwarmView&) -> Result<v1::EntryReply> {
                  FSDFS_ASSIGN(auto made, make_directory(transaction, place, attributes, parents));
                  v1::EntryReply out;
                  *out.mutable_attributes() = to_proto(made);
                  return out;
                });
}

grpc::ServerUnaryReactor* NamespaceService::Remove(grpc::CallbackServerContext* context,
                                                   const v1::RemoveRequest* request, v1::RemoveReply* reply) {
  return change(
      context, *request, reply,
      [place = from_proto(request->place()), kind = from_proto(request->kind()), last = context_.last_name()](
          WriteTransaction& transaction, const SwarmView&) -> Result<v1::RemoveReply> {
        FSDFS_ASSIGN(auto removed, remove(transaction, place, kind, last));
        v1::RemoveReply out;
        *out.mutable_attributes() = to_proto(removed);
        return out;
      });
}

grpc::ServerUnaryReactor* NamespaceService::Rename(grpc::CallbackServerContext* context,
                                                   const v1::RenameRequest* request, v1::EntryReply* reply) {
  return change(
      context, *request, reply,
      [from = from_proto(request->from()), to = from_proto(request->to()),
       flags = RenameFlags{request->no_replace(), request->exchange()}, last = context_.last_name()](
          WriteTransaction& transaction, const SwarmView& swarm) -> Result<v1::EntryReply> {
        FSDFS_ASSIGN(auto moved, rename(transaction, from, to, flags, last));
        FSDFS_ASSIGN(auto located, lookup(transaction, to));
        v1::EntryReply out;
        FSDFS_ASSIGN(*out.mutable_attributes(),
                     attributes_to_proto(transaction, swarm, moved, parent_of(located)));
        return out;
      });
}

grpc::ServerUnaryReactor* NamespaceService::SetAttributes(grpc::CallbackServerContext* context,
                                                          const v1::SetAttributesRequest* request,
                                                          v1::EntryReply* reply) {
  return change(context, *request, reply,
                [place = from_proto(request->place()), wanted = from_proto(*request)](
                    WriteTransaction& transaction, const SwarmView& swarm) -> Result<v1::EntryReply> {
                  FSDFS_ASSIGN(auto located, set_attributes(transaction, place, wanted));
                  v1::EntryReply out;
                  FSDFS_ASSIGN(*out.mutable_attributes(),
                               attributes_to_proto(transaction, swarm, located.inode, parent_of(located)));
                  return out;
                });
}

grpc::ServerUnaryReactor* NamespaceService::SetTarget(grpc::CallbackServerContext* context,
                                                      const v1::SetTargetRequest* request,
                                                      v1::EntryReply* reply) {
  return change(context, *request, reply,
                [place = from_proto(request->place()), target = request->target()](
                    WriteTransaction& transaction, const SwarmView& swarm) -> Result<v1::EntryReply> {
                  FSDFS_ASSIGN(auto located, set_target(transaction, place, target));
                  v1::EntryReply out;
                  FSDFS_ASSIGN(*out.mutable_attributes(),
                               attributes_to_proto(transaction, swarm, located.inode, parent_of(located)));
                  return out;
                });
}

}  // namespace fsdfs::master
