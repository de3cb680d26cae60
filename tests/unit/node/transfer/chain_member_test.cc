#include "node/transfer/chain_member.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "node/transfer/chain_status.h"
#include "tests/unit/node/node_fixture.h"

namespace fsdfs::node {
namespace {

using ::testing::ElementsAre;

// Writes down what the machine asks for.
class Recorder final : public ChainMember::Surroundings {
 public:
  Status connect(const v1::NodeAddress& next) override {
    events.push_back("connect " + next.address());
    return connect_status;
  }
  void forward(const ChainMember::Message& message) override {
    events.push_back(message->has_open()   ? "forward open to " + std::to_string(message->open().chain_size())
                     : message->has_data() ? "forward " + std::to_string(message->data().sequence())
                                           : "forward finish");
    if (on_forward) on_forward();
  }
  void reply(v1::WriteReply reply) override {
    events.push_back("ack " + std::to_string(reply.acked()));
    receipts.assign(reply.receipts().begin(), reply.receipts().end());
  }
  void end(const Status& status) override {
    events.push_back(status.ok() ? "end" : "fail");
    ended = status;
  }

  Status connect_status;
  std::function<void()> on_forward;
  std::vector<std::string> events;
  std::vector<std::string> receipts;
  Status ended;
};

class ChainMemberTest : public StoreTest {
 protected:
  void SetUp() override {
    ASSERT_TRUE(ok(open()));
    access_ = std::make_unique<Access>(swarm_keys(), *disks_, clock_);
    machine_ =
        std::make_unique<ChainMember>(ChainMember::Context{*store_, *access_, meter_, clock_, disks_->node()},
                                      Caller{client_, false}, recorder_);
  }
  void TearDown() override { machine_.reset(); }

  void begin(size_t members_after) {
    auto message = std::make_shared<v1::WriteMessage>();
    v1::WriteOpen& open = *message->mutable_open();
    open.set_ticket(sealed(ticket_for(id_, client_, static_cast<Rights>(Right::kWrite))));
    open.set_session(77);
    *open.mutable_replica() = wire::to_wire(id_);
    open.set_size(bytes_.size());
    for (size_t i = 0; i < members_after; ++i) {
      v1::NodeAddress& member = *open.add_chain();
      member.set_node(wire::id_to_wire(next_));
      member.set_address("next:" + std::to_string(i));
    }
    machine_->on_message(message);
  }
  void data(uint64_t sequence) {
    auto message = std::make_shared<v1::WriteMessage>();
    message->mutable_data()->set_sequence(sequence);
    message->mutable_data()->set_offset((sequence - 1) * kBlockSize);
    std::string block = bytes_.substr((sequence - 1) * kBlockSize, kBlockSize);
    message->mutable_data()->set_data(block);
    message->mutable_data()->set_sums(encode_sums(sums_of(block)));
    machine_->on_message(message);
  }
  void finish(uint64_t sequence) {
    auto message = std::make_shared<v1::WriteMessage>();
    message->mutable_finish()->set_sequence(sequence);
    *message->mutable_finish()->mutable_content() = wire::to_wire(content_info(bytes_));
    machine_->on_message(message);
  }
  void next_acks(uint64_t sequence, std::vector<std::string> receipts = {}) {
    v1::WriteReply reply;
    reply.set_acked(sequence);
    for (const std::string& receipt : receipts) reply.add_receipts(receipt);
    machine_->on_next_reply(reply);
  }

  const ReplicaId id_ = replica(1);
  const std::string bytes_ = content_of(2 * kBlockSize);
  const Fingerprint client_{{1, 2, 3}};
  const NodeId next_ = random_id<NodeId>();
  TransferMeter meter_;
  std::unique_ptr<Access> access_;
  Recorder recorder_;
  std::unique_ptr<ChainMember> machine_;
};

TEST_F(ChainMemberTest, TheTailAcksWhatItHasWritten) {
  begin(0);
  data(1);
  data(2);
  finish(3);
  EXPECT_THAT(recorder_.events, ElementsAre("ack 1", "ack 2", "ack 3", "end"));
  ASSERT_EQ(recorder_.receipts.size(), 1U);
  EXPECT_EQ(open_receipt(recorder_.receipts[0], swarm_keys().receipt)->node, disks_->node());
  EXPECT_TRUE(store_->find(id_).value());
}

TEST_F(ChainMemberTest, AMessageGoesOnBeforeItIsWrittenAndIsAckedOnceTheNextHasIt) {
  std::vector<uint64_t> written;
  recorder_.on_forward = [&] {
    uint64_t bytes = 0;
    for (const auto& entry : std::filesystem::directory_iterator(layout().stage()))
      bytes += entry.file_size();
    written.push_back(bytes);
  };
  begin(2);
  data(1);
  data(2);
  EXPECT_THAT(written, ElementsAre(0U, 0U, kBlockSize));
  EXPECT_THAT(recorder_.events, ElementsAre("connect next:0", "forward open to 1", "forward 1", "forward 2"));
  recorder_.events.clear();
  next_acks(1);
  next_acks(2);
  finish(3);
  EXPECT_THAT(recorder_.events, ElementsAre("ack 1", "ack 2", "forward finish"));
  recorder_.events.clear();
  next_acks(3, {"second", "third"});
  EXPECT_THAT(recorder_.events, ElementsAre("ack 3", "end"));
  ASSERT_EQ(recorder_.receipts.size(), 3U);
  EXPECT_EQ(recorder_.receipts[1], "second");
  EXPECT_EQ(recorder_.receipts[2], "third");
  machine_->on_next_end({});
  EXPECT_EQ(recorder_.events.size(), 2U);
}

TEST_F(ChainMemberTest, AnAckOfTheNextAheadOfOnesOwnWriteWaits) {
  begin(1);
  next_acks(2);
  EXPECT_THAT(recorder_.events, ElementsAre("connect next:0", "forward open to 0"));
  data(1);
  EXPECT_EQ(recorder_.events.back(), "ack 1");
}

TEST_F(ChainMemberTest, EveryWayToEndLeavesNothingStaged) {
  struct Case {
    const char* what;
    std::function<void()> happen;
    Code code;
    bool next_blamed;
  };
  for (const Case& each : std::vector<Case>{
           {"half-closed", [&] { machine_->on_message_end(); }, Code::kCancelled, false},
           {"cancelled", [&] { machine_->on_cancelled(); }, Code::kCancelled, false},
           {"next dies", [&] { machine_->on_next_end(unavailable("reset")); }, Code::kUnavailable, true},
           {"next ends early", [&] { machine_->on_next_end({}); }, Code::kUnavailable, true},
           {"next is full", [&] { machine_->on_next_end(no_space("full")); }, Code::kResourceExhausted,
            false},
           {"next hangs", [&] { machine_->on_idle(std::chrono::seconds(30)); }, Code::kUnavailable, true},
           {"writer hangs",
            [&] {
              next_acks(1);
              machine_->on_idle(std::chrono::seconds(30));
            },
            Code::kAborted, false}}) {
    recorder_ = Recorder();
    machine_ =
        std::make_unique<ChainMember>(ChainMember::Context{*store_, *access_, meter_, clock_, disks_->node()},
                                      Caller{client_, false}, recorder_);
    begin(1);
    data(1);
    each.happen();
    EXPECT_TRUE(machine_->ended()) << each.what;
    EXPECT_EQ(recorder_.ended.code(), each.code) << each.what;
    EXPECT_EQ(blamed(recorder_.ended).has_value(), each.next_blamed) << each.what;
    EXPECT_TRUE(files_below(layout().stage()).empty()) << each.what;
    EXPECT_EQ(used(), 0U) << each.what;
    size_t events = recorder_.events.size();
    data(2);  // whatever still comes is ignored
    machine_->on_message_end();
    next_acks(9);
    EXPECT_EQ(recorder_.events.size(), events) << each.what;
  }
}

TEST_F(ChainMemberTest, ANextThatCannotBeReachedIsBlamed) {
  recorder_.connect_status = unavailable("no route");
  begin(1);
  EXPECT_EQ(blamed(recorder_.ended), next_);
}

TEST_F(ChainMemberTest, ANextThatFailsWhileItSyncsIsBlamedAlthoughThisOneIsDone) {
  begin(1);
  data(1);
  data(2);
  finish(3);
  machine_->on_next_end(unavailable("reset"));
  EXPECT_EQ(blamed(recorder_.ended), next_);
  EXPECT_TRUE(store_->find(id_).value());  // the master decides what becomes of it
}

}  // namespace
}  // namespace fsdfs::node
