// DirectoryReader: one open directory, read page by page while it changes.
//
// An offset as the kernel sees it says where to go on: 0 the start, 1 behind ".", 2 behind "..", and cookie +
// 2 behind the entry with that cookie. Cookies stay valid while the directory changes, so no entry that was
// there all the time is given twice or left out, however many come and go. Offset 0 asks the master anew, as
// rewinddir(3) promises; any other is served from the page at hand where it can be.
//
// Used by FileSystem, one an opendir. Thread-safe; its mutex is held across the swarm's answer, for only the
// readers of the same open directory wait for it.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string_view>

#include "client/types.h"
#include "common/ids.h"
#include "common/status.h"
#include "fuse/swarm.h"

namespace fsdfs::fuse {

struct DirectoryItem {
  std::string_view name;
  uint64_t next_offset = 0;  // behind this item
  InodeId inode;
  client::FileType type = client::FileType::kUnknown;
  const client::Attributes* attributes = nullptr;  // null for "." and ".."
};

class DirectoryReader {
 public:
  static constexpr uint32_t kPageEntries = 1024;

  // `swarm` outlives the reader.
  DirectoryReader(Swarm& swarm, InodeId directory) : swarm_(swarm), directory_(directory) {}

  // Gives the items from `offset` on to `take`, until it refuses one (false: there is no room) or all are
  // given. An error after the first item is kept for the next call.
  Status read(uint64_t offset, const std::function<bool(const DirectoryItem&)>& take);

 private:
  bool page_covers(uint64_t after) const;
  Status fetch(uint64_t after);

  Swarm& swarm_;
  const InodeId directory_;
  std::mutex mutex_;
  // Guarded by mutex_:
  bool have_page_ = false;
  uint64_t page_after_ = 0;  // the cookie that page_ begins behind
  client::DirectoryPage page_;
};

}  // namespace fsdfs::fuse
