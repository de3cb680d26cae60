#include "common/rpc/address.h"

#include <charconv>

namespace fsdfs {

std::string HostPort::to_string() const {
  bool brackets = host.find(':') != std::string::npos;
  return (brackets ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<HostPort> parse_host_port(std::string_view text) {
  Status bad =
      invalid_argument("not an address: '" + std::string(text) + "' (expected HOST:PORT or [IPV6]:PORT)");
  size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad;
  std::string_view host = text.substr(0, colon);
  std::string_view digits = text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find_first_of(":[]") != std::string_view::npos) {
    return bad;
  }
  if (host.empty() || host.find_first_of("/ %?#@") != std::string_view::npos) return bad;
  HostPort parsed{std::string(host), 0};
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), parsed.port);
  if (error != std::errc() || end != digits.data() + digits.size()) return bad;
  return parsed;
}

}  // namespace fsdfs
