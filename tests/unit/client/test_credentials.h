// The swarm that the client's tests are in.
#pragma once

#include "common/clock.h"
#include "common/security/authority.h"
#include "common/security/credentials.h"

namespace fsdfs::client {

inline constexpr char kTestPassword[] = "correct horse battery staple";
inline constexpr char kTestSwarm[] = "fsdfs";

// Derived once a process: it takes 0.1 s.
inline const Credentials& test_credentials() {
  static const Credentials credentials = [] {
    auto authority = Authority::derive(kTestPassword, kTestSwarm);
    return *mint_credentials(*authority, "test", SystemClock().wall());
  }();
  return credentials;
}

}  // namespace fsdfs::client
