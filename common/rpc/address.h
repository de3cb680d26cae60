// "HOST:PORT", taken apart: "node7:4242", "10.0.0.1:4242", "[::1]:4242". A plain value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/status.h"

namespace fsdfs {

struct HostPort {
  std::string host;  // without brackets
  uint16_t port = 0;
  std::string to_string() const;  // an address of IPv6 gets its brackets back
};

// kInvalidArgument names the text and what is expected.
Result<HostPort> parse_host_port(std::string_view text);

}  // namespace fsdfs
