#include "node/transfer/idle_watch.h"

#include <algorithm>

namespace fsdfs::node {

IdleWatch::Watched::~Watched() {
  owner_.forget(entry_);
}

void IdleWatch::Watched::touch() {
  entry_->touched.store(owner_.clock_.now());
}

Duration IdleWatch::Watched::idle() const {
  return owner_.clock_.now() - entry_->touched.load();
}

IdleWatch::IdleWatch(const Clock& clock) : clock_(clock), thread_([this] { run(); }) {}

IdleWatch::~IdleWatch() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

std::unique_ptr<IdleWatch::Watched> IdleWatch::watch(Duration limit, std::function<void()> on_idle) {
  auto entry = std::make_shared<Entry>();
  entry->on_idle = std::move(on_idle);
  entry->limit = limit;
  entry->touched = clock_.now();
  {
    std::lock_guard lock(mutex_);
    entries_.push_back(entry);
  }
  changed_.notify_all();
  return std::unique_ptr<Watched>(new Watched(*this, std::move(entry)));
}

void IdleWatch::forget(const std::shared_ptr<Entry>& entry) {
  std::unique_lock lock(mutex_);
  entries_.remove(entry);
  if (std::this_thread::get_id() == thread_.get_id()) return;  // from within on_idle itself
  changed_.wait(lock, [&] { return !entry->firing; });
}

std::shared_ptr<IdleWatch::Entry> IdleWatch::find_due(MonotonicTime now, MonotonicTime& next) {
  for (const std::shared_ptr<Entry>& entry : entries_) {
    MonotonicTime due = std::max(entry->touched.load(), entry->fired) + entry->limit;
    if (due <= now) return entry;
    next = std::min(next, due);
  }
  return nullptr;
}

void IdleWatch::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    MonotonicTime now = clock_.now();
    MonotonicTime next = now + std::chrono::hours(1);
    std::shared_ptr<Entry> due = find_due(now, next);
    if (!due) {
      changed_.wait_for(lock, next - now);
      continue;
    }
    due->firing = true;
    due->fired = now;
    lock.unlock();
    due->on_idle();
    lock.lock();
    due->firing = false;
    changed_.notify_all();
  }
}

}  // namespace fsdfs::node
