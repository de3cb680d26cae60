#include "master/service/admin_service.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/path.h"
#include "common/rpc/status_rpc.h"
#include "master/namespace/operations.h"
#include "master/namespace/targets.h"
#include "master/service/answer.h"
#include "master/service/ask.h"
#include "master/service/convert.h"
#include "master/service/node_names.h"

namespace fsdfs::master {
namespace {

constexpr int kRemovalsMax = 4;
constexpr size_t kRowsPerPage = 1000;
constexpr size_t kPathsInMessage = 5;
constexpr Duration kProgressInterval = std::chrono::seconds(1);

Status ended_early(const grpc::ServerContext& context, bool stopping) {
  if (stopping) return unavailable("the master is shutting down: try again at its successor");
  if (context.IsCancelled()) return {Code::kCancelled, "the caller is gone"};
  return {};
}

AdminState wanted_state(v1::AdminState state) {
  return state == v1::ADMIN_STATE_DRAINING   ? AdminState::kDraining
         : state == v1::ADMIN_STATE_READONLY ? AdminState::kReadonly
                                             : AdminState::kActive;
}

Result<v1::SetAdminStateReply> set_admin_state(WriteTransaction& transaction, const std::string& named,
                                               AdminState state) {
  FSDFS_ASSIGN(auto nodes, transaction.nodes());
  FSDFS_ASSIGN(auto node, find_node(nodes, named));
  if (node.admin_state == AdminState::kRemoving) {
    return failed_precondition(fmt::format("node {} ({}) is being removed; that cannot be taken back",
                                           to_string(node.id), node.address));
  }
  v1::SetAdminStateReply reply;
  *reply.mutable_node() = to_proto(node);
  reply.set_before(to_proto(node.admin_state));
  reply.set_state(to_proto(state));
  if (node.admin_state == state) return reply;
  node.admin_state = state;
  FSDFS_TRY(transaction.put_node(node));
  return reply;
}

Status refused(const NodeRecord& node, uint64_t count, const std::vector<std::string>& first) {
  std::string paths;
  for (const std::string& path : first) paths += (paths.empty() ? "" : ", ") + path;
  if (count > first.size()) paths += fmt::format(" and {} more", count - first.size());
  return failed_precondition(fmt::format(
      "node {} ({}) holds the only copy of {} file{}: {}; start it again and drain it, or lose them "
      "with --force",
      to_string(node.id), node.address, count, count == 1 ? "" : "s", paths));
}

v1::PlaceState place_state(Place::State state) {
  switch (state) {
    case Place::State::kCurrent:
      return v1::PLACE_STATE_CURRENT;
    case Place::State::kArriving:
      return v1::PLACE_STATE_ARRIVING;
    case Place::State::kWaiting:
      return v1::PLACE_STATE_WAITING;
    case Place::State::kOld:
      return v1::PLACE_STATE_OLD;
    case Place::State::kDoomed:
      return v1::PLACE_STATE_DOOMED;
  }
  return v1::PLACE_STATE_UNSPECIFIED;
}

// Who and how a node is, as an Explanation names it.
template <typename Message>
void set_node(const SwarmView& swarm, const NodeId& id, Message& message) {
  const NodeStatus* node = swarm.find(id);
  if (node == nullptr) return message.mutable_node()->set_node(to_proto(id));
  *message.mutable_node() = to_proto(node->record);
  message.set_node_state(to_proto(node->liveness));
  message.set_admin_state(to_proto(node->record.admin_state));
}

// The scheduler knows nodes by id, people by address.
std::string with_addresses(std::string text, const SwarmView& swarm) {
  for (const NodeStatus& node : swarm.nodes()) {
    std::string id = to_string(node.record.id);
    if (size_t at = text.find(id); at != std::string::npos) text.replace(at, id.size(), node.record.address);
  }
  return text;
}

void set_min_surplus(const WhatIf::MinSurplus& surplus, v1::MinSurplus& out) {
  if (surplus.all) out.set_all(*surplus.all);
  if (surplus.uncapped) out.set_uncapped(*surplus.uncapped);
}

void set_explanation(const Explanation& answer, const SwarmView& swarm, v1::ExplainReply& reply) {
  reply.set_target(answer.target);
  reply.set_copies(static_cast<uint32_t>(answer.copies));
  reply.set_arriving(static_cast<uint32_t>(answer.arriving));
  reply.set_surplus(answer.surplus);
  reply.set_open(answer.open);
  reply.set_trash(answer.trash);
  for (const Place& place : answer.places) {
    auto* out = reply.add_places();
    set_node(swarm, place.node, *out);
    out->set_state(place_state(place.state));
    out->set_counts(place.counts);
  }
  for (const auto& [node, why] : answer.not_on) {
    auto* out = reply.add_not_on();
    set_node(swarm, node, *out);
    out->set_why(why);
  }
  reply.set_next(with_addresses(answer.next, swarm));
}

}  // namespace

Result<NodeRecord> AdminService::find(const std::string& named) {
  FSDFS_ASSIGN(auto view, context_.store.read());
  FSDFS_ASSIGN(auto nodes, view->nodes());
  return find_node(nodes, named);
}

// --- what is wanted of nodes ---

grpc::ServerUnaryReactor* AdminService::SetAdminState(grpc::CallbackServerContext* context,
                                                      const v1::SetAdminStateRequest* request,
                                                      v1::SetAdminStateReply* reply) {
  auto id = request_from_proto(request->has_request(), request->request());
  if (!id.ok()) return answer_now(context, id.status());
  if (request->state() < v1::ADMIN_STATE_ACTIVE || request->state() > v1::ADMIN_STATE_DRAINING) {
    return answer_now(context, invalid_argument("a node can be set active, readonly or draining"));
  }
  auto* reactor = context->DefaultReactor();
  answer_after_commit(
      context_.store, {true, *id}, reactor, reply,
      [named = request->node(), state = wanted_state(request->state())](WriteTransaction& transaction) {
        return set_admin_state(transaction, named, state);
      });
  return reactor;
}

// --- removal ---

grpc::Status AdminService::RemoveNode(grpc::ServerContext* context, const v1::RemoveNodeRequest* request,
                                      Progress* progress) {
  Status status(Code::kResourceExhausted, "other nodes are being removed: wait for one to be done");
  if (++removals_ <= kRemovalsMax) status = remove_node(*context, *request, *progress);
  --removals_;
  return to_grpc(status);
}

Status AdminService::remove_node(grpc::ServerContext& context, const v1::RemoveNodeRequest& request,
                                 Progress& progress) {
  FSDFS_ASSIGN(NodeRecord node, find(request.node()));
  bool under_way = node.admin_state == AdminState::kRemoving;
  if (!under_way) FSDFS_TRY(check_removal(context, node, request.force(), progress));
  return await_removal(context, node, progress);
}

// Tells of every file that only the node holds. Each page is a look of its own at the records.
Status AdminService::check_removal(grpc::ServerContext& context, const NodeRecord& node, bool force,
                                   Progress& progress) {
  auto known = context_.control.view();
  if (const NodeStatus* status = known->find(node.id); status != nullptr && status->attending) {
    return failed_precondition(
        fmt::format("node {} ({}) attends: stop its fsdfsd first; `fsdfs node drain` moves "
                    "its files away before",
                    to_string(node.id), node.address));
  }
  uint64_t records = 0, count = 0;
  std::vector<std::string> first;
  SoleCopyPage page;
  while (!page.end) {
    FSDFS_TRY(ended_early(context, stopping_));
    {
      FSDFS_ASSIGN(auto view, context_.store.read());
      auto swarm = context_.control.view();
      FSDFS_ASSIGN(page, sole_copies(*view, *swarm, node.id, page.last, kRowsPerPage));
    }
    records += page.looked_at;
    count += page.found.size();
    v1::RemoveNodeProgress message;
    *message.mutable_node() = to_proto(node);
    message.set_phase(v1::REMOVAL_PHASE_CHECKING);
    message.set_records(records);
    for (const SoleCopy& copy : page.found) {
      auto* out = message.add_sole_copies();
      out->set_inode(copy.inode.value);
      out->set_path(copy.path);
      out->set_size(copy.size);
      if (first.size() < kPathsInMessage) {
        first.push_back(copy.path.empty() ? "inode " + to_string(copy.inode) : display(copy.path));
      }
    }
    progress.Write(message);
  }
  if (count != 0 && !force) return refused(node, count, first);
  return {};
}

Status AdminService::await_removal(grpc::ServerContext& context, const NodeRecord& node, Progress& progress) {
  auto watch = std::make_shared<RemovalWatch>();  // shared with the control loop, which may outlast the call
  context_.control.remove_node(node.id, watch);
  RemovalWatch::State state;
  while (true) {
    state = watch->wait(state, kProgressInterval);
    v1::RemoveNodeProgress message;
    *message.mutable_node() = to_proto(node);
    message.set_phase(state.ended ? v1::REMOVAL_PHASE_DONE : v1::REMOVAL_PHASE_REMOVING);
    message.set_records(state.removed);
    if (state.ended && !state.ended->ok()) return *state.ended;
    if (state.begun) progress.Write(message);
    if (state.ended) return {};
    FSDFS_TRY(ended_early(context, stopping_));
  }
}

// --- explanations ---

Status AdminService::explain(const v1::ExplainRequest& request, v1::ExplainReply& reply) {
  FSDFS_ASSIGN(auto view, context_.store.read());
  FSDFS_ASSIGN(auto located, lookup(*view, from_proto(request.place())));
  if (located.inode.type == FileType::kDirectory) return is_a_directory(located.shown);
  if (located.inode.type != FileType::kRegular) {
    return failed_precondition("not a regular file, so it has no copies: " + located.shown);
  }
  FSDFS_ASSIGN(auto origin, explain_target(*view, *context_.policy.policy(), located.inode,
                                           file_time(context_.clock.wall())));
  reply.set_target_origin(origin.text);
  view.reset();
  auto answer = ask<Explanation>(context_.control, [inode = located.inode.id](const Scheduler& scheduler) {
    return scheduler.why(inode);
  });
  if (!answer.ok()) return answer.status();
  auto swarm = context_.control.view();
  *reply.mutable_attributes() = to_proto(located.inode);
  if (!answer->known) {
    // Never written, or committed this very moment.
    reply.set_target(located.inode.target);
    reply.set_surplus(-located.inode.target);
    reply.set_next("nothing: it has no content yet");
    return {};
  }
  set_explanation(*answer, *swarm, reply);
  reply.mutable_attributes()->set_copies(reply.copies());
  return {};
}

grpc::Status AdminService::Explain(grpc::ServerContext*, const v1::ExplainRequest* request,
                                   v1::ExplainReply* reply) {
  return to_grpc(explain(*request, *reply));
}

Result<master::WhatIf> AdminService::ask_what_if(const v1::WhatIfRequest& request, v1::WhatIfReply& reply) {
  if (request.change_case() == v1::WhatIfRequest::kAddQuota) {
    return ask<master::WhatIf>(context_.control, [quota = request.add_quota()](const Scheduler& scheduler) {
      return scheduler.what_if_added(quota);
    });
  }
  if (request.change_case() != v1::WhatIfRequest::kLose) {
    return invalid_argument("what if what? a node to lose or a quota to add must be named");
  }
  FSDFS_ASSIGN(NodeRecord node, find(request.lose()));
  *reply.mutable_node() = to_proto(node);
  FSDFS_ASSIGN(auto answer, ask<std::optional<master::WhatIf>>(context_.control,
                                                               [id = node.id](const Scheduler& scheduler) {
                                                                 return scheduler.what_if_lost(id);
                                                               }));
  if (!answer) return failed_precondition("node " + to_string(node.id) + " has just left the swarm");
  return std::move(*answer);
}

Status AdminService::what_if(const v1::WhatIfRequest& request, v1::WhatIfReply& reply) {
  FSDFS_ASSIGN(auto answer, ask_what_if(request, reply));
  set_min_surplus(answer.now, *reply.mutable_now());
  set_min_surplus(answer.right_away, *reply.mutable_right_away());
  set_min_surplus(answer.settled, *reply.mutable_settled());
  reply.set_files_lost(answer.files_lost);
  reply.set_files_left_one(answer.files_left_one);
  reply.set_copies(answer.copies);
  reply.set_bytes(answer.bytes);
  reply.set_room(answer.room);
  reply.set_fits(answer.fits);
  reply.set_exact(answer.exact);
  return {};
}

grpc::Status AdminService::WhatIf(grpc::ServerContext*, const v1::WhatIfRequest* request,
                                  v1::WhatIfReply* reply) {
  return to_grpc(what_if(*request, *reply));
}

// --- events ---

EventFeed::Reactor* AdminService::Events(grpc::CallbackServerContext*, const v1::EventsRequest* request) {
  return feed_.follow(*request);
}

void AdminService::prepare_stop() {
  stopping_ = true;
  feed_.stop();
}

}  // namespace fsdfs::master
