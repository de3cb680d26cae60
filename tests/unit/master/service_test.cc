#include <atomic>

#include "service_fixture.h"

namespace fsdfs::master {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class ServiceTest : public ServiceFixture {
 protected:
  v1::MakeDirectoryRequest mkdir_request(const std::string& path) {
    v1::MakeDirectoryRequest request;
    *request.mutable_request() = next_request();
    request.mutable_place()->set_path(path);
    request.set_mode(0755);
    return request;
  }
  Status mkdir(const v1::MakeDirectoryRequest& request) {
    v1::EntryReply reply;
    return call(*names_, &v1::Namespace::Stub::MakeDirectory, request, reply);
  }
};

TEST_F(ServiceTest, APutOverTheWire) {
  join({1, 2});
  auto done = put("/f", "hello wire");
  ASSERT_TRUE(done.ok()) << done.status().to_string();
  EXPECT_EQ(done->synced_copies(), 2u);
  EXPECT_EQ(done->attributes().copies(), 2u);
  EXPECT_EQ(done->attributes().parent(), kRootInode.value);
  auto found = look("/f");
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->size(), 10u);
  EXPECT_EQ(found->target(), 2);
  EXPECT_EQ(found->digest(), encode_digest(content_digest_of("hello wire")));
}

TEST_F(ServiceTest, ARetriedRequestHasHappenedOnceAlsoAcrossARestart) {
  auto request = mkdir_request("/d");
  EXPECT_TRUE(mkdir(request).ok());
  EXPECT_TRUE(mkdir(request).ok());
  stop();
  start();
  connect();
  EXPECT_TRUE(mkdir(request).ok());
  EXPECT_EQ(mkdir(mkdir_request("/d")).code(), Code::kAlreadyExists);
}

TEST_F(ServiceTest, ARetriedOpenIsTheSameSessionAndARetriedCommitTheSameCommit) {
  join({1, 2});
  v1::OpenSessionRequest open;
  *open.mutable_request() = next_request();
  open.mutable_place()->set_path("/f");
  v1::OpenSessionReply first, second;
  ASSERT_TRUE(call(*sessions_, &v1::Sessions::Stub::OpenSession, open, first).ok());
  ASSERT_TRUE(call(*sessions_, &v1::Sessions::Stub::OpenSession, open, second).ok());
  EXPECT_EQ(first.session(), second.session());
  EXPECT_EQ(second.chain_size(), 2);
  EXPECT_FALSE(second.ticket().empty());
  auto commit = commit_request(first, "bytes");
  v1::CommitSessionReply one, two;
  ASSERT_TRUE(call(*sessions_, &v1::Sessions::Stub::CommitSession, commit, one).ok());
  ASSERT_TRUE(call(*sessions_, &v1::Sessions::Stub::CommitSession, commit, two).ok());
  EXPECT_EQ(one.SerializeAsString(), two.SerializeAsString());
}

TEST_F(ServiceTest, ForgedReceiptsAreRefused) {
  join({1, 2});
  auto session = open_put("/f", 5);
  ASSERT_TRUE(session.ok()) << session.status().to_string();
  auto commit = commit_request(*session, "bytes");
  std::string& receipt = *commit.mutable_receipts(0);
  receipt[receipt.size() / 2] = static_cast<char>(receipt[receipt.size() / 2] ^ 1);
  v1::CommitSessionReply reply;
  EXPECT_EQ(call(*sessions_, &v1::Sessions::Stub::CommitSession, commit, reply).code(),
            Code::kPermissionDenied);
  EXPECT_EQ(look("/f").status().code(), Code::kNotFound);
}

TEST_F(ServiceTest, TicketsAreForTheCallerAndTheInode) {
  join({1, 2});
  ASSERT_TRUE(put("/f", "x").ok());
  v1::OpenForReadRequest request;
  request.mutable_place()->set_path("/f");
  v1::OpenForReadReply reply;
  ASSERT_TRUE(call(*names_, &v1::Namespace::Stub::OpenForRead, request, reply).ok());
  EXPECT_EQ(reply.holders_size(), 2);
  EXPECT_EQ(reply.ticket_seconds(), 60u);
  SecretKey key = authority_.subkey(kTicketKeyLabel);
  // Whose it is only the master knows here; that it is of somebody else shows.
  TicketUse use{clock_.wall(), Fingerprint{}, InodeId{reply.attributes().inode()}, Right::kRead};
  EXPECT_EQ(open_ticket(reply.ticket(), key, use).status().code(), Code::kPermissionDenied);
}

TEST_F(ServiceTest, CopyOrdersCarryATicketForTheNodeAndAWayToTheSources) {
  join({1, 2});
  auto f = put("/f", "x");
  ASSERT_TRUE(f.ok());
  v1::SetTargetRequest more;
  *more.mutable_request() = next_request();
  more.mutable_place()->set_path("/f");
  more.set_target(3);
  v1::EntryReply reply;
  ASSERT_TRUE(call(*names_, &v1::Namespace::Stub::SetTarget, more, reply).ok());
  join({3});
  v1::CopyOrder copy = node(3).wait_copy();
  EXPECT_EQ(copy.replica().inode(), f->attributes().inode());
  EXPECT_EQ(copy.origin().name(), "f");
  ASSERT_GE(copy.sources_size(), 1);
  EXPECT_THAT(copy.sources(0).address(), StartsWith("127.0.0.1:70"));
  EXPECT_FALSE(copy.ticket().empty());
}

TEST_F(ServiceTest, WithoutATrashARemovedFileIsDeletedFromItsNodes) {
  stop();
  trash_retention_ = Duration::zero();
  start();
  connect();
  join({1, 2});
  auto f = put("/f", "x");
  v1::RemoveRequest request;
  *request.mutable_request() = next_request();
  request.mutable_place()->set_path("/f");
  request.set_kind(v1::REMOVE_KIND_FILE);
  v1::RemoveReply reply;
  ASSERT_TRUE(call(*names_, &v1::Namespace::Stub::Remove, request, reply).ok());
  EXPECT_EQ(reply.attributes().inode(), f->attributes().inode());
  EXPECT_TRUE(node(1).wait_deleted(f->attributes().inode()));
  EXPECT_TRUE(node(2).wait_deleted(f->attributes().inode()));
}

TEST_F(ServiceTest, WhoMayNotAttendIsToldWhy) {
  join({1});
  node(2).hello().set_swarm(std::string(16, 's'));
  node(2).join();
  EXPECT_EQ(node(2).wait_end().reason(), Reason::kWrongIdentity);

  WireNode thief(authority_, server_->address(), 1);  // the same id, another key
  thief.incarnation = 9;
  thief.join();
  Status refused = thief.wait_end();
  EXPECT_EQ(refused.reason(), Reason::kWrongIdentity);
  EXPECT_THAT(refused.message(), HasSubstr("another key"));

  node(3).hello().set_node("short");
  node(3).join();
  EXPECT_EQ(node(3).wait_end().code(), Code::kInvalidArgument);
}

TEST_F(ServiceTest, ANodeMayLeaveAndReturn) {
  join({1});
  v1::ListNodesReply nodes;
  ASSERT_TRUE(call(*swarm_, &v1::Swarm::Stub::ListNodes, v1::ListNodesRequest(), nodes).ok());
  ASSERT_EQ(nodes.nodes_size(), 1);
  EXPECT_EQ(nodes.nodes(0).state(), v1::NODE_STATE_UP);
  node(1).leave();
  node(1).join();
  EXPECT_TRUE(node(1).wait_settled());
}

TEST_F(ServiceTest, StatusCountsFilesAndNodes) {
  join({1, 2});
  ASSERT_TRUE(put("/a", "12345").ok());
  ASSERT_TRUE(put("/b", "123").ok());
  ASSERT_TRUE(mkdir(mkdir_request("/d")).ok());
  v1::GetStatusReply status;
  auto deadline = std::chrono::steady_clock::now() + kCallTime;
  do {
    ASSERT_TRUE(call(*swarm_, &v1::Swarm::Stub::GetStatus, v1::GetStatusRequest(), status).ok());
  } while (status.surplus_histogram().count(0) == 0 && std::chrono::steady_clock::now() < deadline);
  EXPECT_EQ(status.swarm_name(), "test");
  EXPECT_EQ(status.swarm().size(), 16u);
  EXPECT_EQ(status.master_address(), server_->address());
  EXPECT_EQ(status.epoch(), 1u);
  EXPECT_EQ(status.files(), 2u);
  EXPECT_EQ(status.bytes(), 8u);
  EXPECT_EQ(status.directories(), 2u);
  EXPECT_EQ(status.nodes_up(), 2u);
  EXPECT_TRUE(status.has_min_surplus());
}

TEST_F(ServiceTest, DirectoriesComeInPages) {
  for (int i = 0; i < 7; ++i) ASSERT_TRUE(mkdir(mkdir_request("/d" + std::to_string(i))).ok());
  std::vector<std::string> names;
  v1::ReadDirectoryRequest request;
  request.set_limit(3);
  v1::ReadDirectoryReply reply;
  do {
    reply.Clear();
    ASSERT_TRUE(call(*names_, &v1::Namespace::Stub::ReadDirectory, request, reply).ok());
    for (const auto& entry : reply.entries()) {
      names.push_back(entry.name());
      request.set_after(entry.cookie());
    }
  } while (!reply.end());
  EXPECT_THAT(names, ElementsAre("d0", "d1", "d2", "d3", "d4", "d5", "d6"));
}

TEST_F(ServiceTest, LocateAnswersEachPlace) {
  join({1, 2});
  ASSERT_TRUE(put("/f", "x").ok());
  v1::LocateRequest request;
  request.add_places()->set_path("/f");
  request.add_places()->set_path("/none");
  request.add_places()->set_path("/");
  v1::LocateReply reply;
  ASSERT_TRUE(call(*names_, &v1::Namespace::Stub::Locate, request, reply).ok());
  ASSERT_EQ(reply.locations_size(), 3);
  EXPECT_EQ(reply.locations(0).code(), 0u);
  EXPECT_EQ(reply.locations(0).holders_size(), 2);
  EXPECT_EQ(reply.locations(1).code(), static_cast<uint32_t>(Code::kNotFound));
  EXPECT_EQ(reply.locations(2).reason(), static_cast<uint32_t>(Reason::kIsDirectory));
  for (int i = 0; i < 1000; ++i) request.add_places()->set_path("/f");
  EXPECT_EQ(call(*names_, &v1::Namespace::Stub::Locate, request, reply).code(), Code::kInvalidArgument);
}

TEST_F(ServiceTest, WhatIsTooBigIsRefusedAndASmallerOneStillGoes) {
  join({1, 2});
  auto huge = open_put("/f", 2 << 20);
  EXPECT_EQ(huge.status().reason(), Reason::kNoSpace) << huge.status().to_string();
  EXPECT_THAT(huge.status().message(), StartsWith("no space: "));
  EXPECT_TRUE(put("/f", "small").ok());
}

TEST_F(ServiceTest, SessionsGrowWithinTheQuota) {
  join({1, 2});
  auto session = open_put("/f", 1000);
  v1::ExtendSessionRequest request;
  request.set_session(session->session());
  request.set_size(500'000);
  v1::ExtendSessionReply reply;
  EXPECT_TRUE(call(*sessions_, &v1::Sessions::Stub::ExtendSession, request, reply).ok());
  EXPECT_FALSE(reply.ticket().empty());
  EXPECT_GT(reply.lease_ms(), 0u);
  request.set_size(3 << 20);
  EXPECT_EQ(call(*sessions_, &v1::Sessions::Stub::ExtendSession, request, reply).reason(), Reason::kNoSpace);
  v1::AbortSessionRequest abort;
  abort.set_session(session->session());
  v1::AbortSessionReply aborted;
  EXPECT_TRUE(call(*sessions_, &v1::Sessions::Stub::AbortSession, abort, aborted).ok());
  EXPECT_EQ(call(*sessions_, &v1::Sessions::Stub::ExtendSession, request, reply).reason(),
            Reason::kSessionLost);
}

TEST_F(ServiceTest, ManyClientsAtOnce) {
  join({1, 2, 3});
  std::vector<std::thread> clients;
  std::atomic<int> failed{0};
  for (int c = 0; c < 8; ++c) {
    clients.emplace_back([this, c, &failed] {
      for (int i = 0; i < 25; ++i) {
        std::string path = "/c" + std::to_string(c) + "-" + std::to_string(i);
        v1::OpenSessionRequest open;
        open.mutable_place()->set_path(path);
        open.set_size(3);
        v1::OpenSessionReply session;
        v1::CommitSessionReply done;
        if (!call(*sessions_, &v1::Sessions::Stub::OpenSession, open, session).ok()) ++failed;
        auto commit = commit_request(session, "abc");
        commit.clear_request();
        if (!call(*sessions_, &v1::Sessions::Stub::CommitSession, commit, done).ok()) ++failed;
        if (!look(path).ok()) ++failed;
      }
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(failed, 0);
  v1::GetStatusReply status;
  ASSERT_TRUE(call(*swarm_, &v1::Swarm::Stub::GetStatus, v1::GetStatusRequest(), status).ok());
  EXPECT_EQ(status.files(), 200u);
}

TEST_F(ServiceTest, TheDirectoryOfARunningMasterIsRefusedToAnother) {
  MasterSettings settings;
  settings.data_directory = directory_;
  auto second = Master::start(settings, authority_, clock_, logger_);
  EXPECT_EQ(second.status().code(), Code::kFailedPrecondition) << second.status().to_string();
}

}  // namespace
}  // namespace fsdfs::master
