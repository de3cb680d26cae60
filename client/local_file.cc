#include "client/local_file.h"

#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace fsdfs::client {

Status local_fault(int error, std::string_view what) {
  return {Code::kUnknown, std::string(what) + ": " + std::generic_category().message(error)};
}

FileTime modified_time(const struct stat& info) {
  return {.seconds = info.st_mtim.tv_sec, .nanoseconds = static_cast<uint32_t>(info.st_mtim.tv_nsec)};
}

Status write_all_at(int descriptor, std::span<const std::byte> bytes, uint64_t offset,
                    const std::string& name) {
  while (!bytes.empty()) {
    ssize_t count = ::pwrite(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return local_fault(errno, "write " + name);
    bytes = bytes.subspan(static_cast<size_t>(count));
    offset += static_cast<uint64_t>(count);
  }
  return {};
}

Status write_all(int descriptor, std::span<const std::byte> bytes, const std::string& name) {
  while (!bytes.empty()) {
    ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return local_fault(errno, "write " + name);
    bytes = bytes.subspan(static_cast<size_t>(count));
  }
  return {};
}

}  // namespace fsdfs::client
