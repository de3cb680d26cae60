#include "node/link/record_follower.h"

#include <fmt/format.h>

#include <random>

#include "common/rpc/status_rpc.h"
#include "fsdfs/registry.grpc.pb.h"
#include "node/store/wire.h"

namespace fsdfs::node {
namespace {

constexpr Duration kAnswerTimeout = std::chrono::seconds(20);
constexpr Duration kRetryMax = std::chrono::seconds(30);

Backoff fresh_backoff(const NodeSettings& settings) {
  RetryOptions pauses;
  pauses.backoff_first = settings.records_interval;
  pauses.backoff_max = kRetryMax;
  return {pauses, std::random_device{}()};
}

}  // namespace

RecordFollower::RecordFollower(ReplicaStore& store, const NodeDisks& disks, Dialer& dialer, Logger& logger,
                               const NodeSettings& settings)
    : store_(store),
      disks_(disks),
      dialer_(dialer),
      logger_(logger),
      settings_(settings),
      backoff_(fresh_backoff(settings)),
      thread_([this] { run(); }) {}

void RecordFollower::stop() {
  stop_.request_stop();
  {
    std::lock_guard lock(mutex_);
    if (call_ != nullptr) call_->TryCancel();
  }
  if (thread_.joinable()) thread_.join();
}

void RecordFollower::run() {
  MonotonicTime due = std::chrono::steady_clock::now();
  while (!stop_.stopped()) {
    if (std::chrono::steady_clock::now() >= due) due = std::chrono::steady_clock::now() + follow();
    if (store_.step_trees()) continue;
    if (stop_.wait_until(due)) return;
  }
}

Duration RecordFollower::follow() {
  const std::string& master = settings_.masters[turn_ % settings_.masters.size()];
  auto more = step(master);
  if (stop_.stopped()) return Duration::zero();
  note(master, more.status());
  if (more.ok()) {
    backoff_ = fresh_backoff(settings_);
    return *more ? Duration::zero() : settings_.records_interval;
  }
  listing_.reset();
  ++turn_;
  return backoff_.next();
}

Result<bool> RecordFollower::step(const std::string& master) {
  LogPosition known;
  if (listing_) {
    known = listing_->position;
  } else {
    FSDFS_ASSIGN(known, store_.followed());
  }
  FSDFS_ASSIGN(RecordPage page, ask(master, known));
  bool news = page.position != known || page.after || listing_;
  if (news) FSDFS_TRY(store_.apply(page));
  listing_.reset();
  if (page.after) listing_ = Listing{page.position, *page.after};
  return page.more;
}

Result<RecordPage> RecordFollower::ask(const std::string& master, const LogPosition& position) {
  FSDFS_ASSIGN(auto channel, dialer_.channel(master));
  auto stub = v1::Registry::NewStub(channel);
  v1::RecordsRequest request;
  request.set_node(wire::id_to_wire(disks_.node()));
  if (position != LogPosition{}) *request.mutable_position() = wire::to_wire(position);
  if (listing_) *request.mutable_after() = wire::to_wire(listing_->after);
  v1::RecordsReply reply;
  grpc::ClientContext call;
  set_deadline(call, kAnswerTimeout);
  {
    std::lock_guard lock(mutex_);
    if (stop_.stopped()) return Status(Code::kCancelled, "stopped");
    call_ = &call;
  }
  grpc::Status ended = stub->Records(&call, request, &reply);
  {
    std::lock_guard lock(mutex_);
    call_ = nullptr;
  }
  FSDFS_TRY(dialer_.explain(master, ended));
  Epoch granted = disks_.epoch();
  if (reply.epoch() != granted.value) {
    return failed_precondition(
        fmt::format("it is of epoch {}, and this node obeys epoch {}", reply.epoch(), granted.value),
        Reason::kStaleEpoch);
  }
  return wire::from_wire(reply);
}

// Each new trouble is told once. What the link to the master has trouble with as well it tells itself.
void RecordFollower::note(const std::string& master, const Status& status) {
  if (status == last_) return;
  last_ = status;
  if (status.ok()) return;
  bool of_link = status.code() == Code::kUnavailable || status.code() == Code::kPermissionDenied ||
                 status.code() == Code::kNotFound || status.code() == Code::kDeadlineExceeded ||
                 status.code() == Code::kUnimplemented || status.reason() == Reason::kStaleEpoch;
  logger_.log(of_link ? LogLevel::kDebug : LogLevel::kWarning,
              "sidecars and directory records do not follow the master at {}: {}", master, status.message());
}

}  // namespace fsdfs::node
