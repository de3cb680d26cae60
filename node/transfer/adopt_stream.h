// A file of this machine that the swarm takes in: the data service's Adopt. The caller is a full member and
// on this machine, which the service has seen to.
#pragma once

#include "fsdfs/replicas.grpc.pb.h"
#include "node/transfer/stream_context.h"

namespace fsdfs::node {

// Never null; lives until gRPC is done with it. Reads and syncs on a thread of the context's adopt pool.
grpc::ServerWriteReactor<v1::AdoptReply>* start_adopt_stream(StreamContext& context,
                                                             grpc::CallbackServerContext& call,
                                                             const Caller& caller,
                                                             const v1::AdoptRequest& request);

}  // namespace fsdfs::node
