#include "node/store/guarded_disk.h"

namespace fsdfs::node {
namespace {

bool is_fatal_to_write(const Status& status) {
  return status.code() == Code::kDataLoss || status.reason() == Reason::kReadOnly;
}

// Whatever is not plainly somebody else's fault: after a failed sync nobody knows what is on the disk.
bool is_fatal_to_sync(const Status& status) {
  switch (status.code()) {
    case Code::kOk:
    case Code::kNotFound:
    case Code::kResourceExhausted:
    case Code::kUnavailable:
      return false;
    case Code::kFailedPrecondition:
      return status.reason() == Reason::kReadOnly;
    default:
      return true;
  }
}

Status failed(DiskHealth& health, const Status& why) {
  health.fail(why);
  return health.status();
}

// Makes one change of the disk, if it has not failed, and judges how it went.
template <typename Call>
Status guard_change(DiskHealth& health, Call call) {
  FSDFS_TRY(health.status());
  Status status = call();
  return is_fatal_to_write(status) ? failed(health, status) : status;
}

template <typename Call>
Status guard_sync(DiskHealth& health, Call call) {
  FSDFS_TRY(health.status());
  Status status = call();
  return is_fatal_to_sync(status) ? failed(health, status) : status;
}

class GuardedFile final : public DiskFile {
 public:
  GuardedFile(std::unique_ptr<DiskFile> base, std::shared_ptr<DiskHealth> health)
      : base_(std::move(base)), health_(std::move(health)) {}

  const std::string& path() const override { return base_->path(); }
  int descriptor() const override { return base_->descriptor(); }
  Result<size_t> pread(std::span<char> into, uint64_t offset) override { return base_->pread(into, offset); }
  Status pwrite(std::string_view bytes, uint64_t offset) override {
    return guard_change(*health_, [&] { return base_->pwrite(bytes, offset); });
  }
  Status append(std::string_view bytes) override {
    return guard_change(*health_, [&] { return base_->append(bytes); });
  }
  Status sync() override {
    return guard_sync(*health_, [&] { return base_->sync(); });
  }
  Status sync_data() override {
    return guard_sync(*health_, [&] { return base_->sync_data(); });
  }
  void start_writeback(uint64_t offset, uint64_t length) override { base_->start_writeback(offset, length); }
  void forget_cached(uint64_t offset, uint64_t length) override { base_->forget_cached(offset, length); }
  Status truncate(uint64_t size) override {
    return guard_change(*health_, [&] { return base_->truncate(size); });
  }
  Result<uint64_t> size() override { return base_->size(); }
  Result<FileStat> stat() override { return base_->stat(); }
  Status punch_hole(uint64_t offset, uint64_t length) override {
    return guard_change(*health_, [&] { return base_->punch_hole(offset, length); });
  }
  Result<uint64_t> next_data(uint64_t offset) override { return base_->next_data(offset); }
  Result<uint64_t> next_hole(uint64_t offset) override { return base_->next_hole(offset); }
  Status clone_from(DiskFile& source) override {
    return guard_change(*health_, [&] { return base_->clone_from(source); });
  }
  // What close says of a file that was written is what its last write or sync could have said.
  Status close() override {
    Status status = base_->close();
    return is_fatal_to_write(status) ? failed(*health_, status) : status;
  }

 private:
  const std::unique_ptr<DiskFile> base_;
  const std::shared_ptr<DiskHealth> health_;
};

Result<std::unique_ptr<DiskFile>> guarded(Result<std::unique_ptr<DiskFile>> file,
                                          const std::shared_ptr<DiskHealth>& health) {
  if (!file.ok()) return file.status();
  return std::unique_ptr<DiskFile>(std::make_unique<GuardedFile>(std::move(file).value(), health));
}

}  // namespace

Result<std::unique_ptr<DiskFile>> GuardedDisk::open(const std::string& path, Access access) {
  FSDFS_TRY(health_->status());
  auto file = base_.open(path, access);
  if (access == Access::kReadWrite && is_fatal_to_write(file.status())) {
    return failed(*health_, file.status());
  }
  return guarded(std::move(file), health_);
}

Result<std::unique_ptr<DiskFile>> GuardedDisk::create(const std::string& path, uint32_t mode) {
  FSDFS_TRY(health_->status());
  auto file = base_.create(path, mode);
  if (is_fatal_to_write(file.status())) return failed(*health_, file.status());
  return guarded(std::move(file), health_);
}

Status GuardedDisk::rename(const std::string& from, const std::string& to) {
  return guard_change(*health_, [&] { return base_.rename(from, to); });
}

Status GuardedDisk::link(const std::string& from, const std::string& to) {
  return guard_change(*health_, [&] { return base_.link(from, to); });
}

Status GuardedDisk::unlink(const std::string& path) {
  Status status = base_.unlink(path);
  return is_fatal_to_write(status) ? failed(*health_, status) : status;
}

Status GuardedDisk::make_directory(const std::string& path, uint32_t mode) {
  return guard_change(*health_, [&] { return base_.make_directory(path, mode); });
}

Status GuardedDisk::remove_directory(const std::string& path) {
  return guard_change(*health_, [&] { return base_.remove_directory(path); });
}

Status GuardedDisk::sync_directory(const std::string& path) {
  return guard_sync(*health_, [&] { return base_.sync_directory(path); });
}

Status GuardedDisk::list(const std::string& path, const std::function<bool(const DirectoryEntry&)>& visit) {
  FSDFS_TRY(health_->status());
  return base_.list(path, visit);
}

Result<FileStat> GuardedDisk::stat(const std::string& path) {
  FSDFS_TRY(health_->status());
  return base_.stat(path);
}

Result<DiskSpace> GuardedDisk::space(const std::string& path) {
  FSDFS_TRY(health_->status());
  auto space = base_.space(path);
  if (is_fatal_to_write(space.status())) return failed(*health_, space.status());
  return space;
}

Result<std::unique_ptr<DiskLock>> GuardedDisk::lock(const std::string& path) {
  FSDFS_TRY(health_->status());
  auto lock = base_.lock(path);
  if (is_fatal_to_write(lock.status())) return failed(*health_, lock.status());
  return lock;
}

}  // namespace fsdfs::node
