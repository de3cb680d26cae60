// FakeAdmin: a master that only knows the services for operators, over loopback, and says what it is told to.
// Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/rpc/server.h"
#include "common/security/credentials.h"
#include "common/status.h"
#include "fsdfs/admin.pb.h"
#include "fsdfs/namespace.pb.h"

namespace fsdfs::client {

class FakeAdmin {
 public:
  explicit FakeAdmin(const Credentials& credentials, const std::string& address = "127.0.0.1:0");
  ~FakeAdmin();

  const std::string& address() const { return server_->address(); }

  // Each answers one call; the request is seen first. All may be changed at any time.
  struct Script {
    std::function<Status(const v1::SetAdminStateRequest&, v1::SetAdminStateReply&)> set_state;
    std::function<Status(const v1::RemoveNodeRequest&, std::vector<v1::RemoveNodeProgress>&)> remove;
    std::function<Status(const v1::ExplainRequest&, v1::ExplainReply&)> explain;
    std::function<Status(const v1::WhatIfRequest&, v1::WhatIfReply&)> what_if;
    // The messages of one stream, after which it ends so.
    std::function<Status(const v1::EventsRequest&, std::vector<v1::EventsReply>&)> events;
    std::function<void(v1::ListNodesReply&)> nodes;
    std::function<Status(const v1::ScrubRequest&, v1::ScrubReply&)> scrub;
  };
  void set(Script script);

 private:
  class AdminService;
  class SwarmService;
  Script script();

  std::mutex mutex_;
  Script script_;  // guarded by mutex_
  std::unique_ptr<AdminService> admin_;
  std::unique_ptr<SwarmService> swarm_;
  std::unique_ptr<RpcServer> server_;
};

}  // namespace fsdfs::client
