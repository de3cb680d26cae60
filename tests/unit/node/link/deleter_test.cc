#include "node/link/deleter.h"

#include <gtest/gtest.h>

#include "tests/unit/node/node_fixture.h"

namespace fsdfs::node {
namespace {

class DeleterTest : public StoreTest {
 protected:
  void SetUp() override {
    ASSERT_TRUE(ok(open()));
    ASSERT_TRUE(ok(disks_->grant(Epoch{5})));
    access_ = std::make_unique<Access>(swarm_keys(), *disks_, clock_);
    puller_ = std::make_unique<Puller>(PullContext{*store_, *member_.dialer, watch_, meter_, logger_,
                                                   std::chrono::seconds(30), *access_, clock_},
                                       1, [](const OrderFailure&) {});
    deleter_ = std::make_unique<Deleter>(*store_, *disks_, *puller_, outbox_, logger_);
  }
  void TearDown() override {
    let_go();
    deleter_.reset();
    puller_.reset();
  }
  // Deletions get stuck in the disk until let_go().
  void block() {
    auto hold = [this](std::string_view) {
      std::unique_lock lock(mutex_);
      ++stuck_;
      changed_.notify_all();
      changed_.wait(lock, [&] { return free_; });
      return false;
    };
    disk_.inject({.op = DiskOp::kUnlink, .where = hold});
  }
  void let_go() {
    {
      std::lock_guard lock(mutex_);
      free_ = true;
    }
    changed_.notify_all();
  }
  bool wait_until_stuck() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return stuck_ > 0; });
  }
  bool submit(uint64_t order, const ReplicaId& id, uint64_t epoch = 5) {
    return deleter_->submit({OrderId{order}, Epoch{epoch}, id}, clock_.now() + kPatience);
  }

  Member member_{node_name(random_id<NodeId>())};
  IdleWatch watch_{clock_};
  TransferMeter meter_;
  Outbox outbox_{std::make_shared<Wake>()};
  std::unique_ptr<Access> access_;
  std::unique_ptr<Puller> puller_;
  std::unique_ptr<Deleter> deleter_;
  std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  int stuck_ = 0;
  bool free_ = false;
};

TEST_F(DeleterTest, OnlyTheGrantedEpochIsObeyed) {
  put(replica(1), content_of(10));
  for (uint64_t epoch : {4, 6}) {
    ASSERT_TRUE(submit(epoch, replica(1), epoch));
    std::deque<OrderFailure> told;
    ASSERT_TRUE(eventually([&] {
      told = outbox_.take();
      return !told.empty();
    }));
    EXPECT_EQ(told[0].order, OrderId{epoch});
    EXPECT_EQ(told[0].status.reason(), Reason::kStaleEpoch);
    EXPECT_TRUE(store_->find(replica(1)).value());
  }
  ASSERT_TRUE(submit(7, replica(1)));
  EXPECT_TRUE(eventually([&] { return !store_->find(replica(1)).value(); }));
}

TEST_F(DeleterTest, ToForgetIsToWaitForWhatIsUnderWayAndToDropTheRest) {
  put(replica(1), content_of(10));
  put(replica(2), content_of(10));
  block();
  ASSERT_TRUE(submit(1, replica(1)));
  ASSERT_TRUE(wait_until_stuck());
  ASSERT_TRUE(submit(2, replica(2)));
  std::atomic<bool> forgotten{false};
  std::thread welcome([&] {
    deleter_->forget();
    forgotten = true;
  });
  ASSERT_TRUE(eventually([&] { return deleter_->waiting() == 0; }));
  EXPECT_FALSE(forgotten);
  let_go();
  welcome.join();
  EXPECT_FALSE(store_->find(replica(1)).value());
  EXPECT_TRUE(store_->find(replica(2)).value());
  ASSERT_TRUE(submit(3, replica(2)));  // it works on
  EXPECT_TRUE(eventually([&] { return !store_->find(replica(2)).value(); }));
}

}  // namespace
}  // namespace fsdfs::node
