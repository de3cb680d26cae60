#include "common/io/fault_disk_state.h"

#include <algorithm>

#include "common/io/files.h"

namespace fsdfs {

Result<std::optional<Fault>> FaultDisk::State::begin(DiskOp op, const std::string& path,
                                                     const std::string& other) {
  ++calls[op];
  ++calls[DiskOp::kAny];
  if (off) return power_is_off(path);
  for (auto& [fault, matched] : faults) {
    bool reads = fault.kind == Fault::Kind::kShortRead || fault.kind == Fault::Kind::kBitFlip;
    bool possible = (!reads || op == DiskOp::kRead) &&
                    (fault.kind != Fault::Kind::kTornWrite || op == DiskOp::kWrite) &&
                    (fault.op == DiskOp::kAny || fault.op == op);
    bool here = !fault.where || fault.where(path) || (!other.empty() && fault.where(other));
    if (!possible || !here) continue;
    uint64_t number = matched++;
    if (number < fault.skip || number - fault.skip >= fault.times) continue;
    if (fault.kind == Fault::Kind::kError) return status_from_errno(fault.error, "(injected) " + path);
    return std::optional<Fault>(fault);
  }
  return std::optional<Fault>();
}

Status FaultDisk::State::note_bytes(const std::shared_ptr<DiskFile>& file, uint64_t inode, uint64_t offset,
                                    uint64_t length) {
  Undo undo;
  FSDFS_ASSIGN(undo.old_size, file->size());
  undo.offset = offset;
  if (offset < undo.old_size) {
    undo.old_bytes.resize(static_cast<size_t>(std::min(length, undo.old_size - offset)));
    FSDFS_ASSIGN(size_t count, file->pread(undo.old_bytes, offset));
    undo.old_bytes.resize(count);
  }
  Unsynced& unsynced = files[inode];
  unsynced.undo.push_back(std::move(undo));
  unsynced.writer = file;
  return Status();
}

void FaultDisk::State::synced(uint64_t inode) {
  auto file = files.find(inode);
  if (file != files.end() && !file->second.sync_failed) files.erase(file);
}

Result<bool> FaultDisk::State::note_name(const std::string& path) {
  if (names.contains(path)) return false;
  ChangedName name;
  auto stat = base.stat(path);
  if (!stat.ok() && stat.status().code() != Code::kNotFound) return stat.status();
  if (stat.ok()) {
    name.existed = true;
    name.was = stat->type;
    name.inode = stat->inode;
    if (stat->type != FileType::kDirectory) {
      name.attic_path = attic + "/" + std::to_string(next_attic_++);
      FSDFS_TRY(base.link(path, name.attic_path));
    }
  }
  names.emplace(path, std::move(name));
  return true;
}

Status FaultDisk::State::forget_name(const std::string& path) {
  auto name = names.find(path);
  if (name == names.end()) return Status();
  std::string attic_path = std::move(name->second.attic_path);
  names.erase(name);
  return attic_path.empty() ? Status() : base.unlink(attic_path);
}

uint64_t FaultDisk::State::attic_links(uint64_t inode) const {
  return static_cast<uint64_t>(std::count_if(names.begin(), names.end(), [&](const auto& name) {
    return !name.second.attic_path.empty() && name.second.inode == inode;
  }));
}

Status FaultDisk::State::restore_bytes(Unsynced& file) {
  for (auto undo = file.undo.rbegin(); undo != file.undo.rend(); ++undo) {
    FSDFS_TRY(file.writer->pwrite(undo->old_bytes, undo->offset));
    FSDFS_TRY(file.writer->truncate(undo->old_size));
  }
  return Status();
}

Status FaultDisk::State::restore_names() {
  // What came without a sync goes, children before their parents; then what went comes back, parents first.
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    bool stays = name->second.existed && name->second.was == FileType::kDirectory;
    auto now = base.stat(name->first);
    if (!now.ok() || (stays && now->type == FileType::kDirectory)) continue;
    FSDFS_TRY(remove_tree(base, name->first));
  }
  for (const auto& [path, name] : names) {
    if (!name.existed) continue;
    Status status =
        name.attic_path.empty() ? base.make_directory(path, 0755) : base.rename(name.attic_path, path);
    if (status.ok() || status.code() == Code::kAlreadyExists) continue;
    if (status.code() != Code::kNotFound) return status;
    // Its directory did not survive either.
    if (!name.attic_path.empty()) FSDFS_TRY(base.unlink(name.attic_path));
  }
  names.clear();
  return Status();
}

Status FaultDisk::State::cut(PowerCut what) {
  off = true;
  ++power_cuts;
  if (!what.keep_bytes) {
    for (auto& [inode, file] : files) FSDFS_TRY(restore_bytes(file));
  }
  files.clear();
  if (!what.keep_names) return restore_names();
  while (!names.empty()) FSDFS_TRY(forget_name(std::string(names.begin()->first)));
  return Status();
}

}  // namespace fsdfs
