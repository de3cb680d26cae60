#include "client/event_stream.h"

#include <optional>
#include <random>
#include <stop_token>

#include "client/convert_admin.h"
#include "common/rpc/call.h"

namespace fsdfs::client {

namespace {

// A stream of this age is silently replaced by a fresh one, so that none lasts for ever.
constexpr Duration kStreamTime = std::chrono::minutes(10);
constexpr RetryOptions kPauses = {.backoff_first = std::chrono::milliseconds(50),
                                  .backoff_max = std::chrono::seconds(1)};

bool may_pass(const Status& status) {
  return status.ok() || status.code() == Code::kUnavailable || status.code() == Code::kDeadlineExceeded;
}

}  // namespace

Status read_events(MasterConnection& master, const Clock& clock, const EventQuery& query,
                   const EventSink& sink, const StopSignal& stop) {
  const MonotonicTime give_up = master.deadline();
  std::optional<uint64_t> seen;  // once a master has answered
  Backoff backoff(kPauses, std::random_device{}());
  bool told = false;
  while (!stop.stopped()) {
    v1::EventsRequest request;
    request.set_follow(query.follow);
    request.set_last(query.last);
    if (seen) request.set_after(*seen);
    grpc::ClientContext context;
    set_deadline(context, kStreamTime);
    std::stop_callback cancel(stop.token(), [&context] { context.TryCancel(); });
    bool enough = false, heard = false;
    Status ended =
        master.read_stream(&v1::Admin::Stub::Events, request, context, [&](const v1::EventsReply& reply) {
          EventBatch batch = from_wire(reply);
          heard = true;
          seen = batch.position;
          enough = !sink.take(batch);
          return !enough;
        });
    if (enough || stop.stopped() || (ended.ok() && !query.follow)) return {};
    if (!may_pass(ended)) return ended;
    bool followed = query.follow && seen;
    if (!followed && clock.now() >= give_up) return ended;
    if (heard) {
      backoff = Backoff(kPauses, std::random_device{}());
      told = false;
    }
    bool aged = heard && ended.code() == Code::kDeadlineExceeded;
    if (followed && !aged && !told) {
      sink.lost(ended);
      told = true;
    }
    if (stop.wait_for(backoff.next())) return {};
  }
  return {};
}

}  // namespace fsdfs::client
