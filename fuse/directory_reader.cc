#include "fuse/directory_reader.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace fsdfs::fuse {

namespace {

constexpr uint64_t kBehindDot = 1;
constexpr uint64_t kBehindDotDot = 2;
// off_t is signed.
constexpr uint64_t kCookieMax = std::numeric_limits<int64_t>::max() - kBehindDotDot;

}  // namespace

bool DirectoryReader::page_covers(uint64_t after) const {
  if (!have_page_ || after < page_after_) return false;
  return page_.end || (!page_.entries.empty() && after < page_.entries.back().cookie);
}

Status DirectoryReader::fetch(uint64_t after) {
  have_page_ = false;
  FSDFS_ASSIGN(auto page, swarm_.read_directory(directory_, after, kPageEntries));
  uint64_t last = after;
  for (const auto& entry : page.entries) {
    if (entry.cookie <= last || entry.cookie > kCookieMax) {
      return internal_error("the master listed directory " + to_string(directory_) + " out of order");
    }
    last = entry.cookie;
  }
  if (page.entries.empty() && !page.end) {
    return internal_error("the master's list of directory " + to_string(directory_) + " does not go on");
  }
  page_ = std::move(page);
  page_after_ = after;
  have_page_ = true;
  return {};
}

Status DirectoryReader::read(uint64_t offset, const std::function<bool(const DirectoryItem&)>& take) {
  std::lock_guard lock(mutex_);
  uint64_t after = offset > kBehindDotDot ? offset - kBehindDotDot : 0;
  if (offset == 0 || !page_covers(after)) FSDFS_TRY(fetch(after));

  auto dots = client::FileType::kDirectory;
  if (offset < kBehindDot && !take({".", kBehindDot, page_.directory, dots, nullptr})) return {};
  if (offset < kBehindDotDot && !take({"..", kBehindDotDot, page_.parent, dots, nullptr})) return {};

  bool taken = offset < kBehindDotDot;
  while (true) {
    auto behind = [](uint64_t cookie, const client::DirectoryEntry& entry) { return cookie < entry.cookie; };
    auto next = std::upper_bound(page_.entries.begin(), page_.entries.end(), after, behind);
    for (; next != page_.entries.end(); ++next) {
      if (!take({next->name, next->cookie + kBehindDotDot, next->attributes.inode, next->attributes.type,
                 &next->attributes})) {
        return {};
      }
      taken = true;
      after = next->cookie;
    }
    if (page_.end) return {};
    if (Status status = fetch(after); !status.ok()) return taken ? Status() : status;
  }
}

}  // namespace fsdfs::fuse
