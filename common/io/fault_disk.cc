#include "common/io/fault_disk.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "common/io/fault_disk_state.h"
#include "common/io/files.h"
#include "common/path.h"

namespace fsdfs {

// One open file. Every call holds the disk's mutex.
class FaultDisk::File final : public DiskFile {
 public:
  File(std::shared_ptr<State> state, std::unique_ptr<DiskFile> base, uint64_t inode, Disk::Access access)
      : state_(std::move(state)),
        base_(std::move(base)),
        inode_(inode),
        access_(access),
        power_cuts_(state_->power_cuts) {}

  const std::string& path() const override { return base_->path(); }
  int descriptor() const override { return base_->descriptor(); }

  Result<size_t> pread(std::span<char> into, uint64_t offset) override {
    std::lock_guard lock(state_->mutex);
    FSDFS_ASSIGN(auto fault, begin(DiskOp::kRead));
    if (fault && fault->kind == Fault::Kind::kShortRead) into = into.first(into.size() / 2);
    FSDFS_ASSIGN(size_t count, base_->pread(into, offset));
    if (fault && fault->kind == Fault::Kind::kBitFlip && count > 0) {
      into[count / 2] = static_cast<char>(into[count / 2] ^ 0x10);
    }
    return count;
  }

  Status pwrite(std::string_view bytes, uint64_t offset) override {
    std::lock_guard lock(state_->mutex);
    FSDFS_ASSIGN(auto fault, begin(DiskOp::kWrite));
    return write(bytes, offset, fault);
  }

  Status append(std::string_view bytes) override {
    std::lock_guard lock(state_->mutex);
    FSDFS_ASSIGN(auto fault, begin(DiskOp::kWrite));
    FSDFS_ASSIGN(uint64_t end, base_->size());
    return write(bytes, end, fault);
  }

  Status sync() override {
    std::lock_guard lock(state_->mutex);
    FSDFS_TRY(check_power());
    if (sync_failed_) return status_from_errno(EIO, "an earlier fsync failed: " + path());
    auto fault = begin(DiskOp::kSync);
    if (!fault.ok()) {
      sync_failed_ = true;
      // What was dirty is lost, also when the same file is synced through another descriptor.
      if (auto file = state_->files.find(inode_); file != state_->files.end())
        file->second.sync_failed = true;
      return fault.status();
    }
    state_->synced(inode_);  // the machine of the test does not lose power: no real fsync
    return Status();
  }
  Status sync_data() override { return sync(); }
  void start_writeback(uint64_t, uint64_t) override {}
  void forget_cached(uint64_t offset, uint64_t length) override { base_->forget_cached(offset, length); }

  Status truncate(uint64_t new_size) override {
    std::lock_guard lock(state_->mutex);
    FSDFS_ASSIGN(auto fault, begin(DiskOp::kTruncate));
    FSDFS_TRY(state_->note_bytes(base_, inode_, new_size, UINT64_MAX));
    return base_->truncate(new_size);
  }

  Result<uint64_t> size() override {
    std::lock_guard lock(state_->mutex);
    FSDFS_TRY(check_power());
    return base_->size();
  }
  Result<FileStat> stat() override {
    std::lock_guard lock(state_->mutex);
    FSDFS_ASSIGN(auto fault, begin(DiskOp::kStat));
    FSDFS_ASSIGN(FileStat stat, base_->stat());
    stat.links -= state_->attic_links(inode_);
    return stat;
  }

  Status punch_hole(uint64_t offset, uint64_t length) override {
    std::lock_guard lock(state_->mutex);
    FSDFS_ASSIGN(auto fault, begin(DiskOp::kWrite));
    FSDFS_TRY(state_->note_bytes(base_, inode_, offset, length));
    return base_->punch_hole(offset, length);
  }
  Result<uint64_t> next_data(uint64_t offset) override {
    std::lock_guard lock(state_->mutex);
    FSDFS_TRY(check_power());
    return base_->next_data(offset);
  }
  Result<uint64_t> next_hole(uint64_t offset) override {
    std::lock_guard lock(state_->mutex);
    FSDFS_TRY(check_power());
    return base_->next_hole(offset);
  }
  Status clone_from(DiskFile& source) override {
    std::lock_guard lock(state_->mutex);
    FSDFS_ASSIGN(auto fault, begin(DiskOp::kWrite));
    FSDFS_TRY(state_->note_bytes(base_, inode_, 0, UINT64_MAX));
    return base_->clone_from(source);
  }

  Status close() override {
    std::lock_guard lock(state_->mutex);
    closed_ = true;  // the descriptor itself may still be needed to take changes back
    return Status();
  }

 private:
  Status check_power() const {
    if (closed_) return failed_precondition(path() + " was closed already");
    return state_->off || power_cuts_ != state_->power_cuts ? power_is_off(path()) : Status();
  }
  Result<std::optional<Fault>> begin(DiskOp op) {
    FSDFS_TRY(check_power());
    if ((op == DiskOp::kWrite || op == DiskOp::kTruncate) && access_ == Disk::Access::kRead) {
      return status_from_errno(EBADF, "write " + path());  // nothing to take back
    }
    return state_->begin(op, path());
  }
  Status write(std::string_view bytes, uint64_t offset, const std::optional<Fault>& fault) {
    bool torn = fault && fault->kind == Fault::Kind::kTornWrite;
    if (torn) bytes = bytes.substr(0, bytes.size() / 2);
    FSDFS_TRY(state_->note_bytes(base_, inode_, offset, bytes.size()));
    FSDFS_TRY(base_->pwrite(bytes, offset));
    return torn ? status_from_errno(fault->error, "(injected, torn) " + path()) : Status();
  }

  const std::shared_ptr<State> state_;
  const std::shared_ptr<DiskFile> base_;  // shared with Unsynced::writer
  const uint64_t inode_;
  const Disk::Access access_;
  const uint64_t power_cuts_;  // at opening: a later cut kills the file
  bool sync_failed_ = false;
  bool closed_ = false;
};

FaultDisk::FaultDisk(Disk& base, std::string attic)
    : state_(std::make_shared<State>(base, std::move(attic))) {}

FaultDisk::~FaultDisk() = default;

void FaultDisk::inject(Fault fault) {
  std::lock_guard lock(state_->mutex);
  state_->faults.emplace_back(std::move(fault), 0);
}

void FaultDisk::clear_faults() {
  std::lock_guard lock(state_->mutex);
  state_->faults.clear();
}

uint64_t FaultDisk::calls(DiskOp op) const {
  std::lock_guard lock(state_->mutex);
  auto found = state_->calls.find(op);
  return found == state_->calls.end() ? 0 : found->second;
}

void FaultDisk::set_free_bytes(std::optional<uint64_t> bytes) {
  std::lock_guard lock(state_->mutex);
  state_->free_bytes = bytes;
}

Status FaultDisk::power_cut(PowerCut what) {
  std::lock_guard lock(state_->mutex);
  return state_->cut(what);
}

void FaultDisk::power_on() {
  std::lock_guard lock(state_->mutex);
  state_->off = false;
}

bool FaultDisk::all_synced(std::string_view directory) const {
  std::lock_guard lock(state_->mutex);
  return std::none_of(state_->names.begin(), state_->names.end(),
                      [&](const auto& name) { return is_within(name.first, directory); }) &&
         std::none_of(state_->files.begin(), state_->files.end(), [&](const auto& file) {
           return file.second.writer != nullptr && is_within(file.second.writer->path(), directory);
         });
}

Result<std::unique_ptr<DiskFile>> FaultDisk::open(const std::string& path, Access access) {
  std::lock_guard lock(state_->mutex);
  FSDFS_ASSIGN(auto fault, state_->begin(DiskOp::kOpen, path));
  FSDFS_ASSIGN(auto file, state_->base.open(path, access));
  FSDFS_ASSIGN(FileStat stat, file->stat());
  return std::unique_ptr<DiskFile>(std::make_unique<File>(state_, std::move(file), stat.inode, access));
}

Result<std::unique_ptr<DiskFile>> FaultDisk::create(const std::string& path, uint32_t mode) {
  std::lock_guard lock(state_->mutex);
  FSDFS_ASSIGN(auto fault, state_->begin(DiskOp::kCreate, path));
  FSDFS_ASSIGN(auto file, state_->base.create(path, mode));
  state_->names.try_emplace(path);  // it was not there: create is exclusive
  FSDFS_ASSIGN(FileStat stat, file->stat());
  return std::unique_ptr<DiskFile>(
      std::make_unique<File>(state_, std::move(file), stat.inode, Access::kReadWrite));
}

Status FaultDisk::rename(const std::string& from, const std::string& to) {
  std::lock_guard lock(state_->mutex);
  FSDFS_ASSIGN(auto fault, state_->begin(DiskOp::kRename, from, to));
  FSDFS_ASSIGN(FileStat stat, state_->base.stat(from));
  if (stat.type == FileType::kDirectory) {
    return {Code::kUnimplemented, "FaultDisk does not rename directories: " + from};
  }
  FSDFS_ASSIGN(bool new_from, state_->note_name(from));
  FSDFS_ASSIGN(bool new_to, state_->note_name(to));
  Status status = state_->base.rename(from, to);
  if (status.ok()) {
    if (!state_->names[from].existed) state_->names.erase(from);
    return status;
  }
  if (new_from) FSDFS_TRY(state_->forget_name(from));
  if (new_to) FSDFS_TRY(state_->forget_name(to));
  return status;
}

Status FaultDisk::link(const std::string& from, const std::string& to) {
  std::lock_guard lock(state_->mutex);
  FSDFS_ASSIGN(auto fault, state_->begin(DiskOp::kLink, from, to));
  FSDFS_TRY(state_->base.link(from, to));
  state_->names.try_emplace(to);
  return Status();
}

Status FaultDisk::unlink(const std::string& path) {
  std::lock_guard lock(state_->mutex);
  FSDFS_ASSIGN(auto fault, state_->begin(DiskOp::kUnlink, path));
  FSDFS_ASSIGN(FileStat stat, state_->base.stat(path));
  FSDFS_ASSIGN(bool is_new, state_->note_name(path));
  if (Status status = state_->base.unlink(path); !status.ok()) {
    if (is_new) FSDFS_TRY(state_->forget_name(path));
    return status;
  }
  if (state_->names[path].existed) return Status();
  state_->names.erase(path);  // never synced and gone again: nothing to take back
  if (stat.links == 1) state_->files.erase(stat.inode);
  return Status();
}

Status FaultDisk::make_directory(const std::string& path, uint32_t mode) {
  std::lock_guard lock(state_->mutex);
  FSDFS_ASSIGN(auto fault, state_->begin(DiskOp::kMakeDirectory, path));
  FSDFS_TRY(state_->base.make_directory(path, mode));
  state_->names.try_emplace(path);
  return Status();
}

Status FaultDisk::remove_directory(const std::string& path) {
  std::lock_guard lock(state_->mutex);
  FSDFS_ASSIGN(auto fault, state_->begin(DiskOp::kRemoveDirectory, path));
  FSDFS_ASSIGN(bool is_new, state_->note_name(path));
  if (Status status = state_->base.remove_directory(path); !status.ok()) {
    if (is_new) FSDFS_TRY(state_->forget_name(path));
    return status;
  }
  if (!state_->names[path].existed) state_->names.erase(path);
  return Status();
}

Status FaultDisk::sync_directory(const std::string& path) {
  std::lock_guard lock(state_->mutex);
  FSDFS_ASSIGN(auto fault, state_->begin(DiskOp::kSyncDirectory, path));
  FSDFS_TRY(state_->base.stat(path).status());
  std::vector<std::string> settled;
  for (const auto& [name, change] : state_->names) {
    if (parent_directory(name) == path) settled.push_back(name);
  }
  for (const std::string& name : settled) FSDFS_TRY(state_->forget_name(name));
  return Status();
}

Status FaultDisk::list(const std::string& path, const std::function<bool(const DirectoryEntry&)>& visit) {
  {
    std::lock_guard lock(state_->mutex);
    FSDFS_ASSIGN(auto fault, state_->begin(DiskOp::kList, path));
  }
  return state_->base.list(path, visit);  // without the mutex: `visit` may use this disk
}

Result<FileStat> FaultDisk::stat(const std::string& path) {
  std::lock_guard lock(state_->mutex);
  FSDFS_ASSIGN(auto fault, state_->begin(DiskOp::kStat, path));
  FSDFS_ASSIGN(FileStat stat, state_->base.stat(path));
  if (stat.type != FileType::kDirectory) stat.links -= state_->attic_links(stat.inode);
  return stat;
}

Result<DiskSpace> FaultDisk::space(const std::string& path) {
  std::lock_guard lock(state_->mutex);
  FSDFS_ASSIGN(auto fault, state_->begin(DiskOp::kSpace, path));
  FSDFS_ASSIGN(DiskSpace space, state_->base.space(path));
  if (state_->free_bytes) space.free_bytes = *state_->free_bytes;
  return space;
}

Result<std::unique_ptr<DiskLock>> FaultDisk::lock(const std::string& path) {
  std::lock_guard lock(state_->mutex);
  FSDFS_ASSIGN(auto fault, state_->begin(DiskOp::kLock, path));
  return state_->base.lock(path);
}

}  // namespace fsdfs
