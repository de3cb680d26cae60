#include "common/rpc/peer.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <ifaddrs.h>
#include <netinet/in.h>

#include <array>
#include <string>

namespace fsdfs {
namespace {

TEST(OnThisMachine, LoopbackAndUnixAre) {
  for (const char* peer :
       {"ipv4:127.0.0.1:4711", "ipv4:127.3.2.1:1", "ipv6:%5B::1%5D:4711", "ipv6:[::1]:4711",
        "ipv6:%5B::ffff:127.0.0.1%5D:1", "unix:", "unix:/run/fsdfs.sock"}) {
    EXPECT_TRUE(is_on_this_machine(peer)) << peer;
  }
}

TEST(OnThisMachine, OtherAddressesAndNonsenseAreNot) {
  // Of the ranges that are set apart for documentation: no machine has them.
  for (const char* peer : {"ipv4:192.0.2.7:4711", "ipv4:203.0.113.1:1", "ipv6:%5B2001:db8::1%5D:4711", "",
                           "ipv4:", "127.0.0.1:1", "ipv4:localhost:1", "vsock:2:3", "ipv4:1.2.3:4",
                           "ipv6:%5B::ffff:192.0.2.7%5D:1"}) {
    EXPECT_FALSE(is_on_this_machine(peer)) << peer;
  }
}

TEST(OnThisMachine, TheMachinesOwnAddressesAre) {
  ifaddrs* first = nullptr;
  ASSERT_EQ(::getifaddrs(&first), 0);
  for (const ifaddrs* at = first; at != nullptr; at = at->ifa_next) {
    if (at->ifa_addr == nullptr || at->ifa_addr->sa_family != AF_INET) continue;
    std::array<char, INET_ADDRSTRLEN> text{};
    const auto& address = reinterpret_cast<const sockaddr_in*>(at->ifa_addr)->sin_addr;
    ASSERT_NE(::inet_ntop(AF_INET, &address, text.data(), text.size()), nullptr);
    EXPECT_TRUE(is_on_this_machine("ipv4:" + std::string(text.data()) + ":4711")) << text.data();
  }
  ::freeifaddrs(first);
}

}  // namespace
}  // namespace fsdfs
