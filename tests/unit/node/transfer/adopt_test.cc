// The node's calls beside the streams of content: the adoption of a file of its machine, and what it says of
// itself and its replicas, over a real server on loopback.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/unit/node/node_fixture.h"

namespace fsdfs::node {
namespace {

class AdoptTest : public ::testing::Test {
 protected:
  AdoptTest() { std::filesystem::create_directory(temp_ / "user"); }

  v1::AdoptRequest request_for(const ReplicaId& id, const std::string& path, const Fingerprint& client) {
    struct stat info {};
    EXPECT_EQ(::lstat(path.c_str(), &info), 0);
    v1::AdoptRequest request;
    request.set_session(77);
    request.set_ticket(sealed(ticket_for(id, client, static_cast<Rights>(Right::kWrite))));
    *request.mutable_replica() = wire::to_wire(id);
    request.set_path(path);
    request.set_device(info.st_dev);
    request.set_inode(info.st_ino);
    request.set_size(static_cast<uint64_t>(info.st_size));
    request.mutable_modified()->set_seconds(info.st_mtim.tv_sec);
    request.mutable_modified()->set_nanoseconds(static_cast<uint32_t>(info.st_mtim.tv_nsec));
    request.set_moving(true);
    request.mutable_origin()->set_name("a file");
    return request;
  }
  // The last reply.
  Result<v1::AdoptReply> adopt(Dialer& dialer, const v1::AdoptRequest& request) {
    auto stub = v1::Replicas::NewStub(dialer.channel(node_.address()).value());
    grpc::ClientContext call;
    set_deadline(call, kPatience);
    auto stream = stub->Adopt(&call, request);
    v1::AdoptReply reply, last;
    uint64_t read = 0;
    while (stream->Read(&reply)) {
      EXPECT_GE(reply.read(), read);
      read = reply.read();
      last = reply;
    }
    FSDFS_TRY(dialer.explain(node_.address(), stream->Finish()));
    return last;
  }
  std::string original(const std::string& name, std::string_view bytes) {
    std::string path = temp_ / ("user/" + name);
    spit(path, bytes);
    return path;
  }

  TempDirectory temp_;
  TestNode node_;
  Member client_{std::string(kClientName)};
};

TEST_F(AdoptTest, GivesTheReceiptOfAWrite) {
  uint64_t inode = 0;
  for (size_t size : {size_t{0}, size_t{1}, size_t{20 << 20} + 3}) {
    ReplicaId id = replica(++inode);
    std::string bytes = content_of(size, inode);
    std::string path = original("f", bytes);
    auto last = adopt(*client_.dialer, request_for(id, path, client_.key));
    ASSERT_TRUE(ok(last)) << size;
    EXPECT_EQ(last->by(), v1::ADOPTED_BY_LINK);
    EXPECT_EQ(last->read(), size);
    auto receipt = open_receipt(last->receipt(), swarm_keys().receipt);
    ASSERT_TRUE(ok(receipt));
    EXPECT_EQ(receipt->replica, id);
    EXPECT_EQ(receipt->size_bytes, size);
    EXPECT_EQ(receipt->content_digest, content_digest_of(bytes).bytes);
    EXPECT_EQ(receipt->node, node_.id());
    EXPECT_TRUE(receipt->fsynced);
    EXPECT_EQ(node_.content(id), bytes);
    std::filesystem::remove(path);
  }
}

TEST_F(AdoptTest, TakesATicketForThisReplicaAndSession) {
  std::string path = original("f", "bytes");
  v1::AdoptRequest request = request_for(replica(1), path, client_.key);
  *request.mutable_replica() = wire::to_wire(replica(2));
  EXPECT_EQ(adopt(*client_.dialer, request).status().code(), Code::kPermissionDenied);
  request = request_for(replica(1), path, client_.key);
  request.set_session(78);
  EXPECT_EQ(adopt(*client_.dialer, request).status().code(), Code::kPermissionDenied);
  Member other{std::string(kClientName)};
  EXPECT_EQ(adopt(*other.dialer, request_for(replica(1), path, client_.key)).status().code(),
            Code::kPermissionDenied);
  EXPECT_TRUE(node_.holds_nothing());
}

// Whoever has a limited credential must not reach what the node's user can read.
TEST_F(AdoptTest, IsForFullMembersAlone) {
  WallTime now = SystemClock().wall();
  CertificateRequest grant{.common_name = "grant",
                           .claims = "reader",
                           .not_before = now - std::chrono::hours(1),
                           .not_after = now + std::chrono::hours(1)};
  auto credentials = mint_credentials(swarm_authority(), grant);
  ASSERT_TRUE(ok(credentials));
  auto dialer = Dialer::create(*credentials);
  ASSERT_TRUE(ok(dialer));
  Fingerprint key = inspect_certificate(credentials->certificate_pem)->fingerprint;
  std::string path = original("f", "bytes");
  auto refused = adopt(**dialer, request_for(replica(1), path, key));
  EXPECT_EQ(refused.status().code(), Code::kPermissionDenied);
  EXPECT_NE(refused.status().message().find("password"), std::string::npos) << refused.status().message();
  EXPECT_TRUE(node_.holds_nothing());
}

TEST_F(AdoptTest, WhatTheStoreRefusesIsSaid) {
  v1::AdoptRequest request = request_for(replica(1), original("f", "bytes"), client_.key);
  request.set_size(6);
  EXPECT_EQ(adopt(*client_.dialer, request).status().code(), Code::kAborted);
  EXPECT_TRUE(node_.holds_nothing());
}

TEST_F(AdoptTest, ReplicasSayWhatTheyAre) {
  ASSERT_TRUE(ok(adopt(*client_.dialer, request_for(replica(1), original("f", "bytes"), client_.key))));
  auto stub = v1::Replicas::NewStub(client_.dialer->channel(node_.address()).value());
  v1::DescribeRequest request;
  for (uint64_t inode : {1U, 2U, 1U}) {
    auto* item = request.add_items();
    *item->mutable_replica() = wire::to_wire(replica(inode));
    Ticket ticket = ticket_for(replica(inode), client_.key, static_cast<Rights>(Right::kRead));
    item->set_ticket(sealed(ticket));
  }
  request.mutable_items(2)->set_ticket("forged");
  grpc::ClientContext call;
  set_deadline(call, kPatience);
  v1::DescribeReply reply;
  ASSERT_TRUE(ok(from_grpc(stub->Describe(&call, request, &reply))));
  ASSERT_EQ(reply.replicas_size(), 3);
  EXPECT_EQ(reply.replicas(0).code(), 0U);
  EXPECT_EQ(reply.replicas(0).origin().name(), "a file");
  EXPECT_EQ(static_cast<Code>(reply.replicas(1).code()), Code::kNotFound);
  EXPECT_EQ(static_cast<Code>(reply.replicas(2).code()), Code::kPermissionDenied);
}

TEST_F(AdoptTest, ANodeSaysWhoItIs) {
  auto stub = v1::Replicas::NewStub(client_.dialer->channel(node_.address()).value());
  grpc::ClientContext call;
  set_deadline(call, kPatience);
  v1::IdentifyReply reply;
  ASSERT_TRUE(ok(from_grpc(stub->Identify(&call, v1::IdentifyRequest(), &reply))));
  EXPECT_EQ(reply.node(), wire::id_to_wire(node_.id()));
  ASSERT_EQ(reply.masters_size(), 1);
  EXPECT_EQ(reply.masters(0), "127.0.0.1:1");
  ASSERT_EQ(reply.directories_size(), 1);
  EXPECT_EQ(reply.directories(0), node_.layout().root());
}

}  // namespace
}  // namespace fsdfs::node
