#include "fsdfs/admin.grpc.pb.h"
#include "master/service/node_names.h"
#include "service_fixture.h"

namespace fsdfs::master {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string bytes_of(const NodeId& id) {
  return to_proto(id);
}

class AdminTest : public ServiceFixture {
 protected:
  v1::Admin::Stub& admin() {
    stub_ = v1::Admin::NewStub(*dialer_->channel(server_->address()));
    return *stub_;
  }
  std::string name(uint8_t number) { return to_string(node(number).id()); }

  Result<v1::SetAdminStateReply> set(const std::string& named, v1::AdminState state) {
    v1::SetAdminStateRequest request;
    *request.mutable_request() = next_request();
    request.set_node(named);
    request.set_state(state);
    v1::SetAdminStateReply reply;
    FSDFS_TRY(call(admin(), &v1::Admin::Stub::SetAdminState, request, reply));
    return reply;
  }
  struct Removal {
    Status status;
    std::vector<v1::RemoveNodeProgress> progress;
    std::vector<std::string> paths() const {
      std::vector<std::string> paths;
      for (const auto& message : progress) {
        for (const auto& copy : message.sole_copies()) paths.push_back(copy.path());
      }
      return paths;
    }
  };
  Removal remove(const std::string& named, bool force = false) {
    v1::RemoveNodeRequest request;
    request.set_node(named);
    request.set_force(force);
    grpc::ClientContext context;
    set_deadline(context, kCallTime);
    auto reader = admin().RemoveNode(&context, request);
    Removal removal;
    v1::RemoveNodeProgress message;
    while (reader->Read(&message)) removal.progress.push_back(message);
    removal.status = from_grpc(reader->Finish());
    return removal;
  }
  Result<v1::ExplainReply> explain(const std::string& path) {
    v1::ExplainRequest request;
    request.mutable_place()->set_path(path);
    v1::ExplainReply reply;
    FSDFS_TRY(call(admin(), &v1::Admin::Stub::Explain, request, reply));
    return reply;
  }
  std::vector<v1::Event> events(const v1::EventsRequest& request) {
    grpc::ClientContext context;
    set_deadline(context, kCallTime);
    auto reader = admin().Events(&context, request);
    std::vector<v1::Event> all;
    v1::EventsReply reply;
    while (reader->Read(&reply)) all.insert(all.end(), reply.events().begin(), reply.events().end());
    EXPECT_TRUE(reader->Finish().ok());
    return all;
  }
  // The node's stream has ended, also to the master.
  void leave(uint8_t number) {
    node(number).leave();
    auto deadline = clock_.now() + kCallTime;
    while (clock_.now() < deadline) {
      v1::ListNodesReply reply;
      ASSERT_TRUE(call(*swarm_, &v1::Swarm::Stub::ListNodes, v1::ListNodesRequest(), reply).ok());
      bool attends = false;
      for (const auto& info : reply.nodes()) {
        if (info.node().node() == bytes_of(node(number).id())) attends = info.attending();
      }
      if (!attends) return;
    }
    FAIL() << "the node still attends";
  }

  std::unique_ptr<v1::Admin::Stub> stub_;
};

TEST_F(AdminTest, NodesAreFoundByIdPrefixAndAddress) {
  NodeRecord one, two;
  one.id.bytes = {0xab, 0xcd};
  one.address = "10.0.0.1:4242";
  two.id.bytes = {0xab, 0xce};
  two.address = "10.0.0.2:4242";
  std::vector<NodeRecord> nodes = {one, two};
  EXPECT_EQ(find_node(nodes, to_string(two.id))->id, two.id);
  EXPECT_EQ(find_node(nodes, "abcd")->id, one.id);
  EXPECT_EQ(find_node(nodes, "ABCE")->id, two.id);
  EXPECT_EQ(find_node(nodes, "10.0.0.2:4242")->id, two.id);
  Status several = find_node(nodes, "ab").status();
  EXPECT_EQ(several.code(), Code::kFailedPrecondition);
  EXPECT_THAT(several.message(), AllOf(HasSubstr("2 nodes"), HasSubstr(one.address), HasSubstr(two.address)));
  for (const char* none : {"", "ff", "10.0.0.2", "nonsense\n"}) {
    Status missing = find_node(nodes, none).status();
    EXPECT_EQ(missing.code(), Code::kFailedPrecondition) << none;
    EXPECT_THAT(missing.message(), AllOf(HasSubstr("no node is '"), HasSubstr(one.address)));
  }
  EXPECT_THAT(find_node({}, "ab").status().message(), HasSubstr("none has joined"));
}

TEST_F(AdminTest, AdminStatesAreSetAndOutlastARestart) {
  join({1, 2});
  auto set_readonly = set(name(1), v1::ADMIN_STATE_READONLY);
  ASSERT_TRUE(set_readonly.ok()) << set_readonly.status().to_string();
  EXPECT_EQ(set_readonly->before(), v1::ADMIN_STATE_ACTIVE);
  EXPECT_EQ(set_readonly->node().node(), bytes_of(node(1).id()));
  EXPECT_EQ(set("127.0.0.1:7002", v1::ADMIN_STATE_DRAINING)->state(), v1::ADMIN_STATE_DRAINING);
  nodes_.clear();
  stop();
  start();
  connect();
  v1::ListNodesReply reply;
  ASSERT_TRUE(call(*swarm_, &v1::Swarm::Stub::ListNodes, v1::ListNodesRequest(), reply).ok());
  ASSERT_EQ(reply.nodes_size(), 2);
  EXPECT_EQ(reply.nodes(0).admin_state(), v1::ADMIN_STATE_READONLY);
  EXPECT_EQ(reply.nodes(1).admin_state(), v1::ADMIN_STATE_DRAINING);
}

TEST_F(AdminTest, WrongStatesAndUnknownNodesAreNamed) {
  join({1});
  EXPECT_EQ(set(name(1), v1::ADMIN_STATE_REMOVING).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(set(name(1), v1::ADMIN_STATE_UNSPECIFIED).status().code(), Code::kInvalidArgument);
  Status unknown = set("ffff", v1::ADMIN_STATE_DRAINING).status();
  EXPECT_EQ(unknown.code(), Code::kFailedPrecondition);
  EXPECT_THAT(unknown.message(), HasSubstr("127.0.0.1:7001"));
  EXPECT_EQ(remove("ffff").status.code(), Code::kFailedPrecondition);
}

TEST_F(AdminTest, ARemovalIsRefusedWhileTheNodeAttendsOrHoldsTheOnlyCopy) {
  join({1});
  ASSERT_TRUE(put("/only", "one").ok());
  ASSERT_TRUE(put("/too", "two").ok());
  Removal attending = remove(name(1), true);
  EXPECT_EQ(attending.status.code(), Code::kFailedPrecondition);
  EXPECT_THAT(attending.status.message(), HasSubstr("stop its fsdfsd first"));
  leave(1);
  Removal refused = remove(name(1));
  EXPECT_EQ(refused.status.code(), Code::kFailedPrecondition);
  EXPECT_THAT(refused.status.message(), AllOf(HasSubstr("only copy of 2 files: "), HasSubstr("/only"),
                                              HasSubstr("/too"), HasSubstr("--force")));
  EXPECT_THAT(refused.paths(), ::testing::UnorderedElementsAre("/only", "/too"));
  EXPECT_EQ(look("/only")->copies(), 1U) << "nothing has changed";

  Removal forced = remove(name(1), true);
  EXPECT_TRUE(forced.status.ok()) << forced.status.to_string();
  EXPECT_THAT(forced.paths(), ::testing::UnorderedElementsAre("/only", "/too"));
  ASSERT_FALSE(forced.progress.empty());
  EXPECT_EQ(forced.progress.back().phase(), v1::REMOVAL_PHASE_DONE);
  EXPECT_EQ(forced.progress.back().records(), 2U);
  EXPECT_EQ(look("/only")->copies(), 0U);
  EXPECT_EQ(remove(name(1)).status.code(), Code::kFailedPrecondition) << "it is no longer there";
}

TEST_F(AdminTest, ANodeWithoutOnlyCopiesIsRemoved) {
  join({1, 2});
  ASSERT_TRUE(put("/f", "x").ok());
  leave(2);
  Removal removed = remove("127.0.0.1:7002");
  EXPECT_TRUE(removed.status.ok()) << removed.status.to_string();
  EXPECT_TRUE(removed.paths().empty());
  v1::ListNodesReply reply;
  ASSERT_TRUE(call(*swarm_, &v1::Swarm::Stub::ListNodes, v1::ListNodesRequest(), reply).ok());
  EXPECT_EQ(reply.nodes_size(), 1);
}

TEST_F(AdminTest, AFileIsExplained) {
  join({1, 2, 3});
  ASSERT_TRUE(put("/f", "x").ok());
  auto why = explain("/f");
  ASSERT_TRUE(why.ok()) << why.status().to_string();
  EXPECT_EQ(why->target(), 2);
  EXPECT_GE(why->copies(), 2U);
  EXPECT_EQ(why->surplus(), why->copies() - 2.0);
  EXPECT_GE(why->places_size(), 2);
  EXPECT_EQ(why->places_size() + why->not_on_size(), 3);
  for (const auto& place : why->places()) {
    EXPECT_THAT(place.node().address(), HasSubstr("127.0.0.1:700"));
    EXPECT_EQ(place.node_state(), v1::NODE_STATE_UP);
    EXPECT_EQ(place.admin_state(), v1::ADMIN_STATE_ACTIVE);
  }
  EXPECT_FALSE(why->next().empty());
  EXPECT_THAT(why->next(), Not(HasSubstr(name(3)))) << "people know nodes by address";
  EXPECT_EQ(explain("/none").status().code(), Code::kNotFound);
  EXPECT_EQ(explain("").status().reason(), Reason::kIsDirectory);
}

TEST_F(AdminTest, WhatIfNamesItsNode) {
  join({1, 2, 3});
  ASSERT_TRUE(put("/f", "some bytes").ok());
  v1::WhatIfRequest request;
  v1::WhatIfReply reply;
  request.set_lose("127.0.0.1:7001");
  ASSERT_TRUE(call(admin(), &v1::Admin::Stub::WhatIf, request, reply).ok());
  EXPECT_EQ(reply.node().address(), "127.0.0.1:7001");
  EXPECT_TRUE(reply.now().has_all());
  EXPECT_LE(reply.right_away().all(), reply.now().all());
  EXPECT_EQ(reply.files_lost(), 0U);
  request.set_add_quota(1 << 30);
  reply.Clear();
  ASSERT_TRUE(call(admin(), &v1::Admin::Stub::WhatIf, request, reply).ok());
  EXPECT_GE(reply.settled().all(), reply.right_away().all());
  EXPECT_TRUE(reply.fits());
  request.set_lose("nonsense");
  EXPECT_EQ(call(admin(), &v1::Admin::Stub::WhatIf, request, reply).code(), Code::kFailedPrecondition);
  request.clear_lose();
  EXPECT_EQ(call(admin(), &v1::Admin::Stub::WhatIf, request, reply).code(), Code::kInvalidArgument);
}

TEST_F(AdminTest, EventsOfThePastEndByThemselves) {
  join({1, 2});
  ASSERT_TRUE(put("/f", "x").ok());
  ASSERT_TRUE(set(name(1), v1::ADMIN_STATE_READONLY).ok());
  v1::EventsRequest request;
  request.set_last(1000);
  auto all = events(request);
  ASSERT_GE(all.size(), 3U);
  EXPECT_EQ(all.front().kind(), "master");
  for (size_t i = 1; i < all.size(); ++i) EXPECT_GT(all[i].sequence(), all[i - 1].sequence());
  auto joined = std::find_if(all.begin(), all.end(), [](const auto& e) { return e.kind() == "node_joined"; });
  ASSERT_NE(joined, all.end());
  EXPECT_THAT(joined->text(), HasSubstr("127.0.0.1:700"));
  request.set_last(1);
  EXPECT_EQ(events(request).size(), 1U);
  request.set_last(0);
  EXPECT_TRUE(events(request).empty());
  request.set_after(all[0].sequence());
  EXPECT_GE(events(request).size(), all.size() - 1);
}

TEST_F(AdminTest, FollowersAreToldAsThingsHappen) {
  join({1});
  v1::EventsRequest request;
  request.set_follow(true);
  grpc::ClientContext context;
  set_deadline(context, kCallTime);
  auto reader = admin().Events(&context, request);
  v1::EventsReply reply;
  ASSERT_TRUE(reader->Read(&reply)) << "the epoch comes at once";
  EXPECT_EQ(reply.epoch(), master_->epoch().value);
  EXPECT_EQ(reply.events_size(), 0);
  ASSERT_TRUE(set(name(1), v1::ADMIN_STATE_READONLY).ok());
  ASSERT_TRUE(reader->Read(&reply));
  ASSERT_GE(reply.events_size(), 1);
  EXPECT_EQ(reply.events(0).kind(), "node_admin");
  EXPECT_EQ(reply.events(0).cause(), "readonly");
  master_->prepare_stop();
  while (reader->Read(&reply)) {
  }
  EXPECT_EQ(from_grpc(reader->Finish()).code(), Code::kUnavailable) << "the successor is to be followed";
}

TEST_F(AdminTest, FollowersThatLeaveAreForgotten) {
  join({1});
  for (int i = 0; i < 200; ++i) {
    v1::EventsRequest request;
    request.set_follow(true);
    grpc::ClientContext context;
    set_deadline(context, kCallTime);
    auto reader = admin().Events(&context, request);
    v1::EventsReply reply;
    // Those that have left may be noticed a little later: then the feed is full for a moment.
    bool told = reader->Read(&reply);
    context.TryCancel();
    Status ended = from_grpc(reader->Finish());
    EXPECT_EQ(ended.code(), told ? Code::kCancelled : Code::kResourceExhausted);
  }
}

TEST_F(AdminTest, RefusedPutsAreTold) {
  auto refused = open_put("nowhere to go", 5);
  EXPECT_FALSE(refused.ok());
  v1::EventsRequest request;
  request.set_last(10);
  auto all = events(request);
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all.back().kind(), "put_refused");
  EXPECT_THAT(all.back().text(), HasSubstr("nowhere to go"));
}

}  // namespace
}  // namespace fsdfs::master
