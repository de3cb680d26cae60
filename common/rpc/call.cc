#include "common/rpc/call.h"

#include <grpc/support/time.h>

#include <algorithm>

namespace fsdfs {

bool SystemSleeper::sleep(Duration time) {
  std::unique_lock lock(mutex_);
  return !wake_.wait_for(lock, time, [this] { return interrupted_; });
}

void SystemSleeper::interrupt() {
  {
    std::lock_guard lock(mutex_);
    interrupted_ = true;
  }
  wake_.notify_all();
}

Duration Backoff::next() {
  Duration whole = std::min(next_, max_);
  next_ = std::min(whole * 2, max_);
  std::uniform_int_distribution<Duration::rep> jitter(0, whole.count() / 2);
  return whole - Duration(jitter(random_));
}

Status Retrier::expired() {
  return deadline_exceeded("no time left for the call (its deadline had passed before the first try)");
}

bool Retrier::limit(grpc::ClientContext& context, Duration left) const {
  bool whole = options_.attempt_max <= Duration::zero() || options_.attempt_max >= left;
  set_deadline(context, whole ? left : options_.attempt_max);
  return whole;
}

bool Retrier::worth_another(const Status& status, bool had_all_the_time) const {
  switch (status.code()) {
    case Code::kUnavailable:
      return true;
    case Code::kDeadlineExceeded:
      return !had_all_the_time;
    case Code::kAborted:
      return options_.retry_aborted;
    default:
      return false;
  }
}

void set_deadline(grpc::ClientContext& context, Duration from_now) {
  context.set_deadline(
      gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_nanos(from_now.count(), GPR_TIMESPAN)));
}

}  // namespace fsdfs
