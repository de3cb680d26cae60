#include "master/service/swarm_service.h"

#include "common/rpc/status_rpc.h"
#include "master/service/convert.h"

namespace fsdfs::master {
namespace {

void set_health(const Health& health, v1::GetStatusReply& reply) {
  if (health.has_surplus) {
    reply.set_min_surplus(health.min_surplus);
    reply.set_max_surplus(health.max_surplus);
  }
  if (health.has_uncapped) reply.set_min_surplus_uncapped(health.min_surplus_uncapped);
  for (const auto& [surplus, files] : health.histogram) (*reply.mutable_surplus_histogram())[surplus] = files;
  reply.set_unavailable(health.unavailable);
  reply.set_endangered(health.endangered);
  reply.set_capped(health.capped);
  reply.set_copies_in_flight(health.copies_in_flight);
  reply.set_copies_queued(health.copies_queued);
  reply.set_copies_parked(health.copies_parked);
}

void set_nodes(const SwarmView& swarm, v1::GetStatusReply& reply) {
  uint32_t up = 0, silent = 0, dead = 0;
  uint64_t stored = 0, quota = 0, used = 0;
  for (const NodeStatus& node : swarm.nodes()) {
    if (node.liveness == Liveness::kDead) {
      ++dead;
      continue;
    }
    ++(node.liveness == Liveness::kUp ? up : silent);
    stored += node.placed.used;
    quota += node.record.quota;
    used += node.attending ? node.used : node.placed.used;
  }
  reply.set_nodes_up(up);
  reply.set_nodes_silent(silent);
  reply.set_nodes_dead(dead);
  reply.set_stored_bytes(stored);
  reply.set_quota_bytes(quota);
  reply.set_used_bytes(used);
}

}  // namespace

grpc::Status SwarmService::GetStatus(grpc::ServerContext*, const v1::GetStatusRequest*,
                                     v1::GetStatusReply* reply) {
  auto view = context_.store.read();
  if (!view.ok()) return to_grpc(view.status());
  auto totals = (*view)->totals();
  if (!totals.ok()) return to_grpc(totals.status());
  auto swarm = context_.control.view();
  reply->set_swarm_name(context_.swarm_name);
  reply->set_swarm(to_proto(context_.store.swarm()));
  reply->set_master_address(context_.address.get());
  reply->set_epoch(context_.store.epoch().value);
  reply->set_files(totals->files);
  reply->set_directories(totals->directories);
  reply->set_bytes(totals->bytes);
  reply->set_trash_files(totals->trash_files);
  reply->set_trash_bytes(totals->trash_bytes);
  reply->set_open(swarm->open_sessions);
  reply->set_default_target(context_.settings.default_target);
  set_health(swarm->health, *reply);
  set_nodes(*swarm, *reply);
  for (const std::string& warning : swarm->warnings) reply->add_warnings(warning);
  for (const std::string& warning : context_.policy.warnings()) reply->add_warnings(warning);
  return grpc::Status::OK;
}

grpc::Status SwarmService::ListNodes(grpc::ServerContext*, const v1::ListNodesRequest*,
                                     v1::ListNodesReply* reply) {
  auto swarm = context_.control.view();
  for (const NodeStatus& node : swarm->nodes()) *reply->add_nodes() = info_to_proto(node);
  return grpc::Status::OK;
}

}  // namespace fsdfs::master
