#include "node/store/disk_health.h"

namespace fsdfs::node {

Status DiskHealth::status() const {
  if (!failed()) return {};
  return unavailable("the data disk " + path_ +
                     " has failed and is not used before the next start of fsdfsd: " + reason());
}

std::string DiskHealth::reason() const {
  std::lock_guard lock(mutex_);
  return reason_;
}

void DiskHealth::fail(const Status& why) {
  std::function<void()> listener;
  {
    std::lock_guard lock(mutex_);
    if (failed_.load()) return;
    reason_ = why.message();
    failed_.store(true);
    listener = listener_;
  }
  logger_.error(
      "the data disk {} has failed: {}; its replicas count no more and are copied elsewhere; repair or "
      "replace it, then start fsdfsd again",
      path_, why.message());
  if (listener) listener();
}

void DiskHealth::set_listener(std::function<void()> listener) {
  std::lock_guard lock(mutex_);
  listener_ = std::move(listener);
}

}  // namespace fsdfs::node
