// Passwords: what a new swarm's may be, and the making of good ones. Used by the command line and by the
// daemon when it founds a swarm. Thread-safe functions without state.
#pragma once

#include <string>
#include <string_view>

#include "common/status.h"

namespace fsdfs {

inline constexpr size_t kPasswordCharactersMin = 12;

// Whether a new swarm may be founded with it; kInvalidArgument says why not. An existing swarm's password is
// never judged: it is right or wrong.
Status check_new_password(std::string_view password);

// A random password of more than 120 bits that can be read aloud: five groups of five, "k7m2p-...".
std::string generate_password();

}  // namespace fsdfs
