// ChainMember: what one member of a write chain does, as a state machine without threads or gRPC.
//
// Messages of the writer (a client, or the member before) go in, as do replies of the next member; what is to
// be sent comes out through Surroundings. Each message is handed on before it is written here, so that the
// members work in parallel. An ack goes up once this member has applied the message and the next has acked
// it. At the finish every member syncs its own copy, and receipts travel up: this member's first, then those
// of the members behind.
//
// Invariants: 6 (a receipt only after Arrival::finish), 10 (the ticket is checked before anything else), 7
// (reserved before the first byte). Whatever ends it, nothing unfinished stays in the stage. For one thread
// at a time (write_stream.h runs it on a strand). Blocks on the disk.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "fsdfs/replicas.pb.h"
#include "node/store/store.h"
#include "node/transfer/access.h"
#include "node/transfer/meter.h"

namespace fsdfs::node {

inline constexpr size_t kWriteDataMax = 1024 * 1024;  // bytes of content in one message

class ChainMember {
 public:
  using Message = std::shared_ptr<const v1::WriteMessage>;  // shared: it is written here while it is sent on

  // Never calls back from within these.
  class Surroundings {
   public:
    virtual ~Surroundings() = default;
    virtual Status connect(const v1::NodeAddress& next) = 0;  // before the first forward()
    virtual void forward(const Message& message) = 0;         // to the next member, in order
    virtual void reply(v1::WriteReply reply) = 0;             // to the writer
    virtual void end(
        const Status& status) = 0;  // once, the last call: ends both streams, the writer's with this
  };

  struct Context {
    ReplicaStore& store;
    const Access& access;
    TransferMeter& meter;
    const Clock& clock;
    NodeId self;
  };

  // `caller` is who opened the stream. The context and the surroundings outlive it.
  ChainMember(const Context& context, Caller caller, Surroundings& surroundings)
      : context_(context), caller_(caller), surroundings_(surroundings) {}

  void on_message(const Message& message);
  void on_message_end();  // the writer will send no more
  void on_cancelled();    // the writer is gone
  void on_next_reply(const v1::WriteReply& reply);
  void on_next_end(const Status& status);
  // Nothing moved for the idle time.
  void on_idle(Duration idle);

  bool ended() const { return ended_; }
  // All content is here; what remains is syncing, which may take longer than a message does.
  bool finishing() const { return finished_; }

 private:
  Status open(const v1::WriteOpen& open);
  Status apply(const v1::WriteData& data, const Message& message);
  Status finish(const v1::WriteFinish& finish, const Message& message);
  Status take_sequence(uint64_t sequence);
  void advance();
  void end(const Status& status);

  const Context context_;
  const Caller caller_;
  Surroundings& surroundings_;

  bool opened_ = false;
  bool finished_ = false;  // the finish was received
  bool ended_ = false;
  Origin origin_;
  std::unique_ptr<Arrival> arrival_;
  NodeId next_;            // none: this is the tail
  uint64_t received_ = 0;  // sequence of the last message
  uint64_t applied_ = 0;   // written (or finished) here
  uint64_t next_acked_ = 0;
  uint64_t replied_ = 0;  // acked to the writer
  std::string own_receipt_;
  std::vector<std::string> next_receipts_;
  bool next_done_ = false;  // its last reply is here
};

}  // namespace fsdfs::node
