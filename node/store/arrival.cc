#include "node/store/arrival.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/units.h"
#include "node/store/sidecar.h"
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

Status Arrival::write_sidecar(const Description& description) {
  FSDFS_ASSIGN(auto meta, core_.disk.create(stage_meta_, kReplicaMode));
  FSDFS_TRY(meta->pwrite(encode_sidecar(description), 0));
  FSDFS_TRY(meta->sync_data());
  return meta->close();
}

Result<HeldReplica> Arrival::finish(const Content& expected, const Origin& origin) {
  FSDFS_TRY(failed_);
  if (Status status = check_content(expected); !status.ok()) return dead(status);
  Description description{
      core_.directory.identity().swarm, replica_, expected, std::move(sums_), origin, core_.clock.wall()};
  {
    DiskMeter::Timer timer(core_.meter, core_.clock);
    if (Status status = write_sidecar(description); !status.ok()) return dead(status);
    if (Status status = file_->sync_data(); !status.ok()) return dead(status);
    if (Status status = file_->close(); !status.ok()) return dead(status);
  }
  auto held = place(description);
  if (!held.ok()) return dead(held.status());
  discard();  // of what is left in the stage, where the node held it already
  failed_ = failed_precondition("the arrival of " + replica_.to_string() + " has ended");
  return held;
}

// The sidecar carries its own sum and the index does not: where the sidecar says that this very content is
// held and the index says another, what has arrived takes its place.
bool Arrival::is_index_wrong(const IndexRow& row, const Description& description) const {
  if (row.held.content == description.content) return false;
  auto sidecar = core_.read_sidecar(core_.layout.meta(replica_));
  return sidecar.ok() && sidecar->replica == replica_ && sidecar->content == description.content;
}

Result<HeldReplica> Arrival::place(const Description& description) {
  Claims::Claim claim = core_.shared.claims.take(replica_);
  if (doom_->load()) {
    return aborted(replica_.to_string() + " was deleted while it arrived", Reason::kSessionLost);
  }
  FSDFS_ASSIGN(auto before, core_.index->find(replica_));
  bool wrong = before && before->held.state == HeldState::kWhole && is_index_wrong(*before, description);
  FSDFS_ASSIGN(auto held, core_.shared.find_whole(replica_));
  if (held && !wrong) {
    if (held->content != description.content) {
      return failed_precondition(fmt::format(
          "node {} holds {} already, with another content (digest {}, not {})", to_string(core_.node),
          replica_.to_string(), held->content.digest.to_string(), description.content.digest.to_string()));
    }
    core_.shared.changes.added(*held);
    return *held;
  }
  FSDFS_TRY(put_in_place(description));
  IndexRow row = row_of(description, HeldState::kWhole, core_.clock.wall());
  if (Status status = core_.index->put(row); !status.ok()) {
    return undo_placing(description, core_.health.failed() ? core_.health.status() : status);
  }
  file_.reset();
  unstage();
  reservation_.keep(description.content.size);
  if (before) {  // a bad one lay in quarantine until this replaced it, or the row was wrong
    (void)core_.unlink_if_there(core_.layout.quarantined_data(replica_));
    (void)core_.unlink_if_there(core_.layout.quarantined_meta(replica_));
    core_.quota.remove_held(before->held.content.size);
    core_.tree.settle(before->parent, before->name);
  } else {
    core_.replicas.fetch_add(1);
  }
  core_.shared.drop_quarantined(replica_);  // from other disks
  FSDFS_TRY(core_.health.status());
  core_.shared.changes.added(row.held);
  // Where the disk fails from here on, a new inventory says so; where it failed just now, this does.
  if (Status status = core_.health.status(); !status.ok()) {
    core_.shared.changes.removed(replica_);
    return status;
  }
  return row.held;
}

// The sidecar goes first: a sidecar without data is swept, while data without a sidecar would have to be
// kept.
Status Arrival::put_in_place(const Description& description) {
  std::string directory = core_.layout.directory_of(replica_);
  FSDFS_TRY(core_.ensure_directory(directory));
  DiskMeter::Timer timer(core_.meter, core_.clock);
  FSDFS_TRY(core_.disk.rename(stage_meta_, core_.layout.meta(replica_)));
  Status status = core_.disk.rename(stage_data_, core_.layout.data(replica_));
  if (status.ok()) status = core_.disk.sync_directory(directory);
  if (!status.ok()) return undo_placing(description, status);
  return {};
}

Status Arrival::undo_placing(const Description& description, Status why) {
  Status data = core_.unlink_if_there(core_.layout.data(replica_));
  Status meta = core_.unlink_if_there(core_.layout.meta(replica_));
  if (!data.ok()) {
    // Its bytes are still there, so they stay counted; the next start finds the file and decides.
    core_.logger.error("{} could not be put in place and not be removed again: {}", replica_.to_string(),
                       data.message());
    unstage();
    reservation_.keep(std::min(reservation_.bytes(), description.content.size));
  }
  if (!meta.ok()) core_.logger.warning("a sidecar was left behind: {}", meta.message());
  return why;
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
