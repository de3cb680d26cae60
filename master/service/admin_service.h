// The Admin service of proto/fsdfs/admin.proto. Short calls and removals run in the calling thread, at most
// kRemovalsMax removals at a time; events are the feed's, which holds no thread a reader. Thread-safe.
#pragma once

#include <atomic>

#include "fsdfs/admin.grpc.pb.h"
#include "master/control/sole_copies.h"
#include "master/service/event_feed.h"
#include "master/service/service_context.h"

namespace fsdfs::master {

class AdminService final : public v1::Admin::WithCallbackMethod_SetAdminState<
                               v1::Admin::WithCallbackMethod_Events<v1::Admin::Service>> {
 public:
  explicit AdminService(const ServiceContext& context) : context_(context), feed_(context) {}

  grpc::ServerUnaryReactor* SetAdminState(grpc::CallbackServerContext*, const v1::SetAdminStateRequest*,
                                          v1::SetAdminStateReply*) override;
  grpc::Status RemoveNode(grpc::ServerContext*, const v1::RemoveNodeRequest*,
                          grpc::ServerWriter<v1::RemoveNodeProgress>*) override;
  grpc::Status Explain(grpc::ServerContext*, const v1::ExplainRequest*, v1::ExplainReply*) override;
  grpc::Status WhatIf(grpc::ServerContext*, const v1::WhatIfRequest*, v1::WhatIfReply*) override;
  EventFeed::Reactor* Events(grpc::CallbackServerContext*, const v1::EventsRequest*) override;

  grpc::Status Scrub(grpc::ServerContext*, const v1::ScrubRequest*, v1::ScrubReply*) override;

  grpc::Status Fsck(grpc::ServerContext*, const v1::FsckRequest*,
                    grpc::ServerWriter<v1::FsckProgress>*) override;

  // Ends the streams of events and the waits of removals, so that the server can stop.
  void prepare_stop();

 private:
  using Progress = grpc::ServerWriter<v1::RemoveNodeProgress>;
  Result<NodeRecord> find(const std::string& named);
  Status remove_node(grpc::ServerContext& context, const v1::RemoveNodeRequest& request, Progress& progress);
  Status check_removal(grpc::ServerContext& context, const NodeRecord& node, bool force, Progress& progress);
  Status await_removal(grpc::ServerContext& context, const NodeRecord& node, Progress& progress);
  Status scrub(const v1::ScrubRequest& request, v1::ScrubReply& reply);
  Status explain(const v1::ExplainRequest& request, v1::ExplainReply& reply);
  Result<master::WhatIf> ask_what_if(const v1::WhatIfRequest& request, v1::WhatIfReply& reply);
  Status what_if(const v1::WhatIfRequest& request, v1::WhatIfReply& reply);

  const ServiceContext& context_;
  EventFeed feed_;
  std::atomic<int> removals_{0};
  std::atomic<bool> checking_{false};  // one fsck at a time
  std::atomic<bool> stopping_{false};
};

}  // namespace fsdfs::master
