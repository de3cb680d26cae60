// The Registry service of proto/fsdfs/registry.proto. A stream holds no thread. Thread-safe.
#pragma once

#include "fsdfs/registry.grpc.pb.h"
#include "master/service/stream_link.h"

namespace fsdfs::master {

class RegistryService final : public v1::Registry::CallbackService {
 public:
  explicit RegistryService(const ServiceContext& context) : context_(context) {}

  StreamLink::Reactor* Attend(grpc::CallbackServerContext* context) override;

 private:
  const ServiceContext& context_;
};

}  // namespace fsdfs::master
