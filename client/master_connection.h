// MasterConnection: which of the given addresses is the master, and calls to it that are tried again.
//
// Used by SwarmClient alone. Thread-safe: calls run side by side; the address that answered last is asked
// first. Every call ends by its deadline (invariant 8). All messages that go through here may be sent
// twice: they read, they carry a RequestId (invariant 12), or they name a session's state.
#pragma once

#include <grpcpp/client_context.h>

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "common/rpc/call.h"
#include "common/rpc/channel.h"
#include "common/rpc/status_rpc.h"
#include "common/status.h"
#include "fsdfs/admin.grpc.pb.h"
#include "fsdfs/namespace.grpc.pb.h"
#include "fsdfs/policy.grpc.pb.h"
#include "fsdfs/quotas.grpc.pb.h"
#include "fsdfs/trash.grpc.pb.h"
#include "fsdfs/unknown.grpc.pb.h"

namespace fsdfs::client {

struct MasterTimes {
  Duration deadline;
  Duration first_contact;
};

class MasterConnection {
 public:
  // kInvalidArgument: no address, or one that is none. The rest outlives this.
  static Result<std::unique_ptr<MasterConnection>> create(std::vector<std::string> addresses,
                                                          MasterTimes times, const Clock& clock,
                                                          Dialer& dialer);

  // When a call that begins now has to end: nothing answered yet makes it first_contact.
  MonotonicTime deadline() const;

  // `method`: of one of the services' stubs.
  template <typename Stub, typename Request, typename Reply>
  Result<Reply> call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Reply*),
                     const Request& request, MonotonicTime deadline) {
    Result<Reply> outcome = retrier_.run(deadline, [&](grpc::ClientContext& context) -> Result<Reply> {
      size_t index = current_.load();
      Reply reply;
      grpc::Status status = (peers_[index].template stub<Stub>().*method)(&context, request, &reply);
      FSDFS_TRY(judge(index, status));
      return reply;
    });
    if (!outcome.ok()) return explain(outcome.status());
    return outcome;
  }

  // One try of a stream of replies: `take` gets each, until it returns false or the stream ends. The
  // context's deadline and cancelling are the caller's.
  template <typename Stub, typename Request, typename Reply, typename Take>
  Status read_stream(std::unique_ptr<grpc::ClientReader<Reply>> (Stub::*method)(grpc::ClientContext*,
                                                                                const Request&),
                     const Request& request, grpc::ClientContext& context, Take take) {
    size_t index = current_.load();
    auto reader = (peers_[index].template stub<Stub>().*method)(&context, request);
    Reply reply;
    while (reader->Read(&reply)) {
      if (!take(reply)) context.TryCancel();
    }
    return explain(judge(index, reader->Finish()));
  }

 private:
  // One address with its stubs.
  struct Peer {
    std::string address;
    std::unique_ptr<v1::Namespace::Stub> names;
    std::unique_ptr<v1::Sessions::Stub> sessions;
    std::unique_ptr<v1::Swarm::Stub> swarm;
    std::unique_ptr<v1::Trash::Stub> trash;
    std::unique_ptr<v1::Quotas::Stub> quotas;
    std::unique_ptr<v1::Policy::Stub> policy;
    std::unique_ptr<v1::Admin::Stub> admin;
    std::unique_ptr<v1::Unknown::Stub> unknown;

    template <typename Stub>
    Stub& stub() const {
      if constexpr (std::is_same_v<Stub, v1::Namespace::Stub>) {
        return *names;
      } else if constexpr (std::is_same_v<Stub, v1::Sessions::Stub>) {
        return *sessions;
      } else if constexpr (std::is_same_v<Stub, v1::Trash::Stub>) {
        return *trash;
      } else if constexpr (std::is_same_v<Stub, v1::Quotas::Stub>) {
        return *quotas;
      } else if constexpr (std::is_same_v<Stub, v1::Policy::Stub>) {
        return *policy;
      } else if constexpr (std::is_same_v<Stub, v1::Admin::Stub>) {
        return *admin;
      } else if constexpr (std::is_same_v<Stub, v1::Unknown::Stub>) {
        return *unknown;
      } else {
        return *swarm;
      }
    }
  };

  MasterConnection(std::vector<Peer> peers, MasterTimes times, const Clock& clock, Dialer& dialer);

  // How one try ended. A peer that is away or no master makes the next address current, and is kUnavailable.
  Status judge(size_t index, const grpc::Status& status);
  void move_on(size_t from);
  // The last try's status, as the caller shall see it: kUnavailable names all addresses.
  Status explain(const Status& status) const;

  const std::vector<Peer> peers_;
  const MasterTimes times_;
  const Clock& clock_;
  Dialer& dialer_;
  SystemSleeper sleeper_;
  Retrier retrier_;
  std::atomic<size_t> current_{0};         // index of the peer to ask
  std::atomic<bool> was_answered_{false};  // by any master, ever
};

}  // namespace fsdfs::client
