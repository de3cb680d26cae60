// The Sessions service of proto/fsdfs/namespace.proto. No call holds a thread while it waits for room or for
// the writer. Thread-safe.
#pragma once

#include <memory>

#include "fsdfs/namespace.grpc.pb.h"
#include "master/service/service_context.h"
#include "master/sessions/sessions.h"

namespace fsdfs::master {

class SessionsService final : public v1::Sessions::CallbackService {
 public:
  explicit SessionsService(const ServiceContext& context) : context_(context) {}

  grpc::ServerUnaryReactor* OpenSession(grpc::CallbackServerContext*, const v1::OpenSessionRequest*,
                                        v1::OpenSessionReply*) override;
  grpc::ServerUnaryReactor* ExtendSession(grpc::CallbackServerContext*, const v1::ExtendSessionRequest*,
                                          v1::ExtendSessionReply*) override;
  grpc::ServerUnaryReactor* CommitSession(grpc::CallbackServerContext*, const v1::CommitSessionRequest*,
                                          v1::CommitSessionReply*) override;
  grpc::ServerUnaryReactor* AbortSession(grpc::CallbackServerContext*, const v1::AbortSessionRequest*,
                                         v1::AbortSessionReply*) override;

 private:
  struct Opening;
  Status begin(grpc::CallbackServerContext& context, const v1::OpenSessionRequest& request, Opening& opening);
  Status ask_for_one(const std::string& id, AdmitRequest& admit) const;
  void admitted(std::shared_ptr<Opening> opening, const Admission& admission);
  void opened(const Opening& opening, const Result<std::string>& written);
  void finish(const Opening& opening, const Status& status);
  void seal(v1::OpenSessionReply& reply, const Fingerprint& client) const;
  Result<CommitRequest> commit_request(const v1::CommitSessionRequest& request) const;
  uint32_t lease_ms() const;

  const ServiceContext& context_;
};

}  // namespace fsdfs::master
