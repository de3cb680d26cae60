#include "client/master_connection.h"

#include <algorithm>

#include "common/units.h"

namespace fsdfs::client {

namespace {

// A master that stays mute for so long is asked again, which costs nothing: it knows the request id.
constexpr RetryOptions kRetry = {.backoff_first = std::chrono::milliseconds(50),
                                 .backoff_max = std::chrono::milliseconds(500),
                                 .attempt_max = std::chrono::seconds(10),
                                 .retry_aborted = false};

}  // namespace

Result<std::unique_ptr<MasterConnection>> MasterConnection::create(std::vector<std::string> addresses,
                                                                   MasterTimes times, const Clock& clock,
                                                                   Dialer& dialer) {
  if (addresses.empty()) {
    return invalid_argument(
        "no address of the swarm's master is known: name it with --join HOST:PORT or FSDFS_JOIN");
  }
  std::vector<Peer> peers;
  for (std::string& address : addresses) {
    FSDFS_ASSIGN(auto channel, dialer.channel(address));
    peers.push_back({.address = std::move(address),
                     .names = v1::Namespace::NewStub(channel),
                     .sessions = v1::Sessions::NewStub(channel),
                     .swarm = v1::Swarm::NewStub(channel),
                     .trash = v1::Trash::NewStub(channel),
                     .quotas = v1::Quotas::NewStub(channel),
                     .policy = v1::Policy::NewStub(channel),
                     .admin = v1::Admin::NewStub(channel),
                     .unknown = v1::Unknown::NewStub(channel)});
  }
  return std::unique_ptr<MasterConnection>(new MasterConnection(std::move(peers), times, clock, dialer));
}

MasterConnection::MasterConnection(std::vector<Peer> peers, MasterTimes times, const Clock& clock,
                                   Dialer& dialer)
    : peers_(std::move(peers)),
      times_(times),
      clock_(clock),
      dialer_(dialer),
      retrier_(clock, sleeper_, kRetry) {}

MonotonicTime MasterConnection::deadline() const {
  Duration time = was_answered_.load() ? times_.deadline : std::min(times_.deadline, times_.first_contact);
  return clock_.now() + time;
}

Status MasterConnection::judge(size_t index, const grpc::Status& grpc_status) {
  Status status = dialer_.explain(peers_[index].address, grpc_status);
  switch (status.code()) {
    case Code::kUnimplemented:
      status = unavailable("the server at " + peers_[index].address + " is not a master");
      [[fallthrough]];
    case Code::kUnavailable:
    case Code::kDeadlineExceeded:
      move_on(index);
      return status;
    default:
      if (status.reason() != Reason::kWrongPassword) was_answered_.store(true);
      return status;
  }
}

void MasterConnection::move_on(size_t from) {
  // Only the first of several calls that failed there moves on; the others find it done.
  current_.compare_exchange_strong(from, (from + 1) % peers_.size());
}

Status MasterConnection::explain(const Status& status) const {
  if (status.code() != Code::kUnavailable && status.code() != Code::kDeadlineExceeded) return status;
  std::string tried;
  for (const Peer& peer : peers_) tried += (tried.empty() ? "" : ", ") + peer.address;
  return Status(status.code(),
                "swarm not reachable: no master answered at " + tried + " (" + status.message() +
                    "); check that fsdfsd runs there and that --join names the master",
                status.reason());
}

}  // namespace fsdfs::client
