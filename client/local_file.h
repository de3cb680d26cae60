// Local files, for the commands and download: what open, stat and rename of the host say, as Status.
//
// A fault of this host is never mistaken for an answer of the swarm: it is kUnknown (exit code 1), whatever
// the errno, with the path and the system's words.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "client/types.h"
#include "common/status.h"

namespace fsdfs::client {

// "open /a/b: Permission denied"
Status local_fault(int error, std::string_view what);

FileTime modified_time(const struct stat& info);

// All of `bytes`, at the position `offset` or, without one, where the descriptor stands (pipes).
Status write_all_at(int descriptor, std::span<const std::byte> bytes, uint64_t offset,
                    const std::string& name);
Status write_all(int descriptor, std::span<const std::byte> bytes, const std::string& name);

}  // namespace fsdfs::client
