// The Policy service of a FakeMaster: remembers what it is given, and refuses rules that say "refuse".
#include "common/rpc/status_rpc.h"
#include "fsdfs/policy.grpc.pb.h"
#include "tests/unit/client/fake_master_state.h"

namespace fsdfs::client {
namespace {

class FakePolicy final : public v1::Policy::Service {
 public:
  explicit FakePolicy(FakeMasterState& state) : state_(state) {}

  grpc::Status SetPolicy(grpc::ServerContext*, const v1::SetPolicyRequest* request,
                         v1::SetPolicyReply* reply) override {
    return state_.mutate<v1::SetPolicyReply>(
        request->request(), reply, [&](v1::SetPolicyReply& made) -> Status {
          if (request->policy().rules() == "refuse" && !request->force()) {
            return failed_precondition(request->policy().rules_name() + ":1: /x matches no file");
          }
          state_.policy = request->policy();
          made.set_revision(++state_.policy_revision);
          if (request->force()) made.add_warnings("forced");
          return {};
        });
  }

  grpc::Status GetPolicy(grpc::ServerContext*, const v1::GetPolicyRequest*,
                         v1::GetPolicyReply* reply) override {
    std::lock_guard lock(state_.mutex);
    *reply->mutable_policy() = state_.policy;
    reply->set_revision(state_.policy_revision);
    reply->set_evaluating(true);
    reply->set_share(0.4);
    reply->set_hook(state_.policy.python().empty() ? "off" : "on");
    return grpc::Status::OK;
  }

  grpc::Status CheckPolicy(grpc::ServerContext*, const v1::CheckPolicyRequest* request,
                           v1::CheckPolicyReply* reply) override {
    std::lock_guard lock(state_.mutex);
    for (const auto& place : request->places()) {
      auto* file = reply->add_files();
      auto inode = state_.find(place);
      file->set_code(static_cast<uint32_t>(inode.status().code()));
      file->set_message(inode.status().message());
      file->set_target(5);
      file->set_origin("rule 1 (line 1)");
    }
    return grpc::Status::OK;
  }

  grpc::Status UnsetTarget(grpc::ServerContext*, const v1::UnsetTargetRequest* request,
                           v1::UnsetTargetReply* reply) override {
    return state_.mutate<v1::UnsetTargetReply>(request->request(), reply,
                                               [&](v1::UnsetTargetReply& made) -> Status {
                                                 FSDFS_ASSIGN(uint64_t inode, state_.find(request->place()));
                                                 auto& attributes = state_.nodes[inode].attributes;
                                                 attributes.clear_own_target();
                                                 attributes.set_target(3);
                                                 *made.mutable_attributes() = attributes;
                                                 return {};
                                               });
  }

  grpc::Status SetVars(grpc::ServerContext*, const v1::SetVarsRequest* request,
                       v1::SetVarsReply* reply) override {
    return state_.mutate<v1::SetVarsReply>(request->request(), reply, [&](v1::SetVarsReply& made) -> Status {
      FSDFS_ASSIGN(uint64_t inode, state_.find(request->place()));
      auto& vars = state_.nodes[inode].vars;
      for (const auto& [name, value] : request->set()) vars[name] = value;
      for (const std::string& name : request->remove()) vars.erase(name);
      made.mutable_vars()->insert(vars.begin(), vars.end());
      return {};
    });
  }

 private:
  FakeMasterState& state_;
};

}  // namespace

std::unique_ptr<grpc::Service> make_fake_policy(FakeMasterState& state) {
  return std::make_unique<FakePolicy>(state);
}

}  // namespace fsdfs::client
