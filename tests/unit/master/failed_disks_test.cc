// What the master makes of nodes whose disks fail, or are not mounted.
#include <algorithm>

#include "control_fixture.h"
#include "master/control/event_text.h"
#include "master/control/node_warnings.h"

namespace fsdfs::master {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

class FailedDisksTest : public ControlFixture {
 protected:
  const NodeStatus* seen(uint8_t number) {
    seen_ = loop_->view();
    return seen_->find(node(number).hello.node);
  }
  std::vector<std::string> told() {
    std::vector<std::string> texts;
    for (const Event& event : loop_->event_log().after(0, 100'000).events) {
      if (event.kind == EventKind::kDiskFailed) texts.push_back(text_of(event, {}));
    }
    return texts;
  }
  Status end_of_hello(const NodeHello& hello) {
    auto link = std::make_shared<FakeLink>(bell_);
    loop_->join(hello, link);
    EXPECT_TRUE(eventually([&] { return link->closed().has_value(); }));
    return link->closed().value_or(Status());
  }

  std::shared_ptr<const SwarmView> seen_;
};

TEST_F(FailedDisksTest, ANewNodeInThePlaceOfAKnownOneIsTold) {
  join_all({1, 2});
  node(2).leave();
  ASSERT_TRUE(eventually([&] { return !seen(2)->attending; }));
  NodeHello hello = node(2).hello;
  hello.node.bytes[9] = 77;
  Status refused = end_of_hello(hello);
  EXPECT_EQ(refused.reason(), Reason::kWrongIdentity);
  EXPECT_THAT(refused.message(), HasSubstr(to_string(node(2).hello.node)));
  EXPECT_THAT(refused.message(), HasSubstr("mount it"));
  EXPECT_THAT(refused.message(), HasSubstr("fsdfs node remove " + to_string(node(2).hello.node)));
  auto watch = std::make_shared<RemovalWatch>();
  loop_->remove_node(node(2).hello.node, watch);
  ASSERT_TRUE(eventually([&] { return !view()->node(node(2).hello.node)->has_value(); }));
  node(2).hello = hello;
  join_all({2});
  EXPECT_TRUE(seen(2)->attending) << "the old one was removed: the new one takes its place";
}

TEST_F(FailedDisksTest, AnotherMachineOrAnotherAddressIsAnotherNode) {
  join_all({1});
  node(2).hello.address = node(1).hello.address;
  node(3).hello.host = node(1).hello.host;
  join_all({2, 3});
}

TEST_F(FailedDisksTest, AFailureIsToldOnceAndWarnedOfWhileItLasts) {
  join_all({1});
  node(1).disks = {{"/a", 100, 10, 50, 1, ""}, {"/b", 200, 0, 0, 0, ""}};
  node(1).report();
  ASSERT_TRUE(eventually([&] { return seen(1)->disks.size() == 2; }));
  EXPECT_TRUE(told().empty());
  node(1).disks[1].failed = "fsync /b: Input/output error";
  node(1).report();
  node(1).report();
  ASSERT_TRUE(eventually([&] { return !seen(1)->disks[1].failed.empty(); }));
  ASSERT_EQ(told().size(), 1U);
  EXPECT_THAT(told()[0], HasSubstr("/b: fsync /b: Input/output error"));
  EXPECT_THAT(node_warnings(*seen_), Contains(HasSubstr("disk /b of node")));
  node(1).disks[1].failed.clear();
  node(1).report();
  EXPECT_TRUE(eventually([&] { return seen(1)->disks[1].failed.empty(); }));
  EXPECT_TRUE(node_warnings(*seen_).empty());
}

TEST_F(FailedDisksTest, WhatWentWithADiskIsCopiedAgain) {
  join_all({1, 2, 3});
  std::vector<Inode> files;
  for (size_t i = 0; i < 6; ++i) files.push_back(put("/f" + std::to_string(i), "bytes", 3));
  ASSERT_TRUE(eventually([&] { return min_surplus() == 0; }));
  for (size_t i = 0; i < 3; ++i) node(1).held.erase({files[i].id, files[i].version});
  node(1).join(*loop_);  // anew, in the same incarnation, as after the failure of a disk
  ASSERT_TRUE(eventually([&] { return node(1).settled; }));
  EXPECT_TRUE(eventually([&] {
    return std::all_of(files.begin(), files.end(), [&](const Inode& f) {
      return node(1).held.contains({f.id, f.version});
    });
  })) << "to the disk that is left";
  EXPECT_TRUE(eventually([&] { return min_surplus() == 0; }));
}

}  // namespace
}  // namespace fsdfs::master
