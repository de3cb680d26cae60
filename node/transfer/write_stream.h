// WriteStream: a ChainMember between two gRPC streams: the writer's, which this node serves, and the one to
// the next member, which it opens. The window is bounded: a new message is taken from the writer only while
// fewer than kForwardsMax wait for the next member. gRPC's reactors own it: it goes when both calls are done.
#pragma once

#include <grpcpp/support/server_callback.h>

#include "fsdfs/replicas.pb.h"
#include "node/transfer/access.h"
#include "node/transfer/stream_context.h"

namespace fsdfs::node {

grpc::ServerBidiReactor<v1::WriteMessage, v1::WriteReply>* start_write_stream(
    StreamContext& context, grpc::CallbackServerContext& call, const Caller& caller);

}  // namespace fsdfs::node
