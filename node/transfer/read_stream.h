// ReadStream: a ChunkSource behind a gRPC server stream. It prepares one chunk while the one before is on its
// way, and holds no thread while the reader is slow. gRPC's reactor owns itself: it deletes itself when the
// call is done.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <memory>

#include "fsdfs/replicas.pb.h"
#include "node/transfer/chunk_source.h"
#include "node/transfer/strand.h"
#include "node/transfer/stream_context.h"

namespace fsdfs::node {

// Starts to answer the call.
grpc::ServerWriteReactor<v1::ReadChunk>* start_read_stream(StreamContext& context,
                                                           grpc::CallbackServerContext& call,
                                                           const Caller& caller,
                                                           const v1::ReadRequest& request);

}  // namespace fsdfs::node
