// StreamLink: one node's Attend stream, as the control loop's NodeLink and as gRPC's reactor.
//
// Messages from the node are handed to the control loop one at a time: the next is read when the loop is done
// with the last, so that a node that sends faster than it is understood waits on its own wire. Messages to
// the node are queued, kQueueMax at most; a node that does not take them loses its stream and attends anew.
//
// Lifetime: gRPC's reactor is the Reactor inside, which lives until OnDone; the StreamLink lives as long as
// anybody refers to it. mutex_ guards both directions; it is held while operations of the stream are started
// (gRPC reports their ends from its own threads) and never while the control loop is called.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <deque>
#include <memory>
#include <mutex>
#include <optional>

#include "fsdfs/registry.pb.h"
#include "master/control/node_messages.h"
#include "master/service/service_context.h"

namespace fsdfs::master {

class StreamLink final : public NodeLink, public std::enable_shared_from_this<StreamLink> {
 public:
  using Reactor = grpc::ServerBidiReactor<v1::NodeMessage, v1::MasterMessage>;

  // `key`: what the node's certificate proved.
  static Reactor* attend(const ServiceContext& context, const Fingerprint& key);

  bool send(Epoch epoch, const MasterMessage& message) override;
  void close(const Status& why) override;

 private:
  class StreamReactor;
  static constexpr size_t kQueueMax = 16'384;

  StreamLink(const ServiceContext& context, const Fingerprint& key) : context_(context), key_(key) {}

  void read_next();
  void received(const v1::NodeMessage& message);
  Status handle(const v1::NodeMessage& message);
  Status greet(const v1::NodeMessage& message);
  void written(bool ok);
  void ended();
  void write_front();        // mutex_ is held
  void finish_if_closing();  // mutex_ is held

  const ServiceContext& context_;
  const Fingerprint key_;

  // Of the stream's reads, which come one at a time.
  std::optional<NodeHello> hello_;
  uint64_t attendance_ = 0;

  std::mutex mutex_;
  StreamReactor* reactor_ = nullptr;        // guarded by mutex_; null once the stream is done
  std::deque<v1::MasterMessage> outgoing_;  // guarded by mutex_; the front is being written
  bool writing_ = false;                    // guarded by mutex_
  bool finished_ = false;                   // guarded by mutex_; Finish was called
  std::optional<Status> closing_;           // guarded by mutex_
};

}  // namespace fsdfs::master
