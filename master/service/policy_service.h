// The Policy service of proto/fsdfs/policy.proto. Calls that set a policy wait for the hook's trial run and
// the commit on their own thread; they are few. Thread-safe.
#pragma once

#include "fsdfs/policy.grpc.pb.h"
#include "master/policy/policy.h"
#include "master/service/service_context.h"

namespace fsdfs::master {

class PolicyService final : public v1::Policy::WithCallbackMethod_UnsetTarget<
                                v1::Policy::WithCallbackMethod_SetVars<v1::Policy::Service>> {
 public:
  explicit PolicyService(const ServiceContext& context) : context_(context) {}

  grpc::Status SetPolicy(grpc::ServerContext*, const v1::SetPolicyRequest*, v1::SetPolicyReply*) override;
  grpc::Status GetPolicy(grpc::ServerContext*, const v1::GetPolicyRequest*, v1::GetPolicyReply*) override;
  grpc::Status CheckPolicy(grpc::ServerContext*, const v1::CheckPolicyRequest*,
                           v1::CheckPolicyReply*) override;
  grpc::ServerUnaryReactor* UnsetTarget(grpc::CallbackServerContext*, const v1::UnsetTargetRequest*,
                                        v1::UnsetTargetReply*) override;
  grpc::ServerUnaryReactor* SetVars(grpc::CallbackServerContext*, const v1::SetVarsRequest*,
                                    v1::SetVarsReply*) override;

 private:
  Status set_policy(const v1::SetPolicyRequest& request, v1::SetPolicyReply& reply);
  Status get_policy(v1::GetPolicyReply& reply);
  Status check_policy(const v1::CheckPolicyRequest& request, v1::CheckPolicyReply& reply);
  Status check_globs(const Policy& policy, const std::string& file, bool force, v1::SetPolicyReply& reply);

  const ServiceContext& context_;
};

}  // namespace fsdfs::master
