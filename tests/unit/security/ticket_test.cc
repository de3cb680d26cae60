#include "common/security/ticket.h"

#include <gtest/gtest.h>

#include <functional>

#include "tests/unit/security/test_keys.h"

namespace fsdfs {
namespace {

using std::chrono::seconds;

class TicketTest : public ::testing::Test {
 protected:
  TicketTest() {
    ticket_.client.bytes.fill(7);
    use_.client = ticket_.client;
  }

  // How opening ends when the use is changed so.
  Status open_with(const std::function<void(TicketUse&)>& change) {
    TicketUse use = use_;
    change(use);
    return open_ticket(sealed(), key_, use).status();
  }
  std::string sealed() const { return seal_ticket(ticket_, key_); }

  SecretKey key_ = key_of(1);
  std::chrono::sys_seconds expiry_{seconds(1'700'000'060)};
  Ticket ticket_{.inode = InodeId{0x0000010000000002},
                 .rights = Right::kRead | Right::kPull,
                 .client = {},
                 .epoch = Epoch{3},
                 .expiry = expiry_,
                 .version = Version{Epoch{3}, 1042},
                 .session = SessionId{0x0000030000000009}};
  TicketUse use_{.now = expiry_ - seconds(60), .client = {}, .inode = ticket_.inode, .right = Right::kRead};
};

TEST_F(TicketTest, OpensForItsUse) {
  auto opened = open_ticket(sealed(), key_, use_);
  ASSERT_TRUE(opened.ok()) << opened.status().to_string();
  EXPECT_EQ(*opened, ticket_);
  EXPECT_TRUE(open_with([](TicketUse& use) { use.right = Right::kPull; }).ok());
  EXPECT_TRUE(open_with([&](TicketUse& use) { use.now = expiry_ - seconds(1); }).ok());
}

TEST_F(TicketTest, SaysPreciselyWhyNot) {
  struct Case {
    std::function<void(TicketUse&)> change;
    Code code;
    const char* says;
  };
  for (const Case& c : {
           Case{[&](TicketUse& use) { use.now = expiry_; }, Code::kUnauthenticated, "expired 0 s ago"},
           Case{[&](TicketUse& use) { use.now = expiry_ + seconds(5); }, Code::kUnauthenticated,
                "expired 5 s ago"},
           Case{[](TicketUse& use) { use.client.bytes[31] ^= 1; }, Code::kPermissionDenied, "another client"},
           Case{[](TicketUse& use) { use.inode.value ^= 1; }, Code::kPermissionDenied,
                "does not cover inode"},
           Case{[](TicketUse& use) { use.right = Right::kWrite; }, Code::kPermissionDenied,
                "does not allow to write"},
       }) {
    Status status = open_with(c.change);
    EXPECT_EQ(status.code(), c.code) << c.says;
    EXPECT_NE(status.message().find(c.says), std::string::npos) << status.message();
  }
}

TEST_F(TicketTest, RefusesForgeries) {
  for (const std::string& forged :
       {std::string(), std::string("x"), std::string(114, '\x01'), sealed() + "x", sealed().substr(1),
        sealed().substr(0, 50), seal_ticket(ticket_, key_of(2))}) {
    Status status = open_ticket(forged, key_, use_).status();
    EXPECT_EQ(status.code(), Code::kPermissionDenied);
  }
  std::string good = sealed();
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string changed = good;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ 1 << bit % 8);
    EXPECT_EQ(open_ticket(changed, key_, use_).status().code(), Code::kPermissionDenied) << "bit " << bit;
  }
}

TEST_F(TicketTest, TheLayoutIsPinned) {
  std::string bytes = sealed();
  EXPECT_EQ(bytes.size(), 98U);
  EXPECT_EQ(bytes.substr(0, 10), std::string("\x01\x02\x00\x00\x00\x00\x01\x00\x00\x05", 10));
}

TEST_F(TicketTest, AnExtremeExpiryDoesNoHarm) {
  ticket_.expiry = std::chrono::sys_seconds::max();
  EXPECT_TRUE(open_ticket(sealed(), key_, use_).ok());
}

class ReceiptTest : public ::testing::Test {
 protected:
  Receipt make() const {
    Receipt receipt;
    receipt.replica = {InodeId{77}, Version{Epoch{2}, 5}};
    receipt.size_bytes = 123'456'789'012;
    receipt.content_digest.fill(0xAB);
    receipt.node = random_id<NodeId>();
    receipt.incarnation = Incarnation{9};
    receipt.fsynced = true;
    return receipt;
  }
  SecretKey key_ = key_of(1);
};

TEST_F(ReceiptTest, RoundTrips) {
  Receipt receipt = make();
  EXPECT_EQ(open_receipt(seal_receipt(receipt, key_), key_).value(), receipt);
  receipt.fsynced = false;
  EXPECT_EQ(open_receipt(seal_receipt(receipt, key_), key_).value(), receipt);
}

TEST_F(ReceiptTest, RefusesForgeries) {
  std::string good = seal_receipt(make(), key_);
  EXPECT_EQ(good.size(), 90U);
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string changed = good;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ 1 << bit % 8);
    EXPECT_EQ(open_receipt(changed, key_).status().code(), Code::kPermissionDenied) << "bit " << bit;
  }
  for (const std::string& forged : {std::string(), good + "x", good.substr(1), good.substr(0, 20)}) {
    EXPECT_EQ(open_receipt(forged, key_).status().code(), Code::kPermissionDenied);
  }
  EXPECT_EQ(open_receipt(good, key_of(2)).status().code(), Code::kPermissionDenied);
}

}  // namespace
}  // namespace fsdfs
