#include "node/transfer/puller.h"

#include <algorithm>
#include <set>
#include <utility>

#include "node/transfer/shared_stream.h"

namespace fsdfs::node {

Puller::Puller(const PullContext& context, size_t slots, FailureSink sink)
    : context_(context),
      sink_(std::move(sink)),
      slots_(slots),
      pool_("copies", slots, kQueueMax, kCopyNiceness),
      sync_pool_("copy syncs", slots, kQueueMax, kCopyNiceness) {}

Puller::~Puller() {
  stop();
}

void Puller::submit(CopyOrder order) {
  Named name{order.epoch, order.order};
  JobPointer job;
  Status status;
  {
    std::lock_guard lock(mutex_);
    if (stopping_) return;
    auto found = jobs_.find(order.replica);
    if (found == jobs_.end()) {
      job = std::make_shared<Job>(context_, slots_, std::move(order));
      job->orders.push_back(name);
      jobs_.emplace(job->pull.order().replica, job);
    } else if (found->second->pull.order().content == order.content) {
      found->second->orders.push_back(name);
      return;
    } else {
      status = failed_precondition("another content of " + order.replica.to_string() + " is being copied");
    }
  }
  if (!status.ok()) return tell({name}, status, {});
  status = start(job);
  if (!status.ok()) end(job, status.with_context("too many copies are waiting"));
}

Status Puller::start(const JobPointer& job) {
  const CopyOrder& order = job->pull.order();
  if (order.sources.empty() || order.content.size > context_.sizes.together_max) {
    return pool_.try_submit([this, job] { run(job); });
  }
  NodeId source = order.sources.front().node;
  {
    std::lock_guard lock(mutex_);
    lanes_[source].waiting.push_back(job);
  }
  Status status = pool_.try_submit([this, source] { serve(source); });
  if (status.ok()) return {};
  std::lock_guard lock(mutex_);
  auto lane = lanes_.find(source);
  // Not there: a stream to the source has taken it.
  if (lane == lanes_.end() || std::erase(lane->second.waiting, job) == 0) return {};
  if (lane->second.waiting.empty() && lane->second.streams == 0) lanes_.erase(lane);
  return status;
}

void Puller::run(const JobPointer& job) {
  slots_.take();
  Status status = job->pull.run();
  slots_.give(1);
  end(job, status);
}

// Carries small copies as long as some wait. Between two streams others have their turn at the slot.
void Puller::serve(const NodeId& source) {
  std::vector<JobPointer> batch = take_batch(source);
  while (!batch.empty()) {
    slots_.take();
    pull_together(std::move(batch));
    slots_.give(1);
    if (!leave_lane(source) || pool_.try_submit([this, source] { serve(source); }).ok()) return;
    batch = take_batch(source);
  }
}

// An even share for each stream that the source may have, so that the first one does not take all.
std::vector<Puller::JobPointer> Puller::take_batch(const NodeId& source) {
  const PullSizes& sizes = context_.sizes;
  std::vector<JobPointer> batch;
  std::lock_guard lock(mutex_);
  auto found = lanes_.find(source);
  if (found == lanes_.end()) return batch;
  Lane& lane = found->second;
  if (lane.waiting.empty() || lane.streams >= sizes.streams_per_source) return batch;
  size_t streams = sizes.streams_per_source - lane.streams;
  size_t share = std::min((lane.waiting.size() + streams - 1) / streams, sizes.orders_in_stream);
  uint64_t bytes = 0;
  while (!lane.waiting.empty() && batch.size() < share && bytes < sizes.bytes_in_stream) {
    bytes += lane.waiting.front()->pull.order().content.size;
    batch.push_back(std::move(lane.waiting.front()));
    lane.waiting.pop_front();
  }
  ++lane.streams;
  return batch;
}

bool Puller::leave_lane(const NodeId& source) {
  std::lock_guard lock(mutex_);
  auto found = lanes_.find(source);
  --found->second.streams;
  if (!found->second.waiting.empty()) return true;
  if (found->second.streams == 0) lanes_.erase(found);
  return false;
}

void Puller::pull_together(std::vector<JobPointer> batch) {
  std::vector<JobPointer> asking;
  std::vector<IncomingCopy*> copies;
  for (const JobPointer& job : batch) {
    if (job->pull.copy().cancelled()) {
      end(job, job->pull.give_up({Code::kCancelled, "the copy was cancelled"}));
      continue;
    }
    auto held = job->pull.copy().begin();
    if (!held.ok() || *held) {
      end(job, held.status());
      continue;
    }
    copies.push_back(&job->pull.copy());
    asking.push_back(job);
  }
  if (asking.empty()) return;
  SharedStream stream(context_, *asking.front()->pull.source(), std::move(copies),
                      [&](size_t index, const Status& status) { pulled(asking[index], status); });
  stream.run();
}

void Puller::pulled(const JobPointer& job, const Status& status) {
  if (status.ok()) {
    {
      std::lock_guard lock(mutex_);
      arrived_.push_back(job);
    }
    if (!sync_pool_.try_submit([this] { finish_some(); }).ok()) finish_some();
    return;
  }
  if (job->pull.source_failed(status) && pool_.try_submit([this, job] { run(job); }).ok()) return;
  end(job, job->pull.give_up(status));
}

// Comes once for each of arrived_. Whoever finds its disk taken leaves it to those who sync there.
void Puller::finish_some() {
  std::unique_lock lock(mutex_);
  for (auto jobs = take_arrived(); !jobs.empty(); jobs = take_arrived()) {
    const void* disk = jobs.front()->pull.copy().disk();
    ++syncers_[disk];
    lock.unlock();
    std::vector<IncomingCopy*> copies;
    for (const JobPointer& job : jobs) copies.push_back(&job->pull.copy());
    std::vector<Status> statuses = IncomingCopy::finish_together(copies);
    for (size_t i = 0; i < jobs.size(); ++i) end(jobs[i], statuses[i]);
    lock.lock();
    if (--syncers_[disk] == 0) syncers_.erase(disk);
  }
}

// Of one disk that is free to sync; of one replica, which may have been ordered anew, the first.
std::vector<Puller::JobPointer> Puller::take_arrived() {
  std::vector<JobPointer> jobs;
  std::set<ReplicaId> replicas;
  const void* disk = nullptr;
  for (auto next = arrived_.begin(); next != arrived_.end() && jobs.size() < kSyncedTogetherMax;) {
    const IncomingCopy& copy = (*next)->pull.copy();
    if (jobs.empty()) {
      auto syncing = syncers_.find(copy.disk());
      if (syncing == syncers_.end() || syncing->second < kSyncersMax) disk = copy.disk();
    }
    if (disk == nullptr || copy.disk() != disk || !replicas.insert(copy.order().replica).second) {
      ++next;
      continue;
    }
    jobs.push_back(std::move(*next));
    next = arrived_.erase(next);
  }
  return jobs;
}

void Puller::end(const JobPointer& job, const Status& status) {
  std::vector<Named> orders = take_away(job);
  if (!status.ok()) tell(orders, status, job->pull.failed_source());
}

std::vector<Puller::Named> Puller::take_away(const JobPointer& job) {
  std::lock_guard lock(mutex_);
  forget(job);
  return stopping_ ? std::vector<Named>() : std::move(job->orders);
}

// A job that was cancelled has made room for another one already.
void Puller::forget(const JobPointer& job) {
  auto found = jobs_.find(job->pull.order().replica);
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
    JobPointer cancelled = job;
    cancelled->pull.cancel(true);  // too slow, perhaps: then it is ordered again
    forget(cancelled);
    return;
  }
}

void Puller::cancel(const ReplicaId& replica) {
  std::lock_guard lock(mutex_);
  auto found = jobs_.find(replica);
  if (found == jobs_.end()) return;
  found->second->pull.cancel(false);
  jobs_.erase(found);
}

void Puller::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    for (auto& [replica, job] : jobs_) job->pull.cancel(false);
  }
  pool_.stop(ThreadPool::OnStop::kDrain);
  sync_pool_.stop(ThreadPool::OnStop::kDrain);
}

size_t Puller::in_flight() const {
  std::lock_guard lock(mutex_);
  return jobs_.size();
}

}  // namespace fsdfs::node
