// Write chains over real servers on loopback.
#include <gtest/gtest.h>

#include "common/units.h"
#include "node/transfer/chain_status.h"
#include "tests/unit/node/node_fixture.h"

namespace fsdfs::node {
namespace {

class WriteTest : public ::testing::Test {
 protected:
  std::vector<v1::NodeAddress> chain(size_t length) {
    std::vector<v1::NodeAddress> members;
    for (size_t i = 0; i < length; ++i) {
      if (nodes_.size() <= i) nodes_.push_back(std::make_unique<TestNode>(settings_));
      members.push_back(nodes_[i]->where());
    }
    return members;
  }
  TestNode& node(size_t i) { return *nodes_.at(i); }
  bool all_empty() {
    return eventually([&] {
      for (auto& each : nodes_) {
        if (!each->holds_nothing() || !std::filesystem::is_empty(each->layout().stage())) return false;
      }
      return true;
    });
  }

  NodeSettings settings_ = TestNode::small_settings();
  std::vector<std::unique_ptr<TestNode>> nodes_;
  Member client_{std::string(kClientName)};
};

TEST_F(WriteTest, EveryMemberHasItSyncedAndSaysSo) {
  uint64_t inode = 1;
  for (size_t length : {1U, 2U, 3U}) {
    for (size_t size :
         {size_t{0}, size_t{1}, size_t{26}, kBlockSize, 3 * kBlockSize + 1, size_t{5 << 20} + 7}) {
      ReplicaId id = replica(++inode);
      std::string bytes = content_of(size, inode);
      auto receipts = write_all(client_, chain(length), id, bytes);
      ASSERT_TRUE(ok(receipts)) << length << " members, " << size << " bytes";
      ASSERT_EQ(receipts->size(), length);
      for (size_t i = 0; i < length; ++i) {
        const Receipt& receipt = receipts->at(i);
        EXPECT_EQ(receipt.node, node(i).id());
        EXPECT_EQ(receipt.replica, id);
        EXPECT_EQ(receipt.size_bytes, size);
        EXPECT_EQ(receipt.content_digest, content_digest_of(bytes).bytes);
        EXPECT_EQ(receipt.incarnation, Incarnation{1});
        EXPECT_TRUE(receipt.fsynced);
        EXPECT_EQ(node(i).content(id), bytes);
        EXPECT_EQ(node(i).store().find(id).value()->content, content_info(bytes));
      }
    }
  }
}

TEST_F(WriteTest, AnAckSaysThatTheWholeChainHasIt) {
  auto members = chain(3);
  std::string bytes = content_of(4 * kBlockSize);
  Writing writing(client_, members, replica(1), bytes.size());
  for (size_t block = 0; block < 4; ++block) {
    ASSERT_TRUE(writing.send(std::string_view(bytes).substr(block * kBlockSize, kBlockSize)));
    ASSERT_TRUE(writing.wait_for_ack());
    for (size_t i = 0; i < 3; ++i) {
      std::string stage;
      for (const auto& entry : std::filesystem::directory_iterator(node(i).layout().stage())) {
        stage = slurp(entry.path());
      }
      EXPECT_EQ(stage, bytes.substr(0, (block + 1) * kBlockSize));
    }
  }
  ASSERT_TRUE(writing.finish(content_info(bytes)));
  EXPECT_TRUE(ok(writing.end()));
}

TEST_F(WriteTest, AWriteThatIsRepeatedGetsItsReceiptsAgain) {
  std::string bytes = content_of(1000);
  ASSERT_TRUE(ok(write_all(client_, chain(2), replica(1), bytes)));
  auto again = write_all(client_, chain(2), replica(1), bytes);
  ASSERT_TRUE(ok(again));
  EXPECT_EQ(again->size(), 2U);
  EXPECT_EQ(node(0).store().figures()->used, 1000U);
}

TEST_F(WriteTest, MoreThanAnnouncedIsTakenWhileThereIsRoom) {
  std::string bytes = content_of(2 * kBlockSize);
  Writing writing(client_, chain(2), replica(1), 10);
  writing.send(bytes);
  writing.finish(content_info(bytes));
  EXPECT_TRUE(ok(writing.end()));
}

TEST_F(WriteTest, AnEmptyMessageKeepsItAlive) {
  settings_.idle_timeout = std::chrono::seconds(2);
  std::string bytes = content_of(10);
  Writing writing(client_, chain(2), replica(1), bytes.size());
  SystemClock clock;
  for (MonotonicTime until = clock.now() + std::chrono::seconds(3); clock.now() < until;) {
    ASSERT_TRUE(writing.send(""));
    ASSERT_TRUE(writing.wait_for_ack());
  }
  writing.send(bytes);
  writing.finish(content_info(bytes));
  EXPECT_TRUE(ok(writing.end()));
}

TEST_F(WriteTest, WithoutARightTicketNothingIsTaken) {
  auto members = chain(2);
  ReplicaId id = replica(5, 7);
  const Ticket right = ticket_for(id, client_.key, static_cast<Rights>(Right::kWrite));
  struct Case {
    const char* what;
    std::function<void(Ticket&)> spoil;
    Code code;
  };
  Member stranger{std::string(kClientName)};
  for (const Case& each : std::vector<Case>{
           {"expired", [](Ticket& t) { t.expiry -= std::chrono::seconds(120); }, Code::kUnauthenticated},
           {"another client's", [&](Ticket& t) { t.client = stranger.key; }, Code::kPermissionDenied},
           {"of another inode", [](Ticket& t) { t.inode.value = 6; }, Code::kPermissionDenied},
           {"for reading", [](Ticket& t) { t.rights = static_cast<Rights>(Right::kRead); },
            Code::kPermissionDenied},
           {"of another version", [](Ticket& t) { t.version.counter = 8; }, Code::kPermissionDenied},
           {"of another session", [](Ticket& t) { t.session.value = 78; }, Code::kPermissionDenied}}) {
    Ticket ticket = right;
    each.spoil(ticket);
    Writing writing(client_, members, id, 10, ticket);
    EXPECT_EQ(writing.end().status().code(), each.code) << each.what;
  }
  EXPECT_TRUE(all_empty());
}

TEST_F(WriteTest, OnlyAFellowNodePassesOnAnothersTicket) {
  auto members = chain(1);
  ReplicaId id = replica(5);
  Ticket ticket = ticket_for(id, Member{std::string(kClientName)}.key, static_cast<Rights>(Right::kWrite));
  Writing refused(client_, members, id, 10, ticket);
  EXPECT_EQ(refused.end().status().code(), Code::kPermissionDenied);
  Member fellow{node_name(random_id<NodeId>())};
  Writing taken(fellow, members, id, 10, ticket);
  std::string bytes = content_of(10);
  taken.send(bytes);
  taken.finish(content_info(bytes));
  EXPECT_TRUE(ok(taken.end()));
  // Forged by somebody who does not know the password.
  Ticket own = ticket_for(id, fellow.key, static_cast<Rights>(Right::kWrite));
  std::string forged = seal_ticket(own, SecretKey());
  v1::WriteMessage message;
  message.mutable_open()->set_ticket(forged);
  message.mutable_open()->set_session(77);
  *message.mutable_open()->mutable_replica() = wire::to_wire(id);
  Writing forger(fellow, members, id, 10, ticket_for(id, fellow.key, 0));
  EXPECT_EQ(forger.end().status().code(), Code::kPermissionDenied);
  grpc::ClientContext call;
  set_deadline(call, kPatience);
  auto stub = v1::Replicas::NewStub(fellow.dialer->channel(members[0].address()).value());
  auto stream = stub->Write(&call);
  stream->Write(message);
  v1::WriteReply reply;
  while (stream->Read(&reply)) {
  }
  EXPECT_EQ(from_grpc(stream->Finish()).code(), Code::kPermissionDenied);
}

TEST_F(WriteTest, ASessionOfAnOlderMasterIsRefused) {
  settings_.masters = {"127.0.0.1:1"};
  auto members = chain(1);
  std::string identity = slurp(node(0).layout().identity());
  node(0).stop();
  Identity changed = decode_identity(identity).value();
  changed.epoch = Epoch{2};
  spit(node(0).layout().identity(), encode_identity(changed));
  node(0).start();
  Writing writing(client_, chain(1), replica(1), 10);  // its ticket is of epoch 1
  EXPECT_EQ(writing.end().status().reason(), Reason::kStaleEpoch);
}

TEST_F(WriteTest, ADeadNextMemberIsNamed) {
  auto members = chain(3);
  NodeId dead = node(2).id();
  node(2).kill_server();
  Writing writing(client_, members, replica(1), 1000);
  writing.send(content_of(1000));
  auto ended = writing.end();
  ASSERT_FALSE(ended.ok());
  EXPECT_EQ(ended.status().code(), Code::kUnavailable);
  EXPECT_EQ(blamed(ended.status()), dead) << ended.status().to_string();
  EXPECT_TRUE(all_empty());
}

TEST_F(WriteTest, AMemberThatDiesMidwayIsNamedAndNothingIsLeft) {
  for (size_t victim : {1U, 2U}) {
    nodes_.clear();
    auto members = chain(3);
    NodeId dead = node(victim).id();
    std::string bytes = content_of(kBlockSize);
    Writing writing(client_, members, replica(1), 3 * kBlockSize);
    ASSERT_TRUE(writing.send(bytes));
    ASSERT_TRUE(writing.wait_for_ack());
    node(victim).kill_server();
    // The client need not say anything more to hear of it.
    auto ended = writing.end();
    EXPECT_EQ(ended.status().code(), Code::kUnavailable);
    EXPECT_EQ(blamed(ended.status()), dead) << ended.status().to_string();
    EXPECT_TRUE(all_empty());
  }
}

TEST_F(WriteTest, AClientThatVanishesLeavesNothing) {
  auto members = chain(3);
  {
    Writing writing(client_, members, replica(1), 3 * kBlockSize);
    ASSERT_TRUE(writing.send(content_of(kBlockSize)));
    ASSERT_TRUE(writing.wait_for_ack());
    EXPECT_EQ(node(2).store().figures()->used, 3 * kBlockSize);
    writing.cancel();
    EXPECT_EQ(writing.end().status().code(), Code::kCancelled);
  }
  EXPECT_TRUE(all_empty());
}

TEST_F(WriteTest, AFullTailRefusesAndIsNamed) {
  auto members = chain(1);
  settings_.quotas = {1000};
  nodes_.push_back(std::make_unique<TestNode>(settings_));
  members.push_back(node(1).where());
  Writing writing(client_, members, replica(1), 1001);
  writing.send(content_of(1001));
  auto ended = writing.end();
  EXPECT_EQ(ended.status().reason(), Reason::kNoSpace);
  EXPECT_NE(ended.status().message().find(to_string(node(1).id())), std::string::npos);
  EXPECT_TRUE(all_empty());
  EXPECT_TRUE(ok(write_all(client_, members, replica(1), content_of(1000))));
}

TEST_F(WriteTest, BytesThatDoNotFitTheirSumsNeverCount) {
  auto members = chain(2);
  std::string bytes = content_of(2 * kBlockSize);
  BlockSums wrong = sums_of(bytes);
  wrong[1] ^= 1;
  Writing bad_block(client_, members, replica(1), bytes.size());
  bad_block.send(bytes, wrong);
  EXPECT_FALSE(bad_block.end().ok());
  Writing bad_digest(client_, members, replica(2), bytes.size());
  bad_digest.send(bytes);
  bad_digest.finish(content_info(content_of(2 * kBlockSize, 2)));
  EXPECT_FALSE(bad_digest.end().ok());
  EXPECT_TRUE(all_empty());
}

TEST_F(WriteTest, MessagesOutOfOrderAreRefused) {
  auto members = chain(2);
  v1::WriteMessage skipped;
  skipped.mutable_data()->set_sequence(2);
  Writing one(client_, members, replica(1), 10);
  one.send(skipped);
  EXPECT_EQ(one.end().status().code(), Code::kInvalidArgument);
  Writing two(client_, members, replica(1), 10);
  two.send(v1::WriteMessage());
  EXPECT_EQ(two.end().status().code(), Code::kInvalidArgument);
  Writing three(client_, members, replica(1), 10);
  v1::WriteMessage again;
  again.mutable_open()->set_session(77);
  three.send(again);
  EXPECT_EQ(three.end().status().code(), Code::kInvalidArgument);
  EXPECT_TRUE(all_empty());
}

TEST_F(WriteTest, AMessageThatIsTooBigIsRefused) {
  auto members = chain(1);
  Writing writing(client_, members, replica(1), 2 << 20);
  writing.send(content_of((1 << 20) + 1));
  EXPECT_EQ(writing.end().status().code(), Code::kInvalidArgument);
  EXPECT_TRUE(all_empty());
}

TEST_F(WriteTest, AWriterThatFallsSilentIsLetGo) {
  settings_.idle_timeout = std::chrono::seconds(2);
  auto members = chain(2);
  Writing writing(client_, members, replica(1), kBlockSize);
  ASSERT_TRUE(writing.send(content_of(kBlockSize)));
  ASSERT_TRUE(writing.wait_for_ack());
  EXPECT_EQ(writing.end().status().reason(), Reason::kSessionLost);
  EXPECT_TRUE(all_empty());
}

TEST_F(WriteTest, ManyAtOnceAllArrive) {
  auto members = chain(3);
  std::vector<std::thread> writers;
  std::atomic<int> done{0};
  for (uint64_t writer = 0; writer < 8; ++writer) {
    writers.emplace_back([&, writer] {
      for (uint64_t i = 0; i < 10; ++i) {
        uint64_t inode = 1 + writer * 100 + i;
        if (write_all(client_, members, replica(inode), content_of(1000 * i + 1, inode)).ok()) ++done;
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(done, 80);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(node(i).store().figures()->replicas, 80U);
}

}  // namespace
}  // namespace fsdfs::node
