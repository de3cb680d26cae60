#include "daemon/advertise.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <optional>

#include "common/io/files.h"
#include "common/rpc/address.h"

namespace fsdfs {
namespace {

bool is_wildcard(const std::string& host) {
  return host.empty() || host == "0.0.0.0" || host == "::" || host == "*";
}

// This machine's address on the way to `target`: what the kernel would send from. A connected datagram socket
// asks the routing table and nobody else.
std::optional<std::string> address_towards(const HostPort& target) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(target.host.c_str(), std::to_string(target.port).c_str(), &hints, &found) != 0)
    return std::nullopt;
  std::optional<std::string> result;
  for (addrinfo* entry = found; entry != nullptr && !result; entry = entry->ai_next) {
    UniqueFd fd(::socket(entry->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!fd.valid() || ::connect(fd.get(), entry->ai_addr, entry->ai_addrlen) != 0) continue;
    sockaddr_storage local{};
    socklen_t length = sizeof local;
    std::array<char, NI_MAXHOST> text{};
    if (::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&local), &length) == 0 &&
        ::getnameinfo(reinterpret_cast<sockaddr*>(&local), length, text.data(), text.size(), nullptr, 0,
                      NI_NUMERICHOST) == 0) {
      result = text.data();
    }
  }
  freeaddrinfo(found);
  return result;
}

}  // namespace

Result<std::string> advertised_address(std::string_view listening, const std::vector<std::string>& towards) {
  FSDFS_ASSIGN(HostPort address, parse_host_port(listening));
  if (!is_wildcard(address.host)) return std::string(listening);
  for (const auto& text : towards) {
    auto target = parse_host_port(text);
    if (!target.ok()) continue;
    if (auto host = address_towards(*target)) return HostPort{*host, address.port}.to_string();
  }
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0)
    return internal_error("this machine has no host name: use --advertise HOST:PORT");
  return HostPort{name.data(), address.port}.to_string();
}

}  // namespace fsdfs
