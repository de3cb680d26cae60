#include "client/convert.h"
#include "fsdfs/namespace.grpc.pb.h"
#include "tests/unit/client/fake_master_state.h"

namespace fsdfs::client {

namespace {

constexpr size_t kPage = 3;  // small, so that paging is tested

class FakeNames final : public v1::Namespace::Service {
 public:
  explicit FakeNames(FakeMasterState& state) : state_(state) {}

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
      FakeInode& node = state_.nodes[inode];
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
      state_.nodes[inode].attributes.set_own_target(request->target());
      *made.mutable_attributes() = state_.nodes[inode].attributes;
      return {};
    });
  }

  grpc::Status Stat(grpc::ServerContext*, const v1::StatRequest* request, v1::StatReply* reply) override {
    std::lock_guard lock(state_.mutex);
    auto inode = state_.find(request->place());
    if (!inode.ok()) return to_grpc(inode.status());
    const FakeInode& node_of = state_.nodes[*inode];
    *reply->mutable_attributes() = node_of.attributes;
    reply->mutable_vars()->insert(node_of.vars.begin(), node_of.vars.end());
    reply->set_target_origin(node_of.attributes.has_own_target() ? "its own" : "target.default");
    reply->set_directory_target(node_of.attributes.has_own_target() ? node_of.attributes.own_target() : 3);
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
  FakeMasterState& state_;
};

}  // namespace

std::unique_ptr<grpc::Service> make_fake_names(FakeMasterState& state) {
  return std::make_unique<FakeNames>(state);
}

}  // namespace fsdfs::client
