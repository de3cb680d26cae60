// Ports for the servers of a test: below the ephemeral range, so that no outgoing connection takes one while
// its server is being restarted, and reserved by a file lock, so that tests may run side by side.
#pragma once

#include <cstdint>

#include "common/io/files.h"
#include "common/status.h"

namespace fsdfs::testing {

class PortBlock {
 public:
  static constexpr uint16_t kPorts = 128;

  // A block that no other test process holds and where nobody listens.
  static Result<PortBlock> reserve();
  // The index-th port of the block, 0 .. kPorts-1.
  uint16_t port(uint16_t index) const { return static_cast<uint16_t>(first_ + index); }

 private:
  PortBlock(uint16_t first, UniqueFd lock) : first_(first), lock_(std::move(lock)) {}
  uint16_t first_;
  UniqueFd lock_;  // released by its closing
};

}  // namespace fsdfs::testing
