#include "master/service/registry_service.h"

#include "common/rpc/peer.h"
#include "common/rpc/status_rpc.h"

namespace fsdfs::master {
namespace {

// A stream that ends before it has begun.
class Refusal final : public StreamLink::Reactor {
 public:
  explicit Refusal(const Status& why) { Finish(to_grpc(why)); }
  void OnDone() override { delete this; }
};

}  // namespace

StreamLink::Reactor* RegistryService::Attend(grpc::CallbackServerContext* context) {
  auto key = peer_fingerprint(*context);
  if (!key.ok()) return new Refusal(key.status());  // deletes itself in OnDone
  return StreamLink::attend(context_, *key);
}

}  // namespace fsdfs::master
