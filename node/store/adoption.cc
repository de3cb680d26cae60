#include "node/store/adoption.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "common/io/files.h"
#include "common/path.h"
#include "common/units.h"
#include "node/store/store_core.h"

namespace fsdfs::node {
namespace {

constexpr size_t kReadBytes = kMiB;  // whole blocks

Status has_changed(const std::string& path) {
  return aborted(display(path) + " has changed since it was looked at: import it again");
}

WallTime wall_time(const FileTime& time) {
  return WallTime(std::chrono::seconds(time.seconds) + std::chrono::nanoseconds(time.nanoseconds));
}

Result<std::string> canonical(const std::string& path) {
  std::error_code error;
  std::string real = std::filesystem::canonical(path, error).string();
  if (error) return status_from_errno(error.value(), "find " + display(path));
  return real;
}

}  // namespace

Result<Adopted> Adoption::run(const Origin& origin, const AdoptionProgress& progress) {
  FSDFS_TRY(check_place());
  if (core_.shared.arrivals.was_deleted(replica_)) {
    return aborted("the session of " + replica_.to_string() + " has ended", Reason::kSessionLost);
  }
  Reservation reservation;
  FSDFS_TRY(core_.make_room([&]() -> Status {
    FSDFS_ASSIGN(reservation, core_.quota.reserve(original_.size));
    return {};
  }));
  FSDFS_TRY(open_original());
  FSDFS_TRY(stage(std::move(reservation)));
  FSDFS_TRY(by_ == AdoptedBy::kCopy ? copy(progress) : sum_stage(progress));
  FSDFS_ASSIGN(FileStat stat, source_->stat());
  FSDFS_TRY(check_same(stat));
  Content content{arrival_->received_, content_digest(arrival_->sums_, arrival_->received_)};
  FSDFS_ASSIGN(HeldReplica held, arrival_->finish(content, origin));
  return Adopted{held, by_};
}

// Neither a device or link, nor something of our own.
Status Adoption::check_place() const {
  const std::string& path = original_.path;
  if (path.empty() || path.front() != '/') {
    return invalid_argument("the path of a file to adopt must be absolute: " + display(path));
  }
  FSDFS_ASSIGN(std::string directory, canonical(parent_directory(path)));
  for (const StoreCore* core : core_.shared.cores) {
    auto own = canonical(core->layout.root());
    if (own.ok() && is_within(directory, *own)) {
      return invalid_argument(display(path) + " lies in the node's own data directory");
    }
  }
  FSDFS_ASSIGN(FileStat stat, core_.disk.stat(path));
  return check_same(stat);
}

Status Adoption::check_same(const FileStat& stat) const {
  if (stat.type != FileType::kRegular)
    return invalid_argument(display(original_.path) + " is no regular file");
  bool same = stat.device == original_.device && stat.inode == original_.inode &&
              stat.size == original_.size && stat.modified == wall_time(original_.modified);
  return same ? Status() : has_changed(original_.path);
}

Status Adoption::open_original() {
  auto opened = core_.disk.open(original_.path, Disk::Access::kRead);
  if (!opened.ok()) return opened.status().with_context("the node's own user cannot read it");
  source_ = std::move(*opened);
  FSDFS_ASSIGN(FileStat stat, source_->stat());
  return check_same(stat);
}

Status Adoption::stage(Reservation reservation) {
  std::string path = fmt::format("{}/{}.{}", core_.layout.stage(), Layout::file_name(replica_),
                                 core_.stage_counter.fetch_add(1));
  Result<std::unique_ptr<DiskFile>> staged = internal_error("no way to stage a file");
  const AdoptedBy first = moving_ ? AdoptedBy::kLink : AdoptedBy::kReflink;
  const AdoptedBy second = moving_ ? AdoptedBy::kReflink : AdoptedBy::kLink;
  for (AdoptedBy way : {first, second, AdoptedBy::kCopy}) {
    staged = stage_by(way, path);
    by_ = way;
    if (staged.ok() || staged.status().code() == Code::kAborted) break;
    core_.logger.debug("{} cannot be adopted in way {}: {}", original_.path, static_cast<int>(way),
                       staged.status().message());
  }
  if (!staged.ok()) return staged.status();
  arrival_.reset(new Arrival(core_, replica_, path, std::move(*staged), std::move(reservation),
                             core_.shared.arrivals.enter(replica_)));
  if (by_ == AdoptedBy::kCopy) return {};
  // From here on the filesystem holds these bytes: no more are promised.
  arrival_->staged_ = original_.size;
  core_.staged.fetch_add(original_.size);
  return {};
}

// After an error nothing of it is left.
Result<std::unique_ptr<DiskFile>> Adoption::stage_by(AdoptedBy way, const std::string& path) {
  if (way == AdoptedBy::kLink) {
    FSDFS_TRY(core_.disk.link(original_.path, path));
    auto linked = core_.disk.open(path, Disk::Access::kRead);
    auto stat = linked.ok() ? (*linked)->stat() : Result<FileStat>(linked.status());
    Status status = stat.ok() ? check_same(*stat) : stat.status();
    if (status.ok()) return linked;
    FSDFS_TRY(core_.unlink_if_there(path));
    return status;
  }
  if (way == AdoptedBy::kCopy) {
    FSDFS_TRY(core_.make_room([&] { return core_.check_floor(original_.size); }));
  }
  FSDFS_ASSIGN(auto made, core_.disk.create(path, kReplicaMode));
  if (way == AdoptedBy::kCopy) return made;
  Status cloned = made->clone_from(*source_);
  if (cloned.ok()) return made;
  made.reset();
  FSDFS_TRY(core_.unlink_if_there(path));
  return cloned;
}

// Sums the bytes where they lie.
Status Adoption::sum_stage(const AdoptionProgress& progress) {
  BlockSummer summer;
  std::string buffer(kReadBytes, '\0');
  while (summer.size() < original_.size) {
    size_t wanted = std::min<uint64_t>(buffer.size(), original_.size - summer.size());
    DiskMeter::Timer timer(core_.meter, core_.clock);
    FSDFS_ASSIGN(size_t count, arrival_->file_->pread(std::span(buffer).first(wanted), summer.size()));
    if (count == 0) return has_changed(original_.path);
    summer.update(std::string_view(buffer).substr(0, count));
    FSDFS_TRY(progress(summer.size()));
  }
  arrival_->received_ = summer.size();
  arrival_->sums_ = summer.finish();
  return {};
}

Status Adoption::copy(const AdoptionProgress& progress) {
  std::string buffer(kReadBytes, '\0');
  while (arrival_->received() < original_.size) {
    uint64_t offset = arrival_->received();
    size_t wanted = std::min<uint64_t>(buffer.size(), original_.size - offset);
    FSDFS_ASSIGN(size_t count, source_->pread(std::span(buffer).first(wanted), offset));
    if (count < wanted) return has_changed(original_.path);
    std::string_view bytes = std::string_view(buffer).substr(0, count);
    BlockSummer summer;
    summer.update(bytes);
    FSDFS_TRY(arrival_->append(offset, bytes, summer.finish()));
    FSDFS_TRY(progress(arrival_->received()));
  }
  return {};
}

}  // namespace fsdfs::node
