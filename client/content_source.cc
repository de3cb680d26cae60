#include "client/content_source.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "client/local_file.h"

namespace fsdfs::client {

Result<size_t> FileSource::read(std::span<std::byte> out) {
  size_t done = 0;
  while (done < out.size()) {
    ssize_t count = ::pread(descriptor_, out.data() + done, out.size() - done, static_cast<off_t>(position_));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return local_fault(errno, "read " + name_);
    if (count == 0) break;
    done += static_cast<size_t>(count);
    position_ += static_cast<uint64_t>(count);
  }
  return done;
}

bool FileSource::rewind() {
  position_ = 0;
  return true;
}

Status StreamSource::open() {
  spool_.resize(kSpool);
  FSDFS_ASSIGN(size_t count, read_descriptor(std::as_writable_bytes(std::span(spool_))));
  spool_is_all_ = count < kSpool;
  spool_.resize(count);
  return {};
}

Result<size_t> StreamSource::read_descriptor(std::span<std::byte> out) {
  size_t done = 0;
  while (done < out.size()) {
    ssize_t count = ::read(descriptor_, out.data() + done, out.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return local_fault(errno, "read " + name_);
    if (count == 0) break;
    done += static_cast<size_t>(count);
  }
  return done;
}

Result<size_t> StreamSource::read(std::span<std::byte> out) {
  size_t done = 0;
  if (position_ < spool_.size()) {
    done = std::min(out.size(), spool_.size() - position_);
    std::memcpy(out.data(), spool_.data() + position_, done);
  }
  if (done < out.size() && !spool_is_all_) {
    FSDFS_ASSIGN(size_t count, read_descriptor(out.subspan(done)));
    done += count;
  }
  position_ += done;
  return done;
}

bool StreamSource::rewind() {
  if (position_ > spool_.size()) return false;
  position_ = 0;
  return true;
}

std::optional<uint64_t> StreamSource::size() const {
  if (!spool_is_all_) return std::nullopt;
  return spool_.size();
}

Result<size_t> MemorySource::read(std::span<std::byte> out) {
  size_t count = std::min(out.size(), bytes_.size() - position_);
  std::memcpy(out.data(), bytes_.data() + position_, count);
  position_ += count;
  return count;
}

bool MemorySource::rewind() {
  position_ = 0;
  return true;
}

}  // namespace fsdfs::client
