// How a call of the callback API is answered after its change was committed. For the services only.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <string>
#include <utility>

#include "common/rpc/status_rpc.h"
#include "master/store/store.h"

namespace fsdfs::master {

// Of paths in one page of a listing: far below what gRPC takes in one message.
inline constexpr size_t kPathBytesInReply = 1 << 20;

inline grpc::ServerUnaryReactor* answer_now(grpc::CallbackServerContext* context, const Status& status) {
  auto* reactor = context->DefaultReactor();
  reactor->Finish(to_grpc(status));
  return reactor;
}

// Runs `operation` (Result<Reply>(WriteTransaction&)) in the store; the call ends after the commit, with the
// reply of this run or, for a repeated request, of the first one. `reply` lives until then, as gRPC promises.
template <typename Reply, typename Operation>
void answer_after_commit(MetadataStore& store, WriteOptions options, grpc::ServerUnaryReactor* reactor,
                         Reply* reply, Operation operation) {
  store.submit(
      std::move(options),
      [operation = std::move(operation)](WriteTransaction& transaction) -> Result<std::string> {
        FSDFS_ASSIGN(auto made, operation(transaction));
        return made.SerializeAsString();
      },
      [reactor, reply](const Result<std::string>& done) {
        Status status = done.status();
        if (done.ok() && !reply->ParseFromString(*done)) {
          status = data_loss("the remembered answer to this request is damaged", Reason::kNone);
        }
        reactor->Finish(to_grpc(status));
      });
}

}  // namespace fsdfs::master
