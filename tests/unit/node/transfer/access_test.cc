#include "node/transfer/access.h"

#include <gtest/gtest.h>

#include "tests/unit/node/node_fixture.h"

namespace fsdfs::node {
namespace {

class AccessTest : public StoreTest {
 protected:
  void SetUp() override { ASSERT_TRUE(ok(open())); }
  const Fingerprint client_{{1}};
  const Fingerprint other_{{2}};
  const ReplicaId id_ = replica(5, 7);
};

TEST_F(AccessTest, EachRightIsForItself) {
  Access access(swarm_keys(), *disks_, clock_);
  struct Case {
    Right given;
    bool read, pull, write;
  };
  for (const Case& each : {Case{Right::kRead, true, false, false}, Case{Right::kPull, false, true, false},
                           Case{Right::kWrite, false, false, true}}) {
    std::string ticket = sealed(ticket_for(id_, client_, static_cast<Rights>(each.given)));
    EXPECT_EQ(access.check_read(ticket, {client_, false}, id_).ok(), each.read);
    EXPECT_EQ(access.check_pull(ticket, {client_, false}, id_).ok(), each.pull);
    EXPECT_EQ(access.check_write(ticket, {client_, false}, id_, SessionId{77}).ok(), each.write);
  }
}

TEST_F(AccessTest, ReadsOutliveAMasterAndWritesDoNot) {
  Access access(swarm_keys(), *disks_, clock_);
  ASSERT_TRUE(ok(disks_->grant(Epoch{2})));  // the tickets are of epoch 1
  std::string ticket = sealed(ticket_for(id_, client_, Right::kRead | Right::kWrite));
  EXPECT_TRUE(ok(access.check_read(ticket, {client_, false}, id_)));
  EXPECT_EQ(access.check_write(ticket, {client_, false}, id_, SessionId{77}).reason(), Reason::kStaleEpoch);
}

TEST_F(AccessTest, AFellowNodePassesOnWritesAndNothingElse) {
  Access access(swarm_keys(), *disks_, clock_);
  std::string ticket = sealed(ticket_for(id_, client_, Right::kRead | Right::kWrite | Right::kPull));
  EXPECT_TRUE(ok(access.check_write(ticket, {other_, true}, id_, SessionId{77})));
  EXPECT_FALSE(access.check_write(ticket, {other_, false}, id_, SessionId{77}).ok());
  EXPECT_FALSE(access.check_read(ticket, {other_, true}, id_).ok());
  EXPECT_FALSE(access.check_pull(ticket, {other_, true}, id_).ok());
}

TEST_F(AccessTest, ATicketToPullMayBeProlongedAndNoOther) {
  Access access(swarm_keys(), *disks_, clock_);
  Ticket late = ticket_for(id_, client_, static_cast<Rights>(Right::kPull));
  late.expiry -= std::chrono::hours(1);
  EXPECT_EQ(access.check_pull(sealed(late), {client_, false}, id_).code(), Code::kUnauthenticated);
  std::string prolonged = access.prolonged(sealed(late));
  EXPECT_TRUE(ok(access.check_pull(prolonged, {client_, false}, id_)));
  EXPECT_FALSE(access.check_pull(prolonged, {other_, false}, id_).ok());
  EXPECT_FALSE(access.check_pull(prolonged, {client_, false}, replica(6, 7)).ok());
  EXPECT_LE(
      open_ticket(prolonged, swarm_keys().ticket, {clock_.wall(), client_, id_.inode, Right::kPull})->expiry,
      std::chrono::floor<std::chrono::seconds>(clock_.wall()) + kTicketLifetimeMax);
  late.rights = Right::kPull | Right::kWrite;
  EXPECT_EQ(access.prolonged(sealed(late)), sealed(late));
  EXPECT_EQ(access.prolonged("forged"), "forged");
}

TEST_F(AccessTest, AReceiptSaysWhatIsHeldAndByWhichStart) {
  Access access(swarm_keys(), *disks_, clock_);
  HeldReplica held{id_, content_info("abc"), HeldState::kWhole};
  auto receipt = open_receipt(access.receipt(held), swarm_keys().receipt);
  ASSERT_TRUE(ok(receipt));
  EXPECT_EQ(receipt->replica, id_);
  EXPECT_EQ(receipt->size_bytes, 3U);
  EXPECT_EQ(receipt->node, disks_->node());
  EXPECT_EQ(receipt->incarnation, disks_->incarnation());
  EXPECT_TRUE(receipt->fsynced);
}

}  // namespace
}  // namespace fsdfs::node
