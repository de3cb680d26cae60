#include "tests/harness/ports.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/file.h>
#include <sys/socket.h>

#include <string>

namespace fsdfs::testing {
namespace {

bool is_free(uint16_t port) {
  UniqueFd probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int reuse = 1;  // of a connection that is on its way out
  ::setsockopt(probe.get(), SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return ::bind(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

// Others may listen there who know nothing of the lock, such as the servers of a test that was killed.
bool all_free(uint32_t first) {
  for (uint32_t port = first; port < first + PortBlock::kPorts; ++port) {
    if (!is_free(static_cast<uint16_t>(port))) return false;
  }
  return true;
}

}  // namespace

Result<PortBlock> PortBlock::reserve() {
  for (uint32_t first = 20000; first + kPorts < 32768; first += kPorts) {
    const std::string path = "/tmp/fsdfs-test-ports-" + std::to_string(first);
    UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
    if (fd.get() < 0) continue;
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0 && all_free(first))
      return PortBlock(static_cast<uint16_t>(first), std::move(fd));
  }
  return unavailable("every block of test ports is taken: end other test runs");
}

}  // namespace fsdfs::testing
