#include "common/rpc/address.h"

#include <gtest/gtest.h>

namespace fsdfs {
namespace {

TEST(HostPortTest, TakesNamesAndAddresses) {
  for (const char* text : {"node7:4242", "10.0.0.1:1", "[::1]:65535", "localhost:0"}) {
    auto parsed = parse_host_port(text);
    ASSERT_TRUE(parsed.ok()) << text;
    EXPECT_EQ(parsed->to_string(), text);
  }
  EXPECT_EQ(parse_host_port("[fe80::1]:80")->host, "fe80::1");
}

TEST(HostPortTest, RefusesTheRest) {
  for (const char* text : {"", "host", ":80", "host:", "host:x", "host:80x", "host:65536", "host:-1",
                           "::1:80", "[::1]", "unix:/run/x:1", "dns:///a:1", "a b:1", "[]:1"}) {
    auto parsed = parse_host_port(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.status().code(), Code::kInvalidArgument);
    EXPECT_NE(parsed.status().message().find("HOST:PORT"), std::string::npos);
  }
}

}  // namespace
}  // namespace fsdfs
