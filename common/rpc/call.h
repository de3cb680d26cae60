// Calls that are tried again: for operations that may safely be done twice (reads, and mutations that carry a
// RequestId, invariant 12). Every try gets a new ClientContext whose deadline is what is left (invariant 8).
//
// Used by the client library, the node's and the mount's calls to the master.
// Thread safety: a Retrier may be used by many threads at once; so may a Sleeper.
#pragma once

#include <grpcpp/client_context.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <random>

#include "common/clock.h"
#include "common/status.h"

namespace fsdfs {

// How a thread waits, so that tests need not.
class Sleeper {
 public:
  virtual ~Sleeper() = default;
  // False: woken by an interruption, and whoever waits should give up.
  virtual bool sleep(Duration time) = 0;
};

class SystemSleeper final : public Sleeper {
 public:
  bool sleep(Duration time) override;
  void interrupt();  // ends every sleep, now and from now on: the process is stopping

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  bool interrupted_ = false;  // guarded by mutex_
};

struct RetryOptions {
  Duration backoff_first = std::chrono::milliseconds(50);
  Duration backoff_max = std::chrono::seconds(1);
  // The longest that one try may take; a try that runs out of it is tried again. Zero: all that is left.
  Duration attempt_max{0};
  // kAborted as well: for what the master asks to be done over (a lost race).
  bool retry_aborted = false;
};

// The pauses between tries: doubling up to the maximum, each drawn evenly from its upper half, so that
// clients which lost one server together do not come back together. A plain value.
class Backoff {
 public:
  Backoff(const RetryOptions& options, uint64_t seed)
      : next_(options.backoff_first), max_(options.backoff_max), random_(seed) {}
  Duration next();

 private:
  Duration next_;
  Duration max_;
  std::minstd_rand random_;
};

class Retrier {
 public:
  // Clock and sleeper must outlive it. The seed drives the jitter.
  Retrier(const Clock& clock, Sleeper& sleeper, RetryOptions options, uint64_t seed = std::random_device{}())
      : clock_(clock), sleeper_(sleeper), options_(options), seed_(seed) {}

  // op: Status(grpc::ClientContext&) or Result<T>(grpc::ClientContext&), ending in Dialer::explain so that a
  // wrong password is not taken for a server that is away. Returns what the last try did; before the deadline
  // only what another try would not change. With no try possible: kDeadlineExceeded.
  template <typename Op>
  auto run(MonotonicTime deadline, Op&& op) -> decltype(op(std::declval<grpc::ClientContext&>())) {
    using Outcome = decltype(op(std::declval<grpc::ClientContext&>()));
    Backoff backoff(options_, seed_.fetch_add(1));
    Duration left = deadline - clock_.now();
    if (left <= Duration::zero()) return Outcome(expired());
    while (true) {
      grpc::ClientContext context;
      bool whole = limit(context, left);
      Outcome outcome = op(context);
      if (!worth_another(status_of(outcome), whole)) return outcome;
      Duration pause = backoff.next();
      left = deadline - clock_.now();
      if (pause >= left || !sleeper_.sleep(pause)) return outcome;
      left = deadline - clock_.now();
      if (left <= Duration::zero()) return outcome;
    }
  }

 private:
  static const Status& status_of(const Status& status) { return status; }
  template <typename T>
  static Status status_of(const Result<T>& result) {
    return result.status();
  }
  static Status expired();
  // Sets the try's deadline; true if it may take all that is left.
  bool limit(grpc::ClientContext& context, Duration left) const;
  bool worth_another(const Status& status, bool had_all_the_time) const;

  const Clock& clock_;
  Sleeper& sleeper_;
  const RetryOptions options_;
  std::atomic<uint64_t> seed_;
};

// Gives the call a deadline of so much from now, immune to changes of the wall clock.
void set_deadline(grpc::ClientContext& context, Duration from_now);

}  // namespace fsdfs
