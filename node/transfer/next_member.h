// NextMember: the stream to the next member of a chain. Events come out on the strand that it was given; the
// methods are called on that strand.
#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>

#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "common/rpc/channel.h"
#include "fsdfs/replicas.grpc.pb.h"
#include "node/transfer/chain_member.h"
#include "node/transfer/strand.h"

namespace fsdfs::node {

class NextMember final : public grpc::ClientBidiReactor<v1::WriteMessage, v1::WriteReply> {
 public:
  struct Events {
    std::function<void(const v1::WriteReply&)> on_reply;
    std::function<void()> on_sent;              // one message less waits
    std::function<void(const Status&)> on_end;  // the last one
  };

  static Result<std::shared_ptr<NextMember>> connect(Dialer& dialer, const std::string& address,
                                                     std::shared_ptr<Strand> strand, Events events);

  // In order; the finish is the last one.
  void send(ChainMember::Message message);
  size_t waiting() const { return waiting_.size(); }
  void cancel() { call_.TryCancel(); }

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;

 private:
  NextMember(Dialer& dialer, std::string address, std::shared_ptr<Strand> strand, Events events)
      : dialer_(dialer),
        address_(std::move(address)),
        strand_(std::move(strand)),
        events_(std::move(events)) {}
  void write_front();
  void release_hold();

  Dialer& dialer_;
  const std::string address_;
  const std::shared_ptr<Strand> strand_;  // shared with the stream of the writer
  grpc::ClientContext call_;
  std::unique_ptr<v1::Replicas::Stub> stub_;
  std::shared_ptr<NextMember> self_;  // while the call lives; taken away by OnDone
  v1::WriteReply incoming_;

  // All below on the strand.
  Events events_;
  std::deque<ChainMember::Message> waiting_;  // the first is being sent
  bool held_ = true;                          // gRPC waits for more of our writes
};

}  // namespace fsdfs::node
