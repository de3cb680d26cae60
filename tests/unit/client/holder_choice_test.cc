#include "client/holder_choice.h"

#include <gtest/gtest.h>

namespace fsdfs::client {
namespace {

Holder holder(uint8_t number) {
  Holder made;
  made.node.node.bytes[15] = number;
  made.node.address = "node" + std::to_string(number) + ":4242";
  return made;
}

std::string best(const HolderChoice& choice) {
  return choice.best() == nullptr ? "none" : choice.best()->address;
}

TEST(HolderChoice, KeepsTheMastersOrder) {
  EXPECT_EQ(best(HolderChoice({holder(2), holder(1)})), "node2:4242");
  EXPECT_EQ(best(HolderChoice({})), "none");
}

TEST(HolderChoice, PassesOverThoseThatFailed) {
  HolderChoice choice({holder(1), holder(2)});
  choice.failed(holder(1).node.node);
  EXPECT_EQ(best(choice), "node2:4242");
  choice.failed(holder(2).node.node);
  EXPECT_EQ(best(choice), "none");
}

TEST(HolderChoice, ForgivesAfterARenewalButPutsThemLast) {
  HolderChoice choice({holder(1), holder(2)});
  choice.failed(holder(1).node.node);
  choice.failed(holder(2).node.node);
  choice.renew({holder(1), holder(2), holder(3)});
  EXPECT_EQ(best(choice), "node3:4242");
  choice.failed(holder(3).node.node);
  EXPECT_EQ(best(choice), "node1:4242");
}

}  // namespace
}  // namespace fsdfs::client
