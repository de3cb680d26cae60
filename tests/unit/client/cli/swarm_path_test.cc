#include "client/cli/swarm_path.h"

#include <gtest/gtest.h>

namespace fsdfs::client {
namespace {

TEST(SwarmPath, IsNormalized) {
  EXPECT_EQ(*parse_swarm_path("/"), "/");
  EXPECT_EQ(*parse_swarm_path("/a//b/"), "/a/b");
  EXPECT_EQ(*parse_swarm_path("/\xFF\xFE"), "/\xFF\xFE");
}

TEST(SwarmPath, RefusesWhatIsNotAbsoluteOrLeavesTheRoot) {
  for (const char* text : {"", "a", "a/b", "./a", "/a/../b", "/..", "/./a"}) {
    auto path = parse_swarm_path(text);
    ASSERT_FALSE(path.ok()) << text;
    EXPECT_EQ(path.status().code(), Code::kInvalidArgument);
  }
  EXPECT_NE(parse_swarm_path("a/b").status().message().find("/a/b"), std::string::npos);
  EXPECT_NE(parse_swarm_path("/a/../b").status().message().find(".."), std::string::npos);
}

TEST(SwarmPath, IsTakenApart) {
  EXPECT_EQ(base_name("/a/b"), "b");
  EXPECT_EQ(base_name("/"), "");
  EXPECT_EQ(parent_path("/a/b"), "/a");
  EXPECT_EQ(parent_path("/a"), "/");
  EXPECT_EQ(parent_path("/"), "/");
  EXPECT_EQ(place_of_path("/a/b"), (Place{kRootInode, "a/b"}));
  EXPECT_EQ(place_of_path("/"), (Place{kRootInode, ""}));
}

}  // namespace
}  // namespace fsdfs::client
