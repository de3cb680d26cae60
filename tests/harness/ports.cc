#include "tests/harness/ports.h"

#include <fcntl.h>
#include <sys/file.h>

#include <string>

namespace fsdfs::testing {

Result<PortBlock> PortBlock::reserve() {
  for (uint32_t first = 20000; first + kPorts < 32768; first += kPorts) {
    const std::string path = "/tmp/fsdfs-test-ports-" + std::to_string(first);
    UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
    if (fd.get() < 0) continue;
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0)
      return PortBlock(static_cast<uint16_t>(first), std::move(fd));
  }
  return unavailable("every block of test ports is taken: end other test runs");
}

}  // namespace fsdfs::testing
