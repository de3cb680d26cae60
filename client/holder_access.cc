#include "client/holder_access.h"

#include <utility>

#include "client/pause.h"

namespace fsdfs::client {

namespace {

// A ticket with less than this left is renewed: the node has to judge a fetch's ticket before it ends.
constexpr Duration kTicketMargin = std::chrono::seconds(5);

}  // namespace

HolderAccess::HolderAccess(SwarmClient& client, OpenFile file)
    : client_(client),
      attributes_(std::move(file.attributes)),
      choice_(std::move(file.holders)),
      ticket_(std::move(file.ticket)),
      expires_(file.expires) {}

bool HolderAccess::ticket_is_near_its_end() const {
  return client_.clock().now() + kTicketMargin >= expires_;
}

std::shared_ptr<BlockFetch> HolderAccess::try_start(const BlockRange& range) {
  std::lock_guard lock(mutex_);
  if (final_ || ticket_is_near_its_end()) return nullptr;
  return try_start_locked(range);
}

std::shared_ptr<BlockFetch> HolderAccess::try_start_locked(const BlockRange& range) {
  const NodeAddress* holder = choice_.best();
  if (holder == nullptr) return nullptr;
  return BlockFetch::start(client_.node_channels(),
                           {.replica = {.inode = attributes_.inode, .version = attributes_.version},
                            .file_size = attributes_.size,
                            .range = range,
                            .ticket = ticket_,
                            .holder = *holder});
}

Result<std::shared_ptr<BlockFetch>> HolderAccess::start(const BlockRange& range, MonotonicTime deadline) {
  std::unique_lock lock(mutex_);
  while (!final_) {
    if (!ticket_is_near_its_end()) {
      if (auto fetch = try_start_locked(range)) return fetch;
    }
    FSDFS_TRY(renew(lock, deadline));
  }
  return *final_;
}

void HolderAccess::failed(const NodeAddress& holder, const Status& status) {
  std::lock_guard lock(mutex_);
  last_fault_ = status;
  // A holder that takes a fresh ticket for an old one has a wrong clock: others may have a better one.
  if (status.code() == Code::kUnauthenticated && holder.node != found_expired_) {
    found_expired_ = holder.node;
    expires_ = MonotonicTime{};
  } else {
    choice_.failed(holder.node);
  }
}

Status HolderAccess::renew(std::unique_lock<std::mutex>& lock, MonotonicTime deadline) {
  if (renewing_) {
    if (!renewed_.wait_until(lock, deadline, [&] { return !renewing_; })) return no_holder();
    return {};
  }
  renewing_ = true;
  // A renewal that follows the last one closely did not help: give holders time to come back. Nobody ends
  // this wait early.
  bool again = last_renewal_ != MonotonicTime{} && client_.clock().now() - last_renewal_ < 2 * kPauseMax;
  pause_ = again ? next_pause(pause_) : Duration::zero();
  MonotonicTime resume = client_.clock().now() + pause_;
  bool in_time = resume < deadline;
  if (in_time) renewed_.wait_until(lock, resume, [] { return false; });
  lock.unlock();
  Result<OpenFile> answer = in_time ? client_.open_for_read(place_of(attributes_.inode), deadline)
                                    : Result<OpenFile>(deadline_exceeded("no time left"));
  lock.lock();
  last_renewal_ = client_.clock().now();
  renewing_ = false;
  renewed_.notify_all();
  if (!in_time) return no_holder();
  return take(std::move(answer));
}

Status HolderAccess::take(Result<OpenFile> renewed) {
  if (!renewed.ok()) {
    if (renewed.status().code() == Code::kNotFound) final_ = renewed.status();
    return renewed.status();
  }
  if (renewed->attributes.version != attributes_.version) {
    final_ = aborted("the content of inode " + to_string(attributes_.inode) + " changed from version " +
                         attributes_.version.to_string() + " to " + renewed->attributes.version.to_string() +
                         " while it was read; open it again",
                     Reason::kStaleVersion);
    return *final_;
  }
  choice_.renew(std::move(renewed->holders));
  ticket_ = std::move(renewed->ticket);
  expires_ = renewed->expires;
  return {};
}

Status HolderAccess::no_holder() const {
  std::string what = "no node could serve inode " + to_string(attributes_.inode) + " (" +
                     std::to_string(attributes_.copies) + " copies when it was opened)";
  if (last_fault_.ok()) return unavailable(what + ": none of its holders is up");
  return unavailable(what + "; the last one said: " + last_fault_.message());
}

}  // namespace fsdfs::client
