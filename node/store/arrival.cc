#include "node/store/arrival.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/units.h"
#include "node/store/store_core.h"

namespace fsdfs::node {
namespace {

// The kernel is asked to write back after so many bytes, and waited for after so many more, so that the sync
// at the end of a big file is short.
constexpr uint64_t kWriteBackBytes = 8 * kMiB;
constexpr uint64_t kSyncBytes = 256 * kMiB;

}  // namespace

Arrival::Arrival(StoreCore& core, const ReplicaId& replica, std::string stage_path,
                 std::unique_ptr<DiskFile> file, Reservation reservation, Doom doom)
    : core_(core),
      replica_(replica),
      stage_data_(std::move(stage_path)),
      stage_meta_(stage_data_ + std::string(Layout::kMetaSuffix)),
      file_(std::move(file)),
      reservation_(std::move(reservation)),
      doom_(std::move(doom)) {}

Arrival::~Arrival() {
  discard();
  core_.shared.arrivals.leave(replica_, doom_);
}

Status Arrival::dead(Status why) {
  failed_ = why;
  return why;
}

Status Arrival::reserve(uint64_t size) {
  FSDFS_TRY(failed_);
  if (size <= reservation_.bytes()) return {};
  return core_.make_room([&]() -> Status {
    FSDFS_TRY(core_.check_floor(size - reservation_.bytes()));
    return reservation_.grow_to(size);
  });
}

Status Arrival::check_next(uint64_t offset, std::string_view data, const BlockSums& sums) const {
  if (offset != received_) {
    return invalid_argument(fmt::format("bytes from {} of {} where those from {} are next", offset,
                                        replica_.to_string(), received_));
  }
  if (received_ % kBlockSize != 0 && !data.empty()) {
    return invalid_argument(
        fmt::format("bytes after the short block that ends {} at {}", replica_.to_string(), received_));
  }
  if (sums.size() != block_count(data.size())) {
    return invalid_argument(
        fmt::format("{} sums for {} bytes of {}", sums.size(), data.size(), replica_.to_string()));
  }
  for (size_t block = 0; block < sums.size(); ++block) {
    FSDFS_TRY(verify_block(data.substr(block * kBlockSize, kBlockSize), received_ / kBlockSize + block,
                           sums[block], "arriving " + replica_.to_string()));
  }
  return {};
}

Status Arrival::append(uint64_t offset, std::string_view data, const BlockSums& sums) {
  FSDFS_TRY(failed_);
  FSDFS_TRY(check_next(offset, data, sums));
  FSDFS_TRY(reserve(received_ + data.size()));
  {
    DiskMeter::Timer timer(core_.meter, core_.clock);
    if (Status status = file_->pwrite(data, received_); !status.ok()) return dead(status);
  }
  received_ += data.size();
  core_.staged.fetch_add(data.size());
  staged_ += data.size();
  sums_.insert(sums_.end(), sums.begin(), sums.end());
  return write_back();
}

Status Arrival::write_back() {
  if (received_ - written_back_ < kWriteBackBytes) return {};
  file_->start_writeback(written_back_, received_ - written_back_);
  written_back_ = received_;
  if (received_ - synced_ < kSyncBytes) return {};
  if (Status status = file_->sync_data(); !status.ok()) return dead(status);
  synced_ = received_;
  return {};
}

Status Arrival::check_content(const Content& expected) const {
  if (received_ != expected.size) {
    return data_loss(
        fmt::format("{} ended at {} of {} bytes", replica_.to_string(), received_, expected.size));
  }
  if (content_digest(sums_, received_) != expected.digest) {
    return data_loss(fmt::format(
        "{} arrived whole but is not what it should be: digest {} where {} is expected", replica_.to_string(),
        content_digest(sums_, received_).to_string(), expected.digest.to_string()));
  }
  return {};
}

void Arrival::discard() {
  if (file_) {
    file_.reset();
    Status data = core_.unlink_if_there(stage_data_);
    Status meta = core_.unlink_if_there(stage_meta_);
    for (const Status& status : {data, meta}) {
      if (!status.ok())
        core_.logger.warning("a stage was left behind until the next start: {}", status.message());
    }
    if (failed_.ok()) failed_ = aborted("the arrival of " + replica_.to_string() + " was discarded");
  }
  unstage();
  reservation_.release();
}

// Before the reservation goes, so that what is promised is never taken for less than it is.
void Arrival::unstage() {
  core_.staged.fetch_sub(std::exchange(staged_, 0));
}

}  // namespace fsdfs::node
