// A disk made of a file, for tests of what a failing disk does to those above it: FUSE serves it, a loop
// device makes a block device of it, and a filesystem lies on that (power_disk.h).
//
//   fault_disk_server IMAGE DIRECTORY
//
// DIRECTORY/disk is the disk, as big as IMAGE, which is its medium. Like a real disk it has a write cache:
// what was written is surely on the medium once a flush has returned, which a loop device asks for by fsync.
// DIRECTORY/control takes one command with each write:
//   cut SEED               the power goes: of each block in the cache the medium has the new or the old
//                          content, by SEED, and every call fails with EIO
//   on                     the power is back, and whatever failed works
//   fail OP TIMES [TEXT]   so many calls fail with EIO; OP: read, write or sync; only those whose bytes
//                          contain TEXT
// One thread. Ends at SIGTERM, or with the process that started it.
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <random>
#include <span>
#include <sstream>
#include <string>
#include <string_view>

#include "common/io/files.h"
#include "fuse/libfuse.h"

namespace {

using fsdfs::UniqueFd;

constexpr uint64_t kBlock = 4096;
constexpr size_t kCacheBlocks = 16384;  // more than 64 MiB go to the medium without being asked to

class Medium {
 public:
  Medium(UniqueFd image, uint64_t bytes) : image_(std::move(image)), bytes_(bytes) {}

  uint64_t bytes() const { return bytes_; }

  // Each gives 0 or an errno.
  int read(std::span<char> into, uint64_t offset) {
    if (!image_read(into, offset)) return EIO;
    const uint64_t end = offset + into.size();
    for (auto it = cache_.lower_bound(offset / kBlock); it != cache_.end(); ++it) {
      uint64_t first = std::max(offset, it->first * kBlock);
      uint64_t last = std::min(end, (it->first + 1) * kBlock);
      if (first >= last) break;
      std::memcpy(into.data() + (first - offset), it->second.data() + first % kBlock, last - first);
    }
    return fails("read", {into.data(), into.size()}) ? EIO : 0;
  }

  int write(std::string_view bytes, uint64_t offset) {
    if (fails("write", bytes)) return EIO;
    while (!bytes.empty()) {
      uint64_t number = offset / kBlock;
      uint64_t within = offset % kBlock;
      auto portion = static_cast<size_t>(std::min<uint64_t>(bytes.size(), kBlock - within));
      auto [it, fresh] = cache_.try_emplace(number);
      if (fresh && portion != kBlock && !image_read(it->second, number * kBlock)) return EIO;
      std::memcpy(it->second.data() + within, bytes.data(), portion);
      bytes.remove_prefix(portion);
      offset += portion;
    }
    return cache_.size() > kCacheBlocks && !empty_cache() ? EIO : 0;
  }

  int flush() { return fails("sync", {}) || !empty_cache() ? EIO : 0; }

  int command(const std::string& text) {
    std::istringstream words(text);
    std::string verb;
    words >> verb;
    if (verb == "on") {
      off_ = false;
      fails_left_ = 0;
    } else if (verb == "cut") {
      uint64_t seed = 0;
      words >> seed;
      cut(seed);
    } else if (verb == "fail") {
      fails_with_.clear();
      words >> failing_ >> fails_left_ >> std::ws;
      std::getline(words, fails_with_);
    } else {
      return EINVAL;
    }
    return 0;
  }

 private:
  using Block = std::array<char, kBlock>;

  bool fails(std::string_view what, std::string_view bytes) {
    if (off_) return true;
    if (fails_left_ == 0 || what != failing_) return false;
    if (!fails_with_.empty() && bytes.find(fails_with_) == std::string_view::npos) return false;
    --fails_left_;
    return true;
  }

  void cut(uint64_t seed) {
    std::mt19937_64 random(seed);
    const uint64_t kept = random() % 101;  // in a hundred
    for (const auto& [number, block] : cache_) {
      if (random() % 100 < kept) (void)image_write(block, number * kBlock);
    }
    cache_.clear();
    off_ = true;
  }

  bool empty_cache() {
    for (const auto& [number, block] : cache_) {
      if (!image_write(block, number * kBlock)) return false;
    }
    cache_.clear();
    return true;
  }

  bool image_read(std::span<char> into, uint64_t offset) {
    return ::pread(image_.get(), into.data(), into.size(), static_cast<off_t>(offset)) ==
           static_cast<ssize_t>(into.size());
  }
  bool image_write(std::span<const char> bytes, uint64_t offset) {
    return ::pwrite(image_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset)) ==
           static_cast<ssize_t>(bytes.size());
  }

  const UniqueFd image_;
  const uint64_t bytes_;             // whole blocks
  std::map<uint64_t, Block> cache_;  // by number: written and not flushed
  bool off_ = false;
  std::string failing_;
  uint64_t fails_left_ = 0;
  std::string fails_with_;
};

// The files of the mount.
constexpr fuse_ino_t kDisk = 2;
constexpr fuse_ino_t kControl = 3;
constexpr double kNamesLast = 3600;  // seconds
constexpr size_t kWriteBytesMax = 1024 * 1024;

Medium& medium_of(fuse_req_t request) {
  return *static_cast<Medium*>(fuse_req_userdata(request));
}

struct stat attributes_of(fuse_ino_t inode, const Medium& medium) {
  struct stat found = {};
  found.st_ino = inode;
  found.st_nlink = 1;
  found.st_mode = inode == FUSE_ROOT_ID ? S_IFDIR | 0700 : S_IFREG | 0600;
  if (inode == kDisk) found.st_size = static_cast<off_t>(medium.bytes());
  return found;
}

void on_init(void*, fuse_conn_info* connection) {
  connection->max_write = kWriteBytesMax;
}

void on_lookup(fuse_req_t request, fuse_ino_t, const char* name) {
  const std::string_view wanted = name;
  if (wanted != "disk" && wanted != "control") {
    fuse_reply_err(request, ENOENT);
    return;
  }
  fuse_entry_param entry = {};
  entry.ino = wanted == "disk" ? kDisk : kControl;
  entry.attr = attributes_of(entry.ino, medium_of(request));
  entry.attr_timeout = entry.entry_timeout = kNamesLast;
  fuse_reply_entry(request, &entry);
}

void on_getattr(fuse_req_t request, fuse_ino_t inode, fuse_file_info*) {
  struct stat found = attributes_of(inode, medium_of(request));
  fuse_reply_attr(request, &found, kNamesLast);
}

// Who opens control to write may ask to truncate it.
void on_setattr(fuse_req_t request, fuse_ino_t inode, struct stat*, int, fuse_file_info* file) {
  on_getattr(request, inode, file);
}

// Nothing of the disk stays in the system's memory below the loop device.
void on_open(fuse_req_t request, fuse_ino_t, fuse_file_info* file) {
  file->direct_io = 1;
  fuse_reply_open(request, file);
}

void on_read(fuse_req_t request, fuse_ino_t inode, size_t size, off_t offset, fuse_file_info*) {
  Medium& medium = medium_of(request);
  auto from = static_cast<uint64_t>(offset);
  uint64_t end = inode == kDisk ? medium.bytes() : 0;
  std::string bytes(static_cast<size_t>(std::min<uint64_t>(size, end - std::min(end, from))), '\0');
  if (int error = bytes.empty() ? 0 : medium.read(bytes, from); error != 0) {
    fuse_reply_err(request, error);
  } else {
    fuse_reply_buf(request, bytes.data(), bytes.size());
  }
}

void on_write(fuse_req_t request, fuse_ino_t inode, const char* bytes, size_t size, off_t offset,
              fuse_file_info*) {
  Medium& medium = medium_of(request);
  auto at = static_cast<uint64_t>(offset);
  int error = inode == kControl            ? medium.command({bytes, size})
              : at + size > medium.bytes() ? ENOSPC
                                           : medium.write({bytes, size}, at);
  if (error != 0) {
    fuse_reply_err(request, error);
  } else {
    fuse_reply_write(request, size);
  }
}

void on_fsync(fuse_req_t request, fuse_ino_t inode, int, fuse_file_info*) {
  fuse_reply_err(request, inode == kDisk ? medium_of(request).flush() : 0);
}

int serve(Medium& medium, const char* directory) {
  char name[] = "fault_disk_server";
  char* arguments[] = {name, nullptr};
  fuse_args parsed = FUSE_ARGS_INIT(1, arguments);
  fuse_lowlevel_ops operations = {};
  operations.init = on_init;
  operations.lookup = on_lookup;
  operations.getattr = on_getattr;
  operations.setattr = on_setattr;
  operations.open = on_open;
  operations.read = on_read;
  operations.write = on_write;
  operations.fsync = on_fsync;
  fuse_session* session = fuse_session_new(&parsed, &operations, sizeof operations, &medium);
  if (session == nullptr || fuse_session_mount(session, directory) != 0) return 1;
  fuse_set_signal_handlers(session);
  int result = fuse_session_loop(session);
  fuse_session_unmount(session);
  fuse_remove_signal_handlers(session);
  fuse_session_destroy(session);
  return result < 0 ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  // What it allocates must not wait for pages that only it can write.
  ::prctl(PR_SET_IO_FLUSHER, 1, 0, 0, 0);
  UniqueFd image(::open(argv[1], O_RDWR | O_CLOEXEC));
  struct stat found = {};
  if (!image.valid() || ::fstat(image.get(), &found) != 0 || found.st_size % kBlock != 0) {
    std::perror(argv[1]);
    return 1;
  }
  Medium medium(std::move(image), static_cast<uint64_t>(found.st_size));
  return serve(medium, argv[2]);
}
