#include "node/store/layout.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/unit/node/store_fixture.h"

namespace fsdfs::node {
namespace {

TEST(LayoutTest, FileNamesAreReadBack) {
  for (const ReplicaId& id : {replica(1), replica(UINT64_MAX, UINT64_MAX, UINT64_MAX), replica(0, 0, 0),
                              replica(1099511627777, 10, 3)}) {
    auto data = Layout::parse_file_name(Layout::file_name(id));
    ASSERT_TRUE(data) << Layout::file_name(id);
    EXPECT_EQ(data->replica, id);
    EXPECT_FALSE(data->meta);
    auto meta = Layout::parse_file_name(Layout::file_name(id) + ".meta");
    ASSERT_TRUE(meta);
    EXPECT_EQ(meta->replica, id);
    EXPECT_TRUE(meta->meta);
  }
  EXPECT_EQ(Layout::file_name(replica(7, 9, 2)), "7.2.9");
}

TEST(LayoutTest, NoOtherNameIsTakenForAReplica) {
  for (const char* name :
       {"", ".", "1", "1.2", "1.2.", "1.2.3.", "1.2.3.4", "01.2.3", "1.2.03", "-1.2.3", "1.2.3 ",
        "1.2.3.meta.tmp", "99999999999999999999.1.1", "a.b.c", "1.2.3.META", ".meta"}) {
    EXPECT_FALSE(Layout::parse_file_name(name)) << name;
  }
}

TEST(LayoutTest, NeighboursShareADirectoryAndTheRestSpread) {
  Layout layout("/data");
  std::set<std::string> neighbours;
  for (uint64_t inode = 256; inode < 512; ++inode) neighbours.insert(layout.directory_of(replica(inode)));
  EXPECT_EQ(neighbours.size(), 1U);
  std::set<std::string> spread;
  for (uint64_t group = 0; group < 4096; ++group) spread.insert(layout.directory_of(replica(group << 8)));
  EXPECT_GT(spread.size(), 3900U);  // evenly over 65536: some 125 collisions are to be expected
}

TEST(LayoutTest, PlacesNeverChange) {  // a change would lose every replica on every disk
  Layout layout("/data");
  EXPECT_EQ(layout.data(replica(0)), "/data/replicas/00/00/0.1.1");
  EXPECT_EQ(layout.meta(replica(1099511627777, 5, 1)),
            layout.directory_of(replica(1099511627776)) + "/1099511627777.1.5.meta");
  EXPECT_EQ(layout.directory_of(replica(1099511627777)), "/data/replicas/19/14");
}

}  // namespace
}  // namespace fsdfs::node
