#include "common/rpc/channel.h"

#include <grpc/grpc.h>
#include <grpcpp/channel.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/support/channel_arguments.h>

#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "common/rpc/address.h"
#include "common/rpc/status_rpc.h"
#include "common/rpc/tls.h"

namespace fsdfs {
namespace {

constexpr std::chrono::milliseconds kReconnectFirst{100};
constexpr std::chrono::milliseconds kReconnectMax{1000};

}  // namespace

// What the last handshake at an address said of the server, and when.
class Dialer::Verdict {
 public:
  explicit Verdict(std::shared_ptr<const Clock> clock) : clock_(std::move(clock)) {}

  void set(const Status& verdict) {
    std::lock_guard lock(mutex_);
    verdict_ = verdict;
    time_ = clock_->now();
  }

  // The reason why a call ended as `status`; ok if handshakes have nothing to do with it.
  Status behind(const Status& status) const {
    std::lock_guard lock(mutex_);
    if (verdict_.ok()) return {};
    // gRPC passes on why the connection failed last; it may have died since of something else.
    bool named =
        status.code() == Code::kUnavailable && status.message().find(verdict_.message()) != std::string::npos;
    // A call that waited is told nothing, but a server that is still there has been tried again meanwhile.
    bool recent = status.code() == Code::kDeadlineExceeded &&
                  clock_->now() - time_ <= kReconnectMax + kHandshakeTimeout;
    return named || recent ? verdict_ : Status();
  }

 private:
  const std::shared_ptr<const Clock> clock_;
  mutable std::mutex mutex_;  // guards what follows
  Status verdict_;
  MonotonicTime time_{};
};

// Keeps connections moving between calls. gRPC 1.51 reads its sockets only from threads that wait for a call;
// in a process without a server the rest is looked at every 5 s, so that reconnecting would take three times
// that, and answers to pings would be missed. Looks in now and then: a thread that waited there for good
// would take the events of running calls upon itself (measured: a quarter of the throughput).
class Dialer::Poller {
 public:
  Poller() : thread_([this] { run(); }) {}
  ~Poller() {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    thread_.join();
    queue_.Shutdown();
    while (poll(gpr_inf_future(GPR_CLOCK_MONOTONIC)) != grpc::CompletionQueue::SHUTDOWN) continue;
  }

 private:
  static constexpr std::chrono::milliseconds kInterval{50};
  static constexpr int kEventsPerLook = 8;  // each poll handles one

  void run() {
    std::unique_lock lock(mutex_);
    while (!wake_.wait_for(lock, kInterval, [this] { return stopping_; })) {
      lock.unlock();
      for (int i = 0; i < kEventsPerLook; ++i) poll(gpr_inf_past(GPR_CLOCK_MONOTONIC));
      lock.lock();
    }
  }

  // Nothing ever comes out of the queue; what counts is that gRPC polls everything for it.
  grpc::CompletionQueue::NextStatus poll(gpr_timespec deadline) {
    void* tag = nullptr;
    bool ok = false;
    return queue_.AsyncNext(&tag, &ok, deadline);
  }

  grpc::CompletionQueue queue_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;  // guarded by mutex_
  std::thread thread_;     // last: it uses the others
};

struct Dialer::Entry {
  std::string address;
  std::shared_ptr<Verdict> verdict;  // shared with the verifier, which gRPC keeps for as long as it likes
  std::shared_ptr<grpc::ChannelInterface> channel;
};

struct Dialer::State {
  State(tls::Identity who, Options what) : identity(std::move(who)), options(std::move(what)) {}

  // Constant after construction.
  const tls::Identity identity;
  const Options options;

  std::mutex mutex;          // guards what follows
  std::list<Entry> entries;  // asked for most recently first
  std::unordered_map<std::string, std::list<Entry>::iterator> by_address;

  Poller poller;
};

namespace {

grpc::ChannelArguments channel_arguments(const Dialer::Options& options) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(static_cast<int>(options.message_bytes_max));
  arguments.SetMaxSendMessageSize(static_cast<int>(options.message_bytes_max));
  arguments.SetInt(GRPC_ARG_MAX_METADATA_SIZE, static_cast<int>(kMetadataBytesMax));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, milliseconds(kKeepaliveTime));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, milliseconds(kKeepaliveTimeout));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, milliseconds(kReconnectFirst));
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, milliseconds(kReconnectMax));
  // Also how long one attempt may take, the handshake included.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, milliseconds(kHandshakeTimeout));
  arguments.SetInt(GRPC_ARG_DNS_MIN_TIME_BETWEEN_RESOLUTIONS_MS, 1000);
  // What a server's certificate has; the true host is no secret, but a mismatch would be logged at each
  // handshake.
  arguments.SetSslTargetNameOverride(kCertificateHost);
  // The swarm's traffic is its own: no proxy from the environment, no settings from DNS.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  return arguments;
}

}  // namespace

Dialer::Dialer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Dialer::~Dialer() = default;

Result<std::unique_ptr<Dialer>> Dialer::create(const Credentials& credentials) {
  return create(credentials, Options());
}

Result<std::unique_ptr<Dialer>> Dialer::create(const Credentials& credentials, Options options) {
  FSDFS_ASSIGN(tls::Identity identity, tls::make_identity(credentials, options.clock));
  return std::unique_ptr<Dialer>(
      new Dialer(std::make_unique<State>(std::move(identity), std::move(options))));
}

Result<std::shared_ptr<grpc::ChannelInterface>> Dialer::channel(const std::string& address) {
  std::lock_guard lock(state_->mutex);
  auto& entries = state_->entries;
  if (auto known = state_->by_address.find(address); known != state_->by_address.end()) {
    entries.splice(entries.begin(), entries, known->second);
    return entries.front().channel;
  }
  FSDFS_TRY(parse_host_port(address).status());
  // One set of credentials a channel, because a verifier is not told the port it looks at.
  auto verdict = std::make_shared<Verdict>(state_->options.clock);
  auto observer = [verdict](const Status& status) { verdict->set(status); };
  std::shared_ptr<grpc::ChannelInterface> channel = grpc::CreateCustomChannel(
      address, tls::channel_credentials(state_->identity, observer), channel_arguments(state_->options));
  entries.push_front({address, verdict, channel});
  state_->by_address[address] = entries.begin();
  if (entries.size() > state_->options.channels_max) {
    state_->by_address.erase(entries.back().address);
    entries.pop_back();
  }
  return channel;
}

Status Dialer::explain(const std::string& address, const grpc::Status& status) const {
  return explain(address, from_grpc(status));
}

Status Dialer::explain(const std::string& address, const Status& status) const {
  std::shared_ptr<Verdict> seen;
  {
    std::lock_guard lock(state_->mutex);
    auto known = state_->by_address.find(address);
    if (known != state_->by_address.end()) seen = known->second->verdict;
  }
  Status verdict = seen ? seen->behind(status) : Status();
  if (verdict.ok()) return status;
  if (verdict.reason() == Reason::kWrongPassword) {
    return permission_denied("not allowed: the swarm password is not the one of the server at " + address +
                                 " (check --swarm-password-file and --swarm-name)",
                             Reason::kWrongPassword);
  }
  return verdict.with_context("not allowed: server at " + address);
}

}  // namespace fsdfs
