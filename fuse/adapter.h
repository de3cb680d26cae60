// The adapter between libfuse's low-level API and FileSystem: unpacks each request, calls, packs the answer.
//
// fuse_req_t is seen in adapter.cc and nowhere else. Every request is answered exactly once, an exception
// that escapes included. Used by MountSession; its functions are called by libfuse's threads, side by side.
#pragma once

#include <cstdint>
#include <functional>

#include "common/clock.h"
#include "common/units.h"
#include "fuse/file_system.h"
#include "fuse/libfuse.h"

namespace fsdfs::fuse {

// What the requests of one session are answered with; libfuse hands it to each as userdata.
struct AdapterContext {
  FileSystem& files;
  const Duration kernel_timeout;          // of names, and of attributes of all but files
  const std::function<void()> connected;  // called once, when the kernel has agreed to speak
};

// Bytes of one read request at most; the mount option max_read has to say the same.
inline constexpr uint64_t kReadBytesMax = kMiB;

// The table for fuse_session_new, whose userdata is to be an AdapterContext that outlives the session.
fuse_lowlevel_ops adapter_operations();

}  // namespace fsdfs::fuse
