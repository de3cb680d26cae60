// AdminService: what concerns the content of replicas and the records of them.
#include <fmt/format.h>

#include <memory>

#include "common/rpc/status_rpc.h"
#include "master/service/admin_service.h"
#include "master/service/ask.h"
#include "master/service/awaited.h"
#include "master/service/convert.h"
#include "master/service/fsck.h"
#include "master/service/node_names.h"

namespace fsdfs::master {
Status AdminService::scrub(const v1::ScrubRequest& request, v1::ScrubReply& reply) {
  std::vector<NodeId> nodes;
  {
    FSDFS_ASSIGN(auto view, context_.store.read());
    FSDFS_ASSIGN(auto known, view->nodes());
    auto swarm = context_.control.view();
    for (const std::string& named : request.nodes()) {
      FSDFS_ASSIGN(NodeRecord node, find_node(known, named));
      const NodeStatus* status = swarm->find(node.id);
      if (status == nullptr || !status->attending) {
        return failed_precondition(
            fmt::format("node {} ({}) does not attend, so it cannot be asked to check what it holds",
                        to_string(node.id), node.address));
      }
      nodes.push_back(node.id);
    }
  }
  auto answer = std::make_shared<Awaited<ScrubStarted>>();  // shared with the loop, which may come late
  bool taken = context_.control.scrub(std::move(nodes),
                                      [answer](ScrubStarted given) { answer->set(std::move(given)); });
  auto started = taken ? answer->take(kAnswerPatience) : std::nullopt;
  if (!started) return unavailable("the master is too busy to answer: try again");
  reply.set_request(started->request);
  for (const NodeRecord& node : started->told) *reply.add_nodes() = to_proto(node);
  for (const NodeRecord& node : started->not_told) *reply.add_absent() = to_proto(node);
  return {};
}

grpc::Status AdminService::Fsck(grpc::ServerContext* context, const v1::FsckRequest* request,
                                grpc::ServerWriter<v1::FsckProgress>* writer) {
  if (checking_.exchange(true)) {
    return to_grpc(Status(Code::kResourceExhausted, "another fsck is running: wait for it to end"));
  }
  master::Fsck fsck(
      context_, request->repair(), [writer](const v1::FsckProgress& message) { writer->Write(message); },
      [this, context]() -> Status {
        if (stopping_) return unavailable("the master is shutting down: try again at its successor");
        return context->IsCancelled() ? Status(Code::kCancelled, "the caller is gone") : Status();
      });
  Status status = fsck.run();
  checking_ = false;
  return to_grpc(status);
}

grpc::Status AdminService::Scrub(grpc::ServerContext*, const v1::ScrubRequest* request,
                                 v1::ScrubReply* reply) {
  return to_grpc(scrub(*request, *reply));
}

}  // namespace fsdfs::master
