// Power cuts at every call of the disk that an arrival, a removal or a quarantine makes, in every variant of
// what the kernel may have written back. Expected: a replica that was acknowledged is there, whole; one that
// was not is whole or not there; one whose removal was acknowledged is gone; stages are swept; the books
// agree with the disk.
#include <gtest/gtest.h>

#include "tests/unit/node/store_fixture.h"

namespace fsdfs::node {
namespace {

class PowerCutTest : public StoreTest, public ::testing::WithParamInterface<PowerCut> {
 protected:
  // Lets `action` run into a dead disk after `steps` calls, cuts the power, and starts again. True: it had
  // come through.
  template <typename Action>
  bool cut_after(uint64_t steps, Action action) {
    disk_.inject({.op = DiskOp::kAny, .skip = steps, .times = Fault::kForever});
    bool done = action();
    EXPECT_TRUE(ok(disk_.power_cut(GetParam())));
    crash();
    disk_.clear_faults();
    disk_.power_on();
    EXPECT_TRUE(ok(open())) << "after " << steps << " calls";
    return done;
  }

  void expect_books_right() {
    uint64_t bytes = 0;
    std::set<std::string> files;
    for (const HeldReplica& each : held()) {
      bytes += each.content.size;
      files.insert(Layout::file_name(each.replica));
      files.insert(Layout::file_name(each.replica) + ".meta");
      if (each.state != HeldState::kWhole) continue;
      EXPECT_TRUE(ok(read(each.replica)));
    }
    EXPECT_EQ(used(), bytes);
    EXPECT_TRUE(files_below(layout().stage()).empty());
    std::set<std::string> found = files_below(layout().replicas());
    found.merge(files_below(layout().quarantine()));
    EXPECT_EQ(found, files);
  }
};

TEST_P(PowerCutTest, InAnArrival) {
  ASSERT_TRUE(ok(open()));
  put(replica(1), content_of(100, 1));
  bool done = false;
  uint64_t steps = 0;
  for (; !done; ++steps) {
    ASSERT_LT(steps, 200U);
    uint64_t inode =
        1000 + steps * 256;  // a directory of its own each time: making it is part of the arrival
    std::string bytes = content_of(2 * kBlockSize + 5, inode);
    done = cut_after(steps, [&] { return try_put(replica(inode), bytes).ok(); });
    auto found = store_->find(replica(inode));
    ASSERT_TRUE(ok(found));
    EXPECT_TRUE(*found || !done) << "lost after " << steps << " calls, although it was acknowledged";
    if (*found) {
      EXPECT_EQ((*found)->state, HeldState::kWhole);
      EXPECT_EQ(read(replica(inode)).value(), bytes) << "after " << steps << " calls";
    }
    EXPECT_EQ(read(replica(1)).value(), content_of(100, 1));
    expect_books_right();
  }
  EXPECT_GT(steps, 10U);
}

TEST_P(PowerCutTest, InARemoval) {
  ASSERT_TRUE(ok(open()));
  put(replica(1), content_of(100, 1));
  bool done = false;
  uint64_t steps = 0;
  for (; !done; ++steps) {
    ASSERT_LT(steps, 100U);
    std::string bytes = content_of(1000, steps);
    if (!store_->find(replica(2)).value()) {
      ASSERT_TRUE(ok(try_put(replica(2), bytes, ArrivalKind::kCopy)));
    }
    done = cut_after(steps, [&] { return store_->remove({replica(2)}).at(0).ok(); });
    auto found = store_->find(replica(2)).value();
    EXPECT_FALSE(found && done) << "back after " << steps << " calls";
    EXPECT_TRUE(!found || found->state == HeldState::kWhole);
    EXPECT_EQ(read(replica(1)).value(), content_of(100, 1));
    expect_books_right();
  }
  EXPECT_GT(steps, 2U);
}

TEST_P(PowerCutTest, InAQuarantine) {
  ASSERT_TRUE(ok(open()));
  for (uint64_t steps = 0; steps < 12; ++steps) {
    ReplicaId id = replica(10 + steps);
    put(id, content_of(kBlockSize, steps));
    crash();
    flip_bit(Layout(data_path_).data(id), 5);
    ASSERT_TRUE(ok(open()));
    cut_after(steps, [&] { return read(id).ok(); });
    auto found = store_->find(id).value();
    ASSERT_TRUE(found) << "its bytes are to be kept; after " << steps << " calls";
    EXPECT_FALSE(read(id).ok());
    EXPECT_EQ(store_->find(id).value()->state, HeldState::kQuarantined);
    expect_books_right();
  }
}

INSTANTIATE_TEST_SUITE_P(Variants, PowerCutTest,
                         ::testing::Values(PowerCut{false, false}, PowerCut{true, false},
                                           PowerCut{false, true}, PowerCut{true, true}),
                         [](const auto& variant) {
                           return std::string(variant.param.keep_names ? "NamesKept" : "NamesLost") +
                                  (variant.param.keep_bytes ? "BytesKept" : "BytesLost");
                         });

}  // namespace
}  // namespace fsdfs::node
