#include "tests/unit/client/fake_admin.h"

#include <gtest/gtest.h>

#include "common/rpc/status_rpc.h"
#include "fsdfs/admin.grpc.pb.h"
#include "fsdfs/namespace.grpc.pb.h"

namespace fsdfs::client {

class FakeAdmin::AdminService final : public v1::Admin::Service {
 public:
  explicit AdminService(FakeAdmin& fake) : fake_(fake) {}

  grpc::Status SetAdminState(grpc::ServerContext*, const v1::SetAdminStateRequest* request,
                             v1::SetAdminStateReply* reply) override {
    return to_grpc(fake_.script().set_state(*request, *reply));
  }
  grpc::Status RemoveNode(grpc::ServerContext*, const v1::RemoveNodeRequest* request,
                          grpc::ServerWriter<v1::RemoveNodeProgress>* writer) override {
    return stream(fake_.script().remove, *request, *writer);
  }
  grpc::Status Explain(grpc::ServerContext*, const v1::ExplainRequest* request,
                       v1::ExplainReply* reply) override {
    return to_grpc(fake_.script().explain(*request, *reply));
  }
  grpc::Status WhatIf(grpc::ServerContext*, const v1::WhatIfRequest* request,
                      v1::WhatIfReply* reply) override {
    return to_grpc(fake_.script().what_if(*request, *reply));
  }
  grpc::Status Scrub(grpc::ServerContext*, const v1::ScrubRequest* request, v1::ScrubReply* reply) override {
    return to_grpc(fake_.script().scrub(*request, *reply));
  }
  grpc::Status Events(grpc::ServerContext*, const v1::EventsRequest* request,
                      grpc::ServerWriter<v1::EventsReply>* writer) override {
    return stream(fake_.script().events, *request, *writer);
  }

 private:
  template <typename Request, typename Reply>
  static grpc::Status stream(const std::function<Status(const Request&, std::vector<Reply>&)>& answer,
                             const Request& request, grpc::ServerWriter<Reply>& writer) {
    std::vector<Reply> replies;
    Status status = answer(request, replies);
    for (const Reply& reply : replies) writer.Write(reply);
    return to_grpc(status);
  }

  FakeAdmin& fake_;
};

class FakeAdmin::SwarmService final : public v1::Swarm::Service {
 public:
  explicit SwarmService(FakeAdmin& fake) : fake_(fake) {}

  grpc::Status ListNodes(grpc::ServerContext*, const v1::ListNodesRequest*,
                         v1::ListNodesReply* reply) override {
    fake_.script().nodes(*reply);
    return grpc::Status::OK;
  }

 private:
  FakeAdmin& fake_;
};

FakeAdmin::FakeAdmin(const Credentials& credentials, const std::string& address)
    : admin_(std::make_unique<AdminService>(*this)), swarm_(std::make_unique<SwarmService>(*this)) {
  RpcServer::Options options;
  options.address = address;
  options.credentials = credentials;
  options.services = {admin_.get(), swarm_.get()};
  auto server = RpcServer::start(options);
  EXPECT_TRUE(server.ok()) << server.status().message();
  server_ = std::move(*server);
}

FakeAdmin::~FakeAdmin() {
  server_->stop(std::chrono::milliseconds(0));
}

void FakeAdmin::set(Script script) {
  std::lock_guard lock(mutex_);
  script_ = std::move(script);
}

FakeAdmin::Script FakeAdmin::script() {
  std::lock_guard lock(mutex_);
  return script_;
}

}  // namespace fsdfs::client
