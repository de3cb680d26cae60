#include "tests/unit/client/fake_master.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "client/convert.h"
#include "common/path.h"
#include "common/rpc/status_rpc.h"

namespace fsdfs::client {

namespace {

constexpr size_t kPage = 3;  // small, so that paging is tested

struct Node {
  v1::Attributes attributes;
  std::map<std::string, uint64_t> children;
};

std::string key_of(const v1::RequestId& request) {
  return request.client() + "/" + std::to_string(request.number());
}

}  // namespace

struct FakeMaster::State {
  State() {
    Node& root = nodes[1];
    root.attributes.set_inode(1);
    root.attributes.set_type(v1::FILE_TYPE_DIRECTORY);
    root.attributes.set_mode(0755);
  }

  // The inode of `path` below `directory`; kNotFound names what is missing.
  Result<uint64_t> find(uint64_t directory, const std::vector<std::string>& names) {
    uint64_t inode = directory == 0 ? 1 : directory;
    if (!nodes.contains(inode)) return not_found("no such inode");
    for (const std::string& name : names) {
      Node& node = nodes[inode];
      if (node.attributes.type() != v1::FILE_TYPE_DIRECTORY) {
        return failed_precondition("not a directory", Reason::kNotDirectory);
      }
      auto child = node.children.find(name);
      if (child == node.children.end()) return not_found("no such file or directory: " + name);
      inode = child->second;
    }
    return inode;
  }
  Result<uint64_t> find(const v1::Place& place) {
    FSDFS_ASSIGN(auto names, split_path("/" + place.path()));
    return find(place.directory(), names);
  }
  // The directory that `place` is in, and its name there.
  Result<std::pair<uint64_t, std::string>> find_parent(const v1::Place& place) {
    FSDFS_ASSIGN(auto names, split_path("/" + place.path()));
    if (names.empty()) return invalid_argument("a name is needed");
    std::string name = names.back();
    names.pop_back();
    FSDFS_ASSIGN(uint64_t parent, find(place.directory(), names));
    return std::pair(parent, name);
  }

  uint64_t add(uint64_t parent, const std::string& name, v1::FileType type) {
    uint64_t inode = next_inode++;
    Node& node = nodes[inode];
    node.attributes.set_inode(inode);
    node.attributes.set_type(type);
    node.attributes.set_parent(parent);
    node.attributes.set_target(3);
    nodes[parent].children[name] = inode;
    return inode;
  }

  Result<uint64_t> make_directories(uint64_t at, const std::vector<std::string>& names, bool parents) {
    for (size_t i = 0; i < names.size(); ++i) {
      bool last = i + 1 == names.size();
      auto child = nodes[at].children.find(names[i]);
      if (child == nodes[at].children.end()) {
        if (!last && !parents) return not_found("no such directory: " + names[i]);
        at = add(at, names[i], v1::FILE_TYPE_DIRECTORY);
        continue;
      }
      if (last && !parents) return already_exists("it exists: " + names[i]);
      at = child->second;
      if (nodes[at].attributes.type() != v1::FILE_TYPE_DIRECTORY) {
        return failed_precondition("not a directory: " + names[i], Reason::kNotDirectory);
      }
    }
    return at;
  }

  // Runs a mutation once a request id, and loses its answer if that is asked for.
  template <typename Reply>
  grpc::Status mutate(const v1::RequestId& request, Reply* reply,
                      const std::function<Status(Reply&)>& change) {
    std::lock_guard lock(mutex);
    std::string key = key_of(request);
    EXPECT_EQ(request.client().size(), 16u);
    auto known = answers.find(key);
    if (known == answers.end()) {
      Reply made;
      Status status = change(made);
      if (status.ok()) ++counts.mutations;
      known = answers.emplace(key, std::pair(status, made.SerializeAsString())).first;
    }
    if (lost_answers > 0) {
      --lost_answers;
      return {grpc::StatusCode::UNAVAILABLE, "the master went away"};
    }
    reply->ParseFromString(known->second.second);
    return to_grpc(known->second.first);
  }

  struct Session {
    uint64_t parent = 0;
    std::string name;
    uint64_t inode = 0;
    uint64_t counter = 0;
    uint32_t mode = 0;
    std::optional<double> target;
  };

  std::mutex mutex;
  std::map<uint64_t, Node> nodes;
  uint64_t next_inode = 100;
  uint64_t next_counter = 1;
  uint64_t next_session = 1;
  uint64_t next_ticket = 1;
  std::vector<NodeAddress> swarm;
  std::map<uint64_t, Session> sessions;
  std::map<std::string, std::pair<Status, std::string>> answers;
  int lost_answers = 0;
  Status open_refusal;
  uint32_t lease_ms = 30'000;
  v1::GetStatusReply swarm_status;
  std::function<void(v1::GetStatusReply&)> on_status;
  Counts counts;
  std::vector<std::string> last_avoid;
  std::vector<std::string> last_receipts;
};

class FakeMaster::Names final : public v1::Namespace::Service {
 public:
  explicit Names(State& state) : state_(state) {}

  grpc::Status Lookup(grpc::ServerContext*, const v1::LookupRequest* request,
                      v1::LookupReply* reply) override {
    std::lock_guard lock(state_.mutex);
    auto inode = state_.find(request->place());
    if (!inode.ok()) return to_grpc(inode.status());
    *reply->mutable_attributes() = state_.nodes[*inode].attributes;
    return grpc::Status::OK;
  }

  grpc::Status ReadDirectory(grpc::ServerContext*, const v1::ReadDirectoryRequest* request,
                             v1::ReadDirectoryReply* reply) override {
    std::lock_guard lock(state_.mutex);
    auto inode = state_.find(request->place());
    if (!inode.ok()) return to_grpc(inode.status());
    const auto& children = state_.nodes[*inode].children;
    reply->set_directory(*inode);
    uint64_t cookie = 0;
    for (const auto& [name, child] : children) {
      if (++cookie <= request->after()) continue;
      if (static_cast<size_t>(reply->entries_size()) == kPage) return grpc::Status::OK;
      auto* entry = reply->add_entries();
      entry->set_name(name);
      entry->set_cookie(cookie);
      *entry->mutable_attributes() = state_.nodes[child].attributes;
    }
    reply->set_end(true);
    return grpc::Status::OK;
  }

  grpc::Status MakeDirectory(grpc::ServerContext*, const v1::MakeDirectoryRequest* request,
                             v1::EntryReply* reply) override {
    return state_.mutate<v1::EntryReply>(request->request(), reply, [&](v1::EntryReply& made) -> Status {
      FSDFS_ASSIGN(auto names, split_path("/" + request->place().path()));
      uint64_t at = request->place().directory() == 0 ? 1 : request->place().directory();
      FSDFS_ASSIGN(uint64_t inode, state_.make_directories(at, names, request->parents()));
      auto& attributes = state_.nodes[inode].attributes;
      if (inode != 1 && attributes.mode() == 0) attributes.set_mode(request->mode());
      *made.mutable_attributes() = attributes;
      return {};
    });
  }

  grpc::Status Remove(grpc::ServerContext*, const v1::RemoveRequest* request,
                      v1::RemoveReply* reply) override {
    return state_.mutate<v1::RemoveReply>(request->request(), reply, [&](v1::RemoveReply& removed) -> Status {
      FSDFS_ASSIGN(auto parent, state_.find_parent(request->place()));
      FSDFS_ASSIGN(uint64_t inode, state_.find(request->place()));
      Node& node = state_.nodes[inode];
      bool directory = node.attributes.type() == v1::FILE_TYPE_DIRECTORY;
      if (directory && request->kind() == v1::REMOVE_KIND_FILE) {
        return failed_precondition("a directory", Reason::kIsDirectory);
      }
      if (!directory && request->kind() == v1::REMOVE_KIND_DIRECTORY) {
        return failed_precondition("no directory", Reason::kNotDirectory);
      }
      if (!node.children.empty()) return failed_precondition("not empty", Reason::kNotEmpty);
      *removed.mutable_attributes() = node.attributes;
      state_.nodes[parent.first].children.erase(parent.second);
      state_.nodes.erase(inode);
      return {};
    });
  }

  grpc::Status Rename(grpc::ServerContext*, const v1::RenameRequest* request,
                      v1::EntryReply* reply) override {
    return state_.mutate<v1::EntryReply>(request->request(), reply, [&](v1::EntryReply& made) -> Status {
      FSDFS_ASSIGN(auto from, state_.find_parent(request->from()));
      FSDFS_ASSIGN(uint64_t inode, state_.find(request->from()));
      FSDFS_ASSIGN(auto to, state_.find_parent(request->to()));
      if (request->no_replace() && state_.nodes[to.first].children.contains(to.second))
        return already_exists("taken");
      state_.nodes[from.first].children.erase(from.second);
      state_.nodes[to.first].children[to.second] = inode;
      *made.mutable_attributes() = state_.nodes[inode].attributes;
      return {};
    });
  }

  grpc::Status SetAttributes(grpc::ServerContext*, const v1::SetAttributesRequest* request,
                             v1::EntryReply* reply) override {
    return state_.mutate<v1::EntryReply>(request->request(), reply, [&](v1::EntryReply& made) -> Status {
      FSDFS_ASSIGN(uint64_t inode, state_.find(request->place()));
      auto& attributes = state_.nodes[inode].attributes;
      if (request->has_mode()) attributes.set_mode(request->mode());
      if (request->has_modified()) *attributes.mutable_modified() = request->modified();
      *made.mutable_attributes() = attributes;
      return {};
    });
  }

  grpc::Status SetTarget(grpc::ServerContext*, const v1::SetTargetRequest* request,
                         v1::EntryReply* reply) override {
    return state_.mutate<v1::EntryReply>(request->request(), reply, [&](v1::EntryReply& made) -> Status {
      FSDFS_ASSIGN(uint64_t inode, state_.find(request->place()));
      state_.nodes[inode].attributes.set_target(request->target());
      *made.mutable_attributes() = state_.nodes[inode].attributes;
      return {};
    });
  }

  grpc::Status Stat(grpc::ServerContext*, const v1::StatRequest* request, v1::StatReply* reply) override {
    std::lock_guard lock(state_.mutex);
    auto inode = state_.find(request->place());
    if (!inode.ok()) return to_grpc(inode.status());
    *reply->mutable_attributes() = state_.nodes[*inode].attributes;
    for (const NodeAddress& node : state_.swarm) {
      auto* replica = reply->add_replicas();
      to_wire(node, replica->mutable_node());
      replica->set_state(v1::REPLICA_STATE_WHOLE);
      *replica->mutable_version() = reply->attributes().version();
    }
    return grpc::Status::OK;
  }

  grpc::Status Locate(grpc::ServerContext*, const v1::LocateRequest* request,
                      v1::LocateReply* reply) override {
    if (request->places_size() > 1000) return {grpc::StatusCode::INVALID_ARGUMENT, "too many places"};
    std::lock_guard lock(state_.mutex);
    for (const auto& place : request->places()) {
      auto* location = reply->add_locations();
      auto inode = state_.find(place);
      if (!inode.ok()) {
        location->set_code(static_cast<uint32_t>(inode.status().code()));
        location->set_message(inode.status().message());
        continue;
      }
      *location->mutable_attributes() = state_.nodes[*inode].attributes;
      for (const NodeAddress& node : state_.swarm) {
        auto* holder = location->add_holders();
        to_wire(node, holder->mutable_node());
        holder->set_state(v1::NODE_STATE_UP);
      }
    }
    return grpc::Status::OK;
  }

  grpc::Status OpenForRead(grpc::ServerContext*, const v1::OpenForReadRequest* request,
                           v1::OpenForReadReply* reply) override {
    std::lock_guard lock(state_.mutex);
    ++state_.counts.opens;
    auto inode = state_.find(request->place());
    if (!inode.ok()) return to_grpc(inode.status());
    *reply->mutable_attributes() = state_.nodes[*inode].attributes;
    for (const NodeAddress& node : state_.swarm) {
      auto* holder = reply->add_holders();
      to_wire(node, holder->mutable_node());
      holder->set_state(v1::NODE_STATE_UP);
    }
    reply->set_ticket("ticket " + std::to_string(state_.next_ticket++));
    reply->set_ticket_seconds(60);
    return grpc::Status::OK;
  }

 private:
  State& state_;
};

class FakeMaster::SessionsService final : public v1::Sessions::Service {
 public:
  explicit SessionsService(State& state) : state_(state) {}

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
          State::Session& session = state_.sessions[number];
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
          State::Session session = found->second;
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

  State& state_;
};

class FakeMaster::SwarmService final : public v1::Swarm::Service {
 public:
  explicit SwarmService(State& state) : state_(state) {}

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
  State& state_;
};

FakeMaster::FakeMaster(const Credentials& credentials, const std::string& address)
    : state_(std::make_unique<State>()) {
  services_.push_back(std::make_unique<Names>(*state_));
  services_.push_back(std::make_unique<SessionsService>(*state_));
  services_.push_back(std::make_unique<SwarmService>(*state_));
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

void FakeMaster::set_status(v1::GetStatusReply status) {
  std::lock_guard lock(state_->mutex);
  state_->swarm_status = std::move(status);
}

void FakeMaster::on_status(std::function<void(v1::GetStatusReply&)> change) {
  std::lock_guard lock(state_->mutex);
  state_->on_status = std::move(change);
}

FakeMaster::Counts FakeMaster::counts() {
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
