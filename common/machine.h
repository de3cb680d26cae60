// The machine's identity, by which a copy on one's own host is found. Used by nodes and clients.
#pragma once

#include <string>

namespace fsdfs {

// The content of /etc/machine-id, or the host name where there is none.
std::string machine_identity();

}  // namespace fsdfs
