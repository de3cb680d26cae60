#include "node/transfer/puller.h"

#include <utility>

namespace fsdfs::node {

Puller::Puller(const PullContext& context, size_t slots, FailureSink sink)
    : context_(context), sink_(std::move(sink)), pool_("copies", slots, kQueueMax, kCopyNiceness) {}

Puller::~Puller() {
  stop();
}

void Puller::submit(CopyOrder order) {
  Named name{order.epoch, order.order};
  std::shared_ptr<Job> job;
  Status status;
  {
    std::lock_guard lock(mutex_);
    if (stopping_) return;
    auto found = jobs_.find(order.replica);
    if (found == jobs_.end()) {
      job = std::make_shared<Job>(context_, std::move(order));
      job->orders.push_back(name);
      jobs_.emplace(job->replica, job);
    } else if (found->second->content == order.content) {
      found->second->orders.push_back(name);
      return;
    } else {
      status = failed_precondition("another content of " + order.replica.to_string() + " is being copied");
    }
  }
  if (!status.ok()) return tell({name}, status, {});
  status = pool_.try_submit([this, job] { run(job); });
  if (status.ok()) return;
  tell(take_away(job), status.with_context("too many copies are waiting"), {});
}

void Puller::run(const std::shared_ptr<Job>& job) {
  Status status = job->pull.run();
  std::vector<Named> orders = take_away(job);
  if (!status.ok()) tell(orders, status, job->pull.failed_source());
}

std::vector<Puller::Named> Puller::take_away(const std::shared_ptr<Job>& job) {
  std::lock_guard lock(mutex_);
  forget(job);
  return stopping_ ? std::vector<Named>() : std::move(job->orders);
}

// A job that was cancelled has made room for another one already.
void Puller::forget(const std::shared_ptr<Job>& job) {
  auto found = jobs_.find(job->replica);
  if (found != jobs_.end() && found->second == job) jobs_.erase(found);
}

void Puller::tell(const std::vector<Named>& orders, const Status& status, const NodeId& failed_source) {
  for (const Named& name : orders) sink_({name.order, name.epoch, status, failed_source});
}

void Puller::cancel(Epoch epoch, OrderId order) {
  std::lock_guard lock(mutex_);
  auto is_it = [&](const Named& name) { return name.epoch == epoch && name.order == order; };
  for (const auto& [replica, job] : jobs_) {
    if (std::erase_if(job->orders, is_it) == 0) continue;
    if (!job->orders.empty()) return;
    std::shared_ptr<Job> cancelled = job;
    cancelled->pull.cancel();
    forget(cancelled);
    return;
  }
}

void Puller::cancel(const ReplicaId& replica) {
  std::lock_guard lock(mutex_);
  auto found = jobs_.find(replica);
  if (found == jobs_.end()) return;
  found->second->pull.cancel();
  jobs_.erase(found);
}

void Puller::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    for (auto& [replica, job] : jobs_) job->pull.cancel();
  }
  pool_.stop(ThreadPool::OnStop::kDrain);
}

size_t Puller::in_flight() const {
  std::lock_guard lock(mutex_);
  return jobs_.size();
}

}  // namespace fsdfs::node
