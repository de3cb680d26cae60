#include "client/lease_keeper.h"

#include <gtest/gtest.h>

#include "tests/harness/wait.h"
#include "tests/unit/client/fake_swarm.h"

namespace fsdfs::client {
namespace {

class LeaseKeeperTest : public FakeSwarmTest {
 protected:
  OpenedSession open_one(const std::string& path) {
    NewContent content;
    content.place = place(path);
    content.size = 100;
    auto opened = client().open_session(content, clock_.now() + std::chrono::seconds(5));
    EXPECT_TRUE(opened.ok()) << opened.status().message();
    return opened.ok() ? *opened : OpenedSession{};
  }
  bool renewed_again() {
    int before = master_->counts().extensions;
    return testing::eventually(std::chrono::seconds(20),
                               [&] { return master_->counts().extensions > before; });
  }
};

TEST_F(LeaseKeeperTest, RenewsAsLongAsItIsHeld) {
  master_->set_lease(std::chrono::milliseconds(30));
  LeaseKeeper keeper(client());
  {
    OpenedSession first = open_one("/a"), second = open_one("/b");
    LeaseKeeper::Hold hold(keeper, first, 100);
    {
      LeaseKeeper::Hold other(keeper, second, 100);
      EXPECT_TRUE(renewed_again());
    }
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(renewed_again());
  }
  // A session that is gone is no reason to stop.
  OpenedSession gone;
  gone.session = SessionId{4711};
  gone.lease = std::chrono::milliseconds(30);
  LeaseKeeper::Hold hold(keeper, gone, 100);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(renewed_again());
}

TEST_F(LeaseKeeperTest, AYoungSessionCostsNoCall) {
  LeaseKeeper keeper(client());
  for (int i = 0; i < 10; ++i) {
    OpenedSession session = open_one("/f");
    LeaseKeeper::Hold hold(keeper, session, 100);
  }
  EXPECT_EQ(master_->counts().extensions, 0);
}

}  // namespace
}  // namespace fsdfs::client
