// A node that follows its master's records.
#include "node/link/record_follower.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "tests/unit/node/link/fake_master.h"

namespace fsdfs::node {
namespace {

class RecordFollowerTest : public ::testing::Test {
 protected:
  RecordFollowerTest() {
    settings_.masters = {master_.address()};
    settings_.records_interval = std::chrono::milliseconds(5);
  }
  void join() {
    node_ = std::make_unique<TestNode>(settings_);
    start();
  }
  void start() {
    (*node_)->start(node_->address());
    ASSERT_TRUE((*node_)->wait_joined(kPatience));
  }
  void put(const ReplicaId& id) {
    ASSERT_TRUE(ok(write_all(client_, {node_->where()}, id, content_of(1000))));
  }
  // Answers with one page: that the replica's file is called so.
  static void say(v1::RecordsReply& reply, const ReplicaId& id, const std::string& name, uint64_t sequence,
                  uint64_t epoch = 1) {
    reply.set_epoch(epoch);
    reply.mutable_position()->set_sequence(sequence);
    reply.mutable_position()->set_epoch(epoch);
    auto* file = reply.add_files();
    *file->mutable_current() = wire::to_wire(id);
    file->mutable_origin()->set_parent(1);
    file->mutable_origin()->set_name(name);
    file->mutable_origin()->set_metadata_counter(sequence);
  }
  bool is_called(const ReplicaId& id, const std::string& name) {
    return eventually([&] { return node_->store().describe(id).value().origin.name == name; });
  }

  FakeMaster master_;
  NodeSettings settings_ = TestNode::small_settings();
  Member client_{std::string(kClientName)};
  std::unique_ptr<TestNode> node_;
};

TEST_F(RecordFollowerTest, PagesAreAskedForInOrderAndGoOnAfterARestart) {
  join();
  put(replica(1));
  put(replica(2));
  std::vector<v1::RecordsRequest> asked;  // guarded by the master's mutex
  master_.set_records([&](const v1::RecordsRequest& request, v1::RecordsReply& reply) {
    if (asked.empty() || asked.back().SerializeAsString() != request.SerializeAsString())
      asked.push_back(request);
    if (!request.has_position()) {
      say(reply, replica(1), "one", 7);
      *reply.mutable_after() = wire::to_wire(replica(1));
      reply.set_more(true);
    } else if (request.has_after()) {
      say(reply, replica(2), "two", 7);
    } else if (request.position().sequence() == 7) {
      say(reply, replica(1), "uno", 8);
    } else {
      reply.set_epoch(1);
      *reply.mutable_position() = request.position();
    }
    return grpc::Status::OK;
  });
  ASSERT_TRUE(master_.wait([&] { return asked.size() >= 4; }));
  EXPECT_TRUE(is_called(replica(1), "uno"));
  EXPECT_TRUE(is_called(replica(2), "two"));
  EXPECT_EQ(node_->store().followed().value(), (LogPosition{8, Epoch{1}}));
  node_->stop();
  ASSERT_TRUE(master_.wait([&] {
    EXPECT_EQ(asked.at(0).node(), asked.at(3).node());
    EXPECT_EQ(asked.at(1).position().sequence(), 7U);
    EXPECT_EQ(wire::from_wire(asked.at(1).after()), replica(1));
    EXPECT_FALSE(asked.at(2).has_after());
    EXPECT_EQ(asked.at(3).position().sequence(), 8U);
    asked.clear();
    return true;
  }));
  node_->start();
  start();
  ASSERT_TRUE(master_.wait([&] { return !asked.empty(); }));
  ASSERT_TRUE(master_.wait([&] {
    EXPECT_EQ(asked.front().position().sequence(), 8U);
    return true;
  }));
}

TEST_F(RecordFollowerTest, AMasterOfAnotherEpochIsNotBelieved) {
  join();
  put(replica(1));
  std::atomic<uint64_t> epoch = 2;  // the node has granted 1
  std::atomic<int> answers = 0;
  master_.set_records([&](const v1::RecordsRequest&, v1::RecordsReply& reply) {
    say(reply, replica(1), "stranger", 5, epoch);
    ++answers;
    return grpc::Status::OK;
  });
  ASSERT_TRUE(master_.wait([&] { return answers > 1; }));
  EXPECT_EQ(node_->store().describe(replica(1)).value().origin.name, "a file");
  EXPECT_EQ(node_->store().followed().value(), LogPosition{});
  epoch = 1;
  EXPECT_TRUE(is_called(replica(1), "stranger"));
}

TEST_F(RecordFollowerTest, ALateAnswerDoesNotHoldUpAStop) {
  join();
  std::mutex mutex;
  std::condition_variable changed;
  bool asked = false, go_on = false;
  master_.set_records([&](const v1::RecordsRequest&, v1::RecordsReply&) {
    std::unique_lock lock(mutex);
    asked = true;
    changed.notify_all();
    changed.wait_for(lock, kPatience, [&] { return go_on; });
    return grpc::Status::OK;
  });
  {
    std::unique_lock lock(mutex);
    ASSERT_TRUE(changed.wait_for(lock, kPatience, [&] { return asked; }));
  }
  SystemClock clock;
  MonotonicTime begun = clock.now();
  node_->stop();
  EXPECT_LT(clock.now() - begun, kPatience) << "it did not wait for the answer";
  {
    std::lock_guard lock(mutex);
    go_on = true;
  }
  changed.notify_all();
  master_.set_records(nullptr);  // once the answer is given
}

}  // namespace
}  // namespace fsdfs::node
