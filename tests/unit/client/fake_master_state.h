// What a FakeMaster knows, shared by its services, and the few operations on it that they have in common.
// Callers hold `mutex`, but for mutate(), which takes it.
#pragma once

#include <grpcpp/impl/codegen/service_type.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client/types.h"
#include "common/path.h"
#include "common/rpc/status_rpc.h"
#include "common/status.h"
#include "fsdfs/namespace.pb.h"
#include "fsdfs/policy.pb.h"
#include "fsdfs/quotas.pb.h"
#include "fsdfs/trash.pb.h"

namespace fsdfs::client {

struct FakeMasterCounts {
  int opens = 0;     // OpenForRead
  int sessions = 0;  // OpenSession
  int extensions = 0;
  int commits = 0;
  int aborts = 0;
  int mutations = 0;  // that changed something
};

struct FakeInode {
  v1::Attributes attributes;
  std::map<std::string, uint64_t> children;
  std::map<std::string, double> vars;
};

struct FakeMasterState {
  FakeMasterState() {
    FakeInode& root = nodes[1];
    root.attributes.set_inode(1);
    root.attributes.set_type(v1::FILE_TYPE_DIRECTORY);
    root.attributes.set_mode(0755);
  }

  // The inode of `path` below `directory`; kNotFound names what is missing.
  Result<uint64_t> find(uint64_t directory, const std::vector<std::string>& names) {
    uint64_t inode = directory == 0 ? 1 : directory;
    if (!nodes.contains(inode)) return not_found("no such inode");
    for (const std::string& name : names) {
      FakeInode& node = nodes[inode];
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
    FakeInode& node = nodes[inode];
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
    std::string key = request.client() + "/" + std::to_string(request.number());
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
  v1::PolicyText policy;
  uint64_t policy_revision = 0;
  std::map<uint64_t, FakeInode> nodes;
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
  FakeMasterCounts counts;
  std::vector<std::string> last_avoid;
  std::vector<std::string> last_receipts;
  // trash and quotas
  std::vector<v1::TrashEntry> trash;  // in the order of path and inode
  std::vector<std::string> restored_to;
  std::map<uint64_t, v1::Quota> quotas;  // by directory
};

// The Namespace service over `state`, which outlives it.
std::unique_ptr<grpc::Service> make_fake_names(FakeMasterState& state);
// The services Trash and Quotas, likewise.
std::unique_ptr<grpc::Service> make_fake_trash(FakeMasterState& state);
std::unique_ptr<grpc::Service> make_fake_quotas(FakeMasterState& state);
std::unique_ptr<grpc::Service> make_fake_policy(FakeMasterState& state);

}  // namespace fsdfs::client
