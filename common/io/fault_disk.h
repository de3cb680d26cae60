// FaultDisk: a Disk for tests that fails on demand and forgets what was not synced, after LevelDB's fault
// injection Env.
//
// It wraps a real Disk (whose files are real files in the test's directory) and remembers, for every change
// since the last sync, how to take it back. Then power_cut() leaves on the wrapped disk exactly what a
// machine would find after losing power at that moment, in the worst case that Disk's contract allows:
//   - bytes written (truncated, punched, cloned) since the file's last sync are as they were at that sync;
//   - a name created, renamed or removed since its directory's last sync_directory is as it was then;
//   - a file whose sync failed stays unsynced for ever, as after a real EIO.
// Because a kernel may also have written one kind back and not the other, PowerCut can keep either.
//
// Limits: all writers must go through this FaultDisk; renaming a directory is kUnimplemented; a file that the
// test finds in place at construction counts as synced. Thread-safe (one mutex over everything; it is a
// test's disk).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/io/disk.h"

namespace fsdfs {

enum class DiskOp {
  kAny,  // in a Fault: matches every operation
  kOpen,
  kCreate,
  kRead,
  kWrite,  // pwrite, append, punch_hole and clone_from
  kTruncate,
  kSync,  // sync and sync_data
  kRename,
  kLink,
  kUnlink,
  kMakeDirectory,
  kRemoveDirectory,
  kSyncDirectory,
  kList,
  kStat,
  kSpace,
  kLock,
};

// What goes wrong, where and when.
struct Fault {
  enum class Kind {
    kError,      // the call fails with `error`, and nothing is done
    kTornWrite,  // kWrite: the first half of the bytes is written, then the call fails with `error`
    kShortRead,  // kRead: half of the bytes, as if the file ended there
    kBitFlip,    // kRead: one bit of what was read is wrong
  };
  static constexpr uint64_t kForever = UINT64_MAX;

  DiskOp op = DiskOp::kAny;
  Kind kind = Kind::kError;
  int error = 5;                                     // an errno; EIO
  std::function<bool(std::string_view)> where = {};  // of the path; empty: everywhere. A rename: either path.
  uint64_t skip = 0;                                 // so many matching calls go well first
  uint64_t times = 1;                                // then so many fail
};

struct PowerCut {
  bool keep_names = false;  // unsynced creations, renames and removals reached the disk all the same
  bool keep_bytes = false;  // unsynced bytes reached the disk all the same
};

class FaultDisk final : public Disk {
 public:
  // `attic`: an empty directory on the same filesystem as the files, outside what the test looks at; what is
  // removed without a sync waits there. Both outlive this.
  FaultDisk(Disk& base, std::string attic);
  ~FaultDisk() override;

  void inject(Fault fault);
  void clear_faults();
  uint64_t calls(DiskOp op) const;  // so far, failed ones too; kAny: all
  // What space() says is free, instead of the truth; nullopt: the truth.
  void set_free_bytes(std::optional<uint64_t> bytes);

  // The machine loses power. Every open DiskFile is dead, and every call fails with kUnavailable until
  // power_on(), so that what still runs cannot write into the state that the next start shall find.
  Status power_cut(PowerCut what = {});
  void power_on();

  // True when nothing in the subtree below `directory` would be lost by a power cut. A file counts where it
  // was when it was opened.
  bool all_synced(std::string_view directory) const;

  Result<std::unique_ptr<DiskFile>> open(const std::string& path, Access access) override;
  Result<std::unique_ptr<DiskFile>> create(const std::string& path, uint32_t mode) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status link(const std::string& from, const std::string& to) override;
  Status unlink(const std::string& path) override;
  Status make_directory(const std::string& path, uint32_t mode) override;
  Status remove_directory(const std::string& path) override;
  Status sync_directory(const std::string& path) override;
  Status list(const std::string& path, const std::function<bool(const DirectoryEntry&)>& visit) override;
  Result<FileStat> stat(const std::string& path) override;
  Result<DiskSpace> space(const std::string& path) override;
  Result<std::unique_ptr<DiskLock>> lock(const std::string& path) override;

 private:
  class State;
  class File;
  std::shared_ptr<State> state_;  // shared with the open files, which may outlive this
};

}  // namespace fsdfs
