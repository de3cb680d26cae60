#include "tests/unit/client/fake_master.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "client/convert.h"
#include "common/path.h"
#include "common/rpc/status_rpc.h"
#include "tests/unit/client/fake_master_state.h"

namespace fsdfs::client {

class FakeMaster::SessionsService final : public v1::Sessions::Service {
 public:
  explicit SessionsService(FakeMasterState& state) : state_(state) {}

  grpc::Status OpenSession(grpc::ServerContext*, const v1::OpenSessionRequest* request,
                           v1::OpenSessionReply* reply) override {
    return state_.mutate<v1::OpenSessionReply>(
        request->request(), reply, [&](v1::OpenSessionReply& made) -> Status {
          ++state_.counts.sessions;
          state_.last_avoid.clear();
          for (const auto& node : request->avoid())
            state_.last_avoid.push_back(to_string(id_from_wire<NodeId>(node)));
          if (!state_.open_refusal.ok()) return state_.open_refusal;
          FSDFS_ASSIGN(auto parent, state_.find_parent(request->place()));
          auto there = state_.nodes[parent.first].children.find(parent.second);
          bool taken = there != state_.nodes[parent.first].children.end();
          if (taken && request->no_replace()) return already_exists("taken");
          uint64_t number = state_.next_session++;
          FakeMasterState::Session& session = state_.sessions[number];
          session.parent = parent.first;
          session.name = parent.second;
          session.inode = taken ? there->second : state_.next_inode++;
          session.counter = state_.next_counter++;
          session.mode = request->mode();
          if (request->has_target()) session.target = request->target();
          made.set_session(number);
          to_wire(ReplicaId{InodeId{session.inode}, {Epoch{1}, session.counter}}, made.mutable_replica());
          for (const NodeAddress& node : state_.swarm) {
            auto avoided = std::find(request->avoid().begin(), request->avoid().end(), id_to_wire(node.node));
            if (avoided == request->avoid().end()) to_wire(node, made.add_chain());
          }
          if (made.chain_size() == 0) return no_space("no node is left");
          made.set_ticket("write ticket");
          made.set_lease_ms(state_.lease_ms);
          made.set_wanted_members(2);
          return {};
        });
  }

  grpc::Status ExtendSession(grpc::ServerContext*, const v1::ExtendSessionRequest* request,
                             v1::ExtendSessionReply* reply) override {
    std::lock_guard lock(state_.mutex);
    ++state_.counts.extensions;
    if (!state_.sessions.contains(request->session())) return lost();
    reply->set_lease_ms(state_.lease_ms);
    return grpc::Status::OK;
  }

  grpc::Status CommitSession(grpc::ServerContext*, const v1::CommitSessionRequest* request,
                             v1::CommitSessionReply* reply) override {
    return state_.mutate<v1::CommitSessionReply>(
        request->request(), reply, [&](v1::CommitSessionReply& made) -> Status {
          auto found = state_.sessions.find(request->session());
          if (found == state_.sessions.end()) return aborted("the session is gone", Reason::kSessionLost);
          FakeMasterState::Session session = found->second;
          state_.sessions.erase(found);
          ++state_.counts.commits;
          state_.last_receipts = {request->receipts().begin(), request->receipts().end()};
          auto& attributes = state_.nodes[session.inode].attributes;
          attributes.set_inode(session.inode);
          attributes.set_type(v1::FILE_TYPE_REGULAR);
          attributes.set_mode(session.mode);
          attributes.set_size(request->content().size());
          attributes.set_digest(request->content().digest());
          attributes.set_target(session.target.value_or(3));
          attributes.set_copies(static_cast<uint32_t>(request->receipts_size()));
          *attributes.mutable_modified() = request->modified();
          to_wire(Version{Epoch{1}, session.counter}, attributes.mutable_version());
          state_.nodes[session.parent].children[session.name] = session.inode;
          *made.mutable_attributes() = attributes;
          made.set_synced_copies(static_cast<uint32_t>(request->receipts_size()));
          return {};
        });
  }

  grpc::Status AbortSession(grpc::ServerContext*, const v1::AbortSessionRequest* request,
                            v1::AbortSessionReply*) override {
    std::lock_guard lock(state_.mutex);
    ++state_.counts.aborts;
    state_.sessions.erase(request->session());
    return grpc::Status::OK;
  }

 private:
  static grpc::Status lost() { return to_grpc(aborted("the session is gone", Reason::kSessionLost)); }

  FakeMasterState& state_;
};

class FakeMaster::SwarmService final : public v1::Swarm::Service {
 public:
  explicit SwarmService(FakeMasterState& state) : state_(state) {}

  grpc::Status GetStatus(grpc::ServerContext*, const v1::GetStatusRequest*,
                         v1::GetStatusReply* reply) override {
    std::lock_guard lock(state_.mutex);
    if (state_.on_status) state_.on_status(state_.swarm_status);
    *reply = state_.swarm_status;
    return grpc::Status::OK;
  }

  grpc::Status ListNodes(grpc::ServerContext*, const v1::ListNodesRequest*,
                         v1::ListNodesReply* reply) override {
    std::lock_guard lock(state_.mutex);
    for (const NodeAddress& node : state_.swarm) {
      auto* info = reply->add_nodes();
      to_wire(node, info->mutable_node());
      info->set_state(v1::NODE_STATE_UP);
      info->set_admin_state(v1::ADMIN_STATE_ACTIVE);
    }
    return grpc::Status::OK;
  }

 private:
  FakeMasterState& state_;
};

FakeMaster::FakeMaster(const Credentials& credentials, const std::string& address)
    : state_(std::make_unique<FakeMasterState>()) {
  services_.push_back(make_fake_names(*state_));
  services_.push_back(std::make_unique<SessionsService>(*state_));
  services_.push_back(std::make_unique<SwarmService>(*state_));
  services_.push_back(make_fake_trash(*state_));
  services_.push_back(make_fake_quotas(*state_));
  services_.push_back(make_fake_policy(*state_));
  RpcServer::Options options;
  options.address = address;
  options.credentials = credentials;
  for (const auto& service : services_) options.services.push_back(service.get());
  auto server = RpcServer::start(options);
  EXPECT_TRUE(server.ok()) << server.status().message();
  server_ = std::move(*server);
}

FakeMaster::~FakeMaster() {
  server_->stop(std::chrono::milliseconds(0));
}

void FakeMaster::set_nodes(std::vector<NodeAddress> nodes) {
  std::lock_guard lock(state_->mutex);
  state_->swarm = std::move(nodes);
}

ReplicaId FakeMaster::add_file(const std::string& path, uint64_t size, const std::string& digest) {
  std::lock_guard lock(state_->mutex);
  auto names = *split_path(path);
  std::string name = names.back();
  names.pop_back();
  uint64_t parent = *state_->make_directories(1, names, true);
  uint64_t inode = state_->add(parent, name, v1::FILE_TYPE_REGULAR);
  auto& attributes = state_->nodes[inode].attributes;
  attributes.set_mode(0644);
  attributes.set_size(size);
  attributes.set_digest(digest);
  Version version{Epoch{1}, state_->next_counter++};
  to_wire(version, attributes.mutable_version());
  return {InodeId{inode}, version};
}

void FakeMaster::add_directory(const std::string& path) {
  std::lock_guard lock(state_->mutex);
  ASSERT_TRUE(state_->make_directories(1, *split_path(path), true).ok());
}

ReplicaId FakeMaster::change_file(const std::string& path) {
  ReplicaId changed;
  EXPECT_TRUE(set_attributes_of(path, [&](v1::Attributes& attributes) {
                changed = {InodeId{attributes.inode()}, {Epoch{1}, state_->next_counter++}};
                to_wire(changed.version, attributes.mutable_version());
              }).ok());
  return changed;
}

Status FakeMaster::set_attributes_of(const std::string& path,
                                     const std::function<void(v1::Attributes&)>& change) {
  std::lock_guard lock(state_->mutex);
  FSDFS_ASSIGN(uint64_t inode, state_->find(0, *split_path(path)));
  change(state_->nodes[inode].attributes);
  return {};
}

bool FakeMaster::exists(const std::string& path) {
  std::lock_guard lock(state_->mutex);
  return state_->find(0, *split_path(path)).ok();
}

v1::Attributes FakeMaster::attributes_of(const std::string& path) {
  v1::Attributes copy;
  EXPECT_TRUE(set_attributes_of(path, [&](v1::Attributes& attributes) { copy = attributes; }).ok()) << path;
  return copy;
}

std::vector<std::string> FakeMaster::names_in(const std::string& path) {
  std::lock_guard lock(state_->mutex);
  std::vector<std::string> names;
  auto inode = state_->find(0, *split_path(path));
  if (!inode.ok()) return {"(" + inode.status().message() + ")"};
  for (const auto& [name, child] : state_->nodes[*inode].children) names.push_back(name);
  return names;
}

void FakeMaster::lose_answers(int count) {
  std::lock_guard lock(state_->mutex);
  state_->lost_answers = count;
}

void FakeMaster::refuse_opens(Status status) {
  std::lock_guard lock(state_->mutex);
  state_->open_refusal = std::move(status);
}

void FakeMaster::set_lease(Duration lease) {
  std::lock_guard lock(state_->mutex);
  state_->lease_ms =
      static_cast<uint32_t>(std::chrono::duration_cast<std::chrono::milliseconds>(lease).count());
}

void FakeMaster::add_trash(uint64_t inode, const std::string& path, int64_t deleted_s) {
  std::lock_guard lock(state_->mutex);
  v1::TrashEntry& entry = state_->trash.emplace_back();
  entry.set_inode(inode);
  entry.set_path(path);
  entry.set_size(1024);
  entry.mutable_deleted()->set_seconds(deleted_s);
  entry.mutable_purged()->set_seconds(deleted_s + 60);
  entry.set_copies(2);
}

std::vector<uint64_t> FakeMaster::trash() {
  std::lock_guard lock(state_->mutex);
  std::vector<uint64_t> inodes;
  for (const auto& entry : state_->trash) inodes.push_back(entry.inode());
  return inodes;
}

std::vector<std::string> FakeMaster::restored_to() {
  std::lock_guard lock(state_->mutex);
  return state_->restored_to;
}

void FakeMaster::set_status(v1::GetStatusReply status) {
  std::lock_guard lock(state_->mutex);
  state_->swarm_status = std::move(status);
}

void FakeMaster::on_status(std::function<void(v1::GetStatusReply&)> change) {
  std::lock_guard lock(state_->mutex);
  state_->on_status = std::move(change);
}

FakeMasterCounts FakeMaster::counts() {
  std::lock_guard lock(state_->mutex);
  return state_->counts;
}

std::vector<std::string> FakeMaster::last_avoid() {
  std::lock_guard lock(state_->mutex);
  return state_->last_avoid;
}

std::vector<std::string> FakeMaster::last_receipts() {
  std::lock_guard lock(state_->mutex);
  return state_->last_receipts;
}

}  // namespace fsdfs::client
