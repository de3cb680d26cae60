#include "client/swarm_client.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/unit/client/fake_swarm.h"

namespace fsdfs::client {
namespace {

class SwarmClientTest : public FakeSwarmTest {};

TEST_F(SwarmClientTest, WorksWithNames) {
  auto made = client().make_directory(place("/a"), {});
  ASSERT_TRUE(made.ok()) << made.status().message();
  EXPECT_TRUE(made->is_directory());
  EXPECT_EQ(client().make_directory(place("/a"), {}).status().code(), Code::kAlreadyExists);
  EXPECT_EQ(client().make_directory(place("/b/c"), {}).status().code(), Code::kNotFound);
  NewDirectory parents;
  parents.parents = true;
  EXPECT_TRUE(client().make_directory(place("/b/c"), parents).ok());
  add_file("/a/f", "x");
  auto moved = client().rename(place("/a/f"), place("/b/g"));
  ASSERT_TRUE(moved.ok());
  EXPECT_EQ(client().lookup(place_in(client().lookup(place("/b"))->inode, "g"))->inode, moved->inode);
  EXPECT_EQ(client().remove(place("/b"), RemoveKind::kFile).status().reason(), Reason::kIsDirectory);
  EXPECT_EQ(client().remove(place("/b"), RemoveKind::kDirectory).status().reason(), Reason::kNotEmpty);
  EXPECT_TRUE(client().remove(place("/b/g"), RemoveKind::kFile).ok());
  EXPECT_EQ(client().lookup(place("/b/g")).status().code(), Code::kNotFound);
}

TEST_F(SwarmClientTest, GoesThroughTheReadingsOfAFile) {
  add_file("/f", "content");
  EXPECT_EQ(client().set_target(place("/f"), 4)->target, 4);
  AttributeChange change;
  change.mode = 0600;
  EXPECT_EQ(client().set_attributes(place("/f"), change)->mode, 0600u);
  auto stat = client().stat(place("/f"));
  ASSERT_TRUE(stat.ok());
  ASSERT_EQ(stat->replicas.size(), 3u);
  EXPECT_EQ(stat->replicas[1].node.address, nodes_[1]->address().address);
  auto open = client().open_for_read(place("/f"));
  ASSERT_TRUE(open.ok());
  EXPECT_EQ(open->holders.size(), 3u);
  EXPECT_GT(open->expires, clock_.now() + std::chrono::seconds(50));
}

TEST_F(SwarmClientTest, LocatesMoreThanOneBatchInOrder) {
  add_file("/f", "content");
  std::vector<Place> places(2500, place("/f"));
  places[7] = places[2042] = place("/absent");
  auto locations = client().locate(places);
  ASSERT_TRUE(locations.ok());
  ASSERT_EQ(locations->size(), places.size());
  for (size_t i = 0; i < places.size(); ++i) {
    EXPECT_EQ((*locations)[i].status.ok(), i != 7 && i != 2042) << i;
  }
  EXPECT_EQ((*locations)[7].status.code(), Code::kNotFound);
}

// Invariant 12.
TEST_F(SwarmClientTest, AMutationWhoseAnswerIsLostHasHappenedOnce) {
  master_->lose_answers(3);
  auto made = client().make_directory(place("/a"), {});
  ASSERT_TRUE(made.ok()) << made.status().message();
  EXPECT_EQ(master_->counts().mutations, 1);
}

TEST_F(SwarmClientTest, SurvivesARestartOfTheMaster) {
  ASSERT_TRUE(client().lookup(place("/")).ok());
  std::string address = master_->address();
  master_.reset();
  std::thread restart([&] { master_ = std::make_unique<FakeMaster>(test_credentials(), address); });
  auto made = client().make_directory(place("/a"), {});
  restart.join();
  EXPECT_TRUE(made.ok()) << made.status().message();
}

TEST_F(SwarmClientTest, FindsTheMasterAmongSeveralAddresses) {
  auto several = options();
  std::string gone;
  { gone = FakeNode(77, test_credentials()).address().address; }
  // One where nobody is, one that is a node, and the master.
  several.addresses = {gone, nodes_[0]->address().address, master_->address()};
  auto client = make_client(several);
  EXPECT_TRUE(client->lookup(place("/")).ok());
  EXPECT_TRUE(client->status().ok());
}

TEST_F(SwarmClientTest, NamesTheAddressesThatDidNotAnswer) {
  auto quick = options();
  quick.first_contact = std::chrono::milliseconds(300);
  quick.addresses = {"127.0.0.1:1", "127.0.0.1:2"};
  auto begin = clock_.now();
  auto status = make_client(quick)->lookup(place("/")).status();
  EXPECT_EQ(exit_code_from_status(status), 3) << status.to_string();
  EXPECT_NE(status.message().find("127.0.0.1:1, 127.0.0.1:2"), std::string::npos) << status.message();
  EXPECT_LT(clock_.now() - begin, std::chrono::seconds(3));
}

TEST_F(SwarmClientTest, SaysAtOnceThatThePasswordIsWrong) {
  auto wrong = options();
  auto authority = Authority::derive("another password altogether", kTestSwarm);
  wrong.credentials = *mint_credentials(*authority, "test", clock_.wall());
  auto begin = clock_.now();
  auto status = make_client(wrong)->lookup(place("/")).status();
  EXPECT_EQ(exit_code_from_status(status), 4) << status.to_string();
  EXPECT_EQ(status.reason(), Reason::kWrongPassword);
  EXPECT_LT(clock_.now() - begin, std::chrono::seconds(3));
}

TEST_F(SwarmClientTest, RefusesAddressesThatAreNone) {
  auto bad = options();
  bad.addresses = {"nonsense"};
  EXPECT_EQ(SwarmClient::create(bad, clock_, logger_).status().code(), Code::kInvalidArgument);
  bad.addresses = {};
  EXPECT_EQ(SwarmClient::create(bad, clock_, logger_).status().code(), Code::kInvalidArgument);
}

}  // namespace
}  // namespace fsdfs::client
