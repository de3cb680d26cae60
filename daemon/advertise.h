// The address under which other machines reach a server that listens on all of its own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"

namespace fsdfs {

// HOST:PORT to tell others: `listening` (an actual HOST:PORT) as it is, unless its host is a wildcard; then
// this machine's address on the way to the first of `towards` (HOST:PORT) that can be resolved, or its host
// name when there is none. Sends nothing. kInvalidArgument: `listening` is no address.
Result<std::string> advertised_address(std::string_view listening, const std::vector<std::string>& towards);

}  // namespace fsdfs
