// Reads from a real server on loopback.
#include <gtest/gtest.h>

#include "tests/unit/node/node_fixture.h"

namespace fsdfs::node {
namespace {

class ReadTest : public ::testing::Test {
 protected:
  void put(const ReplicaId& id, std::string_view bytes) {
    ASSERT_TRUE(ok(write_all(client_, {node_.where()}, id, bytes)));
  }
  ReadAnswer read(const ReplicaId& id, uint64_t offset = 0, uint64_t length = 0) {
    return read_one(client_, node_.address(), read_item(client_, id, offset, length));
  }

  TestNode node_;
  Member client_{std::string(kClientName)};
};

TEST_F(ReadTest, EverySizeComesBack) {
  uint64_t inode = 0;
  for (size_t size : {size_t{0}, size_t{1}, kBlockSize - 1, kBlockSize, kBlockSize + 1, size_t{512 * 1024},
                      size_t{3 << 20} + 5}) {
    ReplicaId id = replica(++inode);
    std::string bytes = content_of(size, inode);
    put(id, bytes);
    ReadAnswer answer = read(id);
    EXPECT_TRUE(ok(answer.status));
    EXPECT_TRUE(answer.complete);
    EXPECT_EQ(answer.bytes, bytes);
    EXPECT_FALSE(answer.description);
  }
}

TEST_F(ReadTest, RangesAreRoundedToBlocks) {
  std::string bytes = content_of(20 * kBlockSize + 100);
  put(replica(1), bytes);
  struct Case {
    uint64_t offset, length, first, end;
  };
  for (const Case& each : std::vector<Case>{{0, 1, 0, kBlockSize},
                                            {kBlockSize - 1, 2, 0, 2 * kBlockSize},
                                            {kBlockSize, kBlockSize, kBlockSize, 2 * kBlockSize},
                                            {5, 0, 0, bytes.size()},
                                            {20 * kBlockSize + 50, 10, 20 * kBlockSize, bytes.size()},
                                            {3 * kBlockSize, 1 << 30, 3 * kBlockSize, bytes.size()},
                                            {3 * kBlockSize, UINT64_MAX, 3 * kBlockSize, bytes.size()}}) {
    ReadAnswer answer = read(replica(1), each.offset, each.length);
    EXPECT_TRUE(ok(answer.status));
    EXPECT_EQ(answer.offset, each.first);
    EXPECT_EQ(answer.bytes, bytes.substr(each.first, each.end - each.first))
        << each.offset << "+" << each.length;
  }
  for (uint64_t offset : {uint64_t{bytes.size()}, uint64_t{1} << 40, UINT64_MAX}) {
    ReadAnswer past = read(replica(1), offset, 10);
    EXPECT_TRUE(ok(past.status));
    EXPECT_TRUE(past.complete);
  }
}

TEST_F(ReadTest, AnItemThatFailsDoesNotStopTheOthers) {
  put(replica(1), content_of(100, 1));
  put(replica(3), content_of(300, 3));
  v1::ReadRequest request;
  *request.add_items() = read_item(client_, replica(1));
  *request.add_items() = read_item(client_, replica(2));
  *request.add_items() = read_item(client_, replica(3));
  request.mutable_items(0)->set_ticket("forged");
  *request.add_items() = read_item(client_, replica(1));
  auto answers = read_items(client_, node_.address(), request);
  ASSERT_TRUE(ok(answers));
  EXPECT_EQ(answers->at(0).status.code(), Code::kPermissionDenied);
  EXPECT_EQ(answers->at(1).status.code(), Code::kNotFound);
  EXPECT_EQ(answers->at(2).bytes, content_of(300, 3));
  EXPECT_EQ(answers->at(3).bytes, content_of(100, 1));
  for (const ReadAnswer& each : *answers) EXPECT_TRUE(each.complete);
}

TEST_F(ReadTest, BadBytesAreNeverSent) {
  std::string bytes = content_of(20 * kBlockSize);
  put(replica(1), bytes);
  flip_bit(node_.layout().data(replica(1)), 10 * kBlockSize + 3);
  ReadAnswer answer = read(replica(1));
  EXPECT_EQ(answer.status.code(), Code::kDataLoss);
  EXPECT_EQ(answer.status.reason(), Reason::kChecksum);
  EXPECT_TRUE(bytes.starts_with(answer.bytes));  // what came before was right
  EXPECT_LE(answer.bytes.size(), 10 * kBlockSize);
  EXPECT_EQ(read(replica(1), 0, 1).status.code(), Code::kDataLoss);  // its good blocks neither, from now on
  EXPECT_EQ(node_.store().find(replica(1)).value()->state, HeldState::kQuarantined);
}

TEST_F(ReadTest, TicketsAreForOneClientOneInodeOneRight) {
  put(replica(1), content_of(10));
  Member stranger{std::string(kClientName)};
  EXPECT_EQ(read_one(stranger, node_.address(), read_item(client_, replica(1))).status.code(),
            Code::kPermissionDenied);
  v1::ReadItem item = read_item(client_, replica(1));
  item.set_ticket(read_item(client_, replica(2)).ticket());
  EXPECT_EQ(read_one(client_, node_.address(), item).status.code(), Code::kPermissionDenied);
  Ticket late = ticket_for(replica(1), client_.key, static_cast<Rights>(Right::kRead));
  late.expiry -= std::chrono::hours(1);
  item.set_ticket(sealed(late));
  EXPECT_EQ(read_one(client_, node_.address(), item).status.code(), Code::kUnauthenticated);
  Ticket any_version = ticket_for(replica(1), client_.key, static_cast<Rights>(Right::kRead));
  any_version.version = {};
  item.set_ticket(sealed(any_version));
  EXPECT_TRUE(ok(read_one(client_, node_.address(), item).status));
}

TEST_F(ReadTest, ManyRangesAreForThoseWhoMayPull) {
  ReplicaId id = replica(1);
  std::string bytes = content_of(9 * kBlockSize + 1);
  put(id, bytes);
  v1::ReadRequest request;
  for (uint64_t block : {1, 4, 9}) {
    v1::ReadItem& item = *request.add_items();
    item = read_item(client_, id, block * kBlockSize, kBlockSize);
    item.set_ticket(sealed(ticket_for(id, client_.key, static_cast<Rights>(Right::kPull))));
    item.set_pull(block != 4);
  }
  auto answers = read_items(client_, node_.address(), request);
  ASSERT_TRUE(ok(answers));
  EXPECT_EQ(answers->at(0).bytes, bytes.substr(kBlockSize, kBlockSize));
  EXPECT_FALSE(answers->at(0).description);
  EXPECT_EQ(answers->at(1).status.code(), Code::kPermissionDenied);  // that one asked to read
  EXPECT_EQ(answers->at(2).bytes, bytes.substr(9 * kBlockSize));
}

TEST_F(ReadTest, ADescriptionIsForThoseWhoMayPull) {
  ReplicaId id = replica(1);
  std::string bytes = content_of(3 * kBlockSize + 1);
  put(id, bytes);
  v1::ReadItem item = read_item(client_, id, 2 * kBlockSize);
  item.set_describe(true);
  EXPECT_EQ(read_one(client_, node_.address(), item).status.code(), Code::kPermissionDenied);
  item.set_ticket(sealed(ticket_for(id, client_.key, static_cast<Rights>(Right::kPull))));
  ReadAnswer answer = read_one(client_, node_.address(), item);
  ASSERT_TRUE(ok(answer.status));
  ASSERT_TRUE(answer.description);
  auto description = wire::from_wire(*answer.description);
  ASSERT_TRUE(ok(description));
  EXPECT_EQ(description->content, content_info(bytes));
  EXPECT_EQ(description->sums, sums_of(bytes));
  EXPECT_EQ(description->origin.name, "a file");
  EXPECT_EQ(answer.bytes, bytes.substr(2 * kBlockSize));
}

TEST_F(ReadTest, AStrangerToTheSwarmIsNotAnswered) {
  static const Authority other = Authority::derive("another password", "fsdfs").value();
  put(replica(1), content_of(10));
  Member stranger{std::string(kClientName), other};
  Status status = read_one(stranger, node_.address(), read_item(client_, replica(1))).status;
  EXPECT_EQ(status.reason(), Reason::kWrongPassword) << status.to_string();
}

TEST_F(ReadTest, AReaderThatTakesNothingIsLetGo) {
  put(replica(1), content_of(48 << 20));
  node_.stop();
  node_.settings().idle_timeout = std::chrono::seconds(1);
  node_.start();
  auto stub = v1::Replicas::NewStub(client_.dialer->channel(node_.address()).value());
  grpc::ClientContext call;
  set_deadline(call, kPatience);
  v1::ReadRequest request;
  *request.add_items() = read_item(client_, replica(1));
  auto stream = stub->Read(&call, request);
  v1::ReadChunk chunk;
  ASSERT_TRUE(stream->Read(&chunk));
  // The server gives up by itself; only then is the stream looked at again.
  ASSERT_TRUE(eventually([&] { return node_->meter().readers() == 0U; }));
  while (stream->Read(&chunk)) {
  }
  EXPECT_EQ(from_grpc(stream->Finish()).code(), Code::kCancelled);
}

TEST_F(ReadTest, OneStreamTooManyIsRefused) {
  node_.stop();
  node_.settings().streams_max = 1;
  node_.start();
  std::string bytes = content_of(16 << 20);
  put(replica(1), bytes);
  ASSERT_TRUE(eventually([&] { return read(replica(1)).status.ok(); }));  // the write's stream is gone
  auto stub = v1::Replicas::NewStub(client_.dialer->channel(node_.address()).value());
  grpc::ClientContext call;
  set_deadline(call, kPatience);
  v1::ReadRequest request;
  *request.add_items() = read_item(client_, replica(1));
  auto stream = stub->Read(&call, request);
  v1::ReadChunk chunk;
  ASSERT_TRUE(stream->Read(&chunk));
  Status refused = read(replica(1)).status;
  EXPECT_EQ(refused.code(), Code::kUnavailable);
  EXPECT_NE(refused.message().find("node.streams_max"), std::string::npos);
  call.TryCancel();
  while (stream->Read(&chunk)) continue;
  (void)stream->Finish();
  EXPECT_TRUE(eventually([&] { return read(replica(1)).bytes == bytes; }));
}

TEST_F(ReadTest, ManyReadersAtOnce) {
  std::string bytes = content_of(2 << 20);
  put(replica(1), bytes);
  std::vector<std::thread> readers;
  std::atomic<int> right{0};
  for (int i = 0; i < 16; ++i) {
    readers.emplace_back([&] {
      if (read(replica(1)).bytes == bytes) ++right;
    });
  }
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(right, 16);
}

}  // namespace
}  // namespace fsdfs::node
