// The service Unknown, and sessions on one node alone, over a wire.
#include "fsdfs/unknown.grpc.pb.h"
#include "service_fixture.h"

namespace fsdfs::master {
namespace {

using ::testing::HasSubstr;

class UnknownServiceTest : public ServiceFixture {
 protected:
  UnknownServiceTest() { unknown_ = v1::Unknown::NewStub(*dialer_->channel(server_->address())); }

  Result<v1::OpenSessionReply> open_only(const std::string& node, uint64_t size) {
    v1::OpenSessionRequest request;
    *request.mutable_request() = next_request();
    request.mutable_place()->set_path("f");
    request.set_size(size);
    request.set_only(node);
    v1::OpenSessionReply reply;
    FSDFS_TRY(call(*sessions_, &v1::Sessions::Stub::OpenSession, request, reply));
    return reply;
  }
  v1::ListUnknownReply list(uint32_t limit = 0, const v1::ReplicaId& after = {}) {
    v1::ListUnknownRequest request;
    request.set_limit(limit);
    *request.mutable_after() = after;
    v1::ListUnknownReply reply;
    Status status = call(*unknown_, &v1::Unknown::Stub::ListUnknown, request, reply);
    EXPECT_TRUE(status.ok()) << status.to_string();
    return reply;
  }

  std::unique_ptr<v1::Unknown::Stub> unknown_;
};

TEST_F(UnknownServiceTest, ASessionOnOneNodeHasThatChain) {
  join({1, 2, 3});
  auto opened = open_only(to_proto(node(2).id()), 100);
  ASSERT_TRUE(opened.ok()) << opened.status().to_string();
  ASSERT_EQ(opened->chain_size(), 1);
  EXPECT_EQ(opened->chain(0).node(), to_proto(node(2).id()));
  EXPECT_EQ(open_only(to_proto(node(2).id()), 1 << 21).status().reason(), Reason::kNoSpace);
  EXPECT_EQ(open_only(std::string(16, 'x'), 1).status().code(), Code::kFailedPrecondition);
  EXPECT_EQ(open_only("short", 1).status().code(), Code::kInvalidArgument);
  v1::CommitSessionReply committed;
  ASSERT_TRUE(call(*sessions_, &v1::Sessions::Stub::CommitSession,
                   commit_request(*opened, std::string(100, 'b')), committed)
                  .ok());
  EXPECT_EQ(committed.synced_copies(), 1u);
}

TEST_F(UnknownServiceTest, WithoutAnyTheListIsEmptyAndTheRestNotFound) {
  join({1});
  EXPECT_EQ(list().replicas_size(), 0);
  EXPECT_TRUE(list().end());
  v1::AdoptUnknownRequest adopt;
  *adopt.mutable_request() = next_request();
  adopt.mutable_replica()->set_inode(77);
  v1::AdoptUnknownReply adopted;
  EXPECT_EQ(call(*unknown_, &v1::Unknown::Stub::AdoptUnknown, adopt, adopted).code(), Code::kNotFound);
  v1::PurgeUnknownRequest purge;
  *purge.mutable_request() = next_request();
  purge.mutable_replica()->set_inode(77);
  v1::PurgeUnknownReply purged;
  EXPECT_EQ(call(*unknown_, &v1::Unknown::Stub::PurgeUnknown, purge, purged).code(), Code::kNotFound);
}

}  // namespace
}  // namespace fsdfs::master
