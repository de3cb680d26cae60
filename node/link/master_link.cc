#include "node/link/master_link.h"

#include <fmt/format.h>

#include <random>

#include "common/rpc/call.h"

namespace fsdfs::node {

bool is_refusal(const Status& status) {
  return status.code() == Code::kPermissionDenied || status.code() == Code::kUnauthenticated ||
         status.reason() == Reason::kWrongIdentity;
}

MasterLink::MasterLink(LinkContext context) : context_(std::move(context)) {}

MasterLink::~MasterLink() {
  stop();
}

void MasterLink::start() {
  context_.store.changes().set_listener([wake = context_.wake] { wake->signal(); });
  thread_ = std::thread([this] { run(); });
}

void MasterLink::stop() {
  stop_.request_stop();
  {
    std::lock_guard lock(mutex_);
    if (current_ != nullptr) current_->cancel();
  }
  if (thread_.joinable()) thread_.join();
  context_.store.changes().set_listener(nullptr);
}

bool MasterLink::joined() const {
  std::lock_guard lock(mutex_);
  return joined_;
}

bool MasterLink::attached() const {
  std::lock_guard lock(mutex_);
  return attached_;
}

Status MasterLink::last_error() const {
  std::lock_guard lock(mutex_);
  return last_error_;
}

bool MasterLink::wait_joined(Duration timeout) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, timeout, [&] { return joined_ || is_refusal(last_error_); });
  return joined_;
}

void MasterLink::run() {
  RetryOptions pauses;
  pauses.backoff_first = context_.settings.reconnect_min;
  pauses.backoff_max = context_.settings.reconnect_max;
  Backoff backoff(pauses, std::random_device{}());
  for (size_t turn = 0; !stop_.stopped(); ++turn) {
    const std::string& master = context_.settings.masters[turn % context_.settings.masters.size()];
    Status ended = attend(master);
    bool was_attached = false;
    {
      std::lock_guard lock(mutex_);
      was_attached = std::exchange(attached_, false);
    }
    if (stop_.stopped()) return;
    note(master, ended);
    if (was_attached) backoff = Backoff(pauses, std::random_device{}());
    if (stop_.wait_for(backoff.next())) return;
  }
}

Status MasterLink::attend(const std::string& master) {
  Attendance attendance(context_, master);
  {
    std::lock_guard lock(mutex_);
    if (stop_.stopped()) return {Code::kCancelled, "stopped"};
    current_ = &attendance;
  }
  Status ended = attendance.run([&] {
    {
      std::lock_guard lock(mutex_);
      joined_ = true;
      attached_ = true;
      last_error_ = {};
    }
    changed_.notify_all();
    context_.logger.info("node {} joined the master at {} (epoch {})", to_string(context_.disks.node()),
                         master, context_.disks.epoch().value);
  });
  std::lock_guard lock(mutex_);
  current_ = nullptr;
  return ended;
}

// Each new trouble is logged once, not at every try.
void MasterLink::note(const std::string& master, const Status& ended) {
  Status named = ended.with_context("master at " + master);
  if (last_error() != named) {
    if (is_refusal(named)) {
      context_.logger.error("this node is not let in: {}", named.message());
    } else {
      context_.logger.warning("no link to a master: {}", named.message());
    }
  }
  {
    std::lock_guard lock(mutex_);
    last_error_ = named;
  }
  changed_.notify_all();
}

}  // namespace fsdfs::node
