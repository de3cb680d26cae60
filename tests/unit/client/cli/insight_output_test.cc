#include "client/cli/insight_output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/cli/text_output.h"

namespace fsdfs::client {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

NodeAddress shown_node(uint8_t number) {
  NodeAddress address;
  address.node.bytes[15] = number;
  address.address = "10.0.0." + std::to_string(number) + ":4242";
  address.zone = number % 2 == 0 ? "" : "rack" + std::to_string(number);
  return address;
}

Explanation explanation() {
  Explanation answer;
  answer.attributes.inode = InodeId{4711};
  answer.attributes.size = 26;
  answer.attributes.version = {Epoch{3}, 7};
  answer.target = 2.5;
  answer.target_origin = "its own";
  answer.copies = 1;
  answer.arriving = 1;
  answer.surplus = -1.5;
  answer.places = {{shown_node(1), PlaceState::kCurrent, true, NodeState::kUp, AdminState::kActive},
                   {shown_node(2), PlaceState::kArriving, false, NodeState::kUp, AdminState::kActive}};
  answer.not_on = {{shown_node(3), "no room", NodeState::kSilent, AdminState::kDraining}};
  answer.next = "waits for room";
  return answer;
}

TEST(InsightOutput, WhySaysEverythingAboutTheCopies) {
  std::string text = explanation_text("/a.mp3", explanation());
  EXPECT_THAT(text, AllOf(HasSubstr("N = 2.5 (its own)"), HasSubstr("K = 1, 1 more on the way"),
                          HasSubstr("K-N = -1.5"), HasSubstr("waits for room")));
  EXPECT_THAT(text, HasSubstr("10.0.0.1:4242  rack1  up                holds it            yes"));
  EXPECT_THAT(text, HasSubstr("10.0.0.2:4242  -      up                being copied there  no"));
  EXPECT_THAT(text, HasSubstr("10.0.0.3:4242  rack3  silent, draining  none: no room       -"));
  Explanation ruled = explanation();
  ruled.target_origin = "rule 2 of the policy";
  ruled.open = ruled.trash = true;
  EXPECT_THAT(explanation_text("/a", ruled),
              AllOf(HasSubstr("(rule 2 of the policy)"), HasSubstr("being written"), HasSubstr("deleted")));
}

TEST(InsightOutput, WhyAsJson) {
  EXPECT_EQ(explanation_json("/a.mp3", explanation()), Json::parse(R"({
    "path": "/a.mp3", "inode": 4711, "version": "3.7", "size": 26, "target": 2.5, "target_origin": "its own",
    "copies": 1, "arriving": 1, "surplus": -1.5, "open": false, "trash": false,
    "places": [
      {"node": "00000000-0000-0000-0000-000000000001", "address": "10.0.0.1:4242", "zone": "rack1",
       "state": "current", "counts": true, "node_state": "up", "admin_state": "active"},
      {"node": "00000000-0000-0000-0000-000000000002", "address": "10.0.0.2:4242", "zone": "",
       "state": "arriving", "counts": false, "node_state": "up", "admin_state": "active"}],
    "not_on": [
      {"node": "00000000-0000-0000-0000-000000000003", "address": "10.0.0.3:4242", "zone": "rack3",
       "why": "no room", "node_state": "silent", "admin_state": "draining"}],
    "next": "waits for room"})"));
}

WhatIf loss() {
  WhatIf answer;
  answer.node = shown_node(1);
  answer.now = {0, 0};
  answer.right_away = {-1, -0.5};
  answer.settled = {-1, std::nullopt};
  answer.files_lost = 1;
  answer.files_left_one = 12;
  answer.copies = 100;
  answer.bytes = 3 << 20;
  answer.room = 1 << 30;
  answer.fits = true;
  return answer;
}

TEST(InsightOutput, WhatIfSaysWhetherItIsAnEstimate) {
  std::string text = what_if_text("node 10.0.0.1:4242 were lost", loss());
  EXPECT_THAT(text,
              AllOf(HasSubstr("if node 10.0.0.1:4242 were lost"), HasSubstr("1 file: no other live copy"),
                    HasSubstr("12 files with a single copy"), HasSubstr("100 copies, 3 MiB"),
                    HasSubstr("1 GiB for them: enough"), HasSubstr("estimate")));
  WhatIf exact = loss();
  exact.exact = true;
  exact.fits = false;
  exact.files_lost = 0;
  text = what_if_text("x", exact);
  EXPECT_THAT(text, AllOf(HasSubstr("not enough"), Not(HasSubstr("estimate")), Not(HasSubstr("lost"))));
}

TEST(InsightOutput, WhatIfAsJson) {
  EXPECT_EQ(what_if_json(loss()), Json::parse(R"({
    "node": "00000000-0000-0000-0000-000000000001",
    "now": {"min_surplus": 0.0, "min_surplus_uncapped": 0.0},
    "at_once": {"min_surplus": -1.0, "min_surplus_uncapped": -0.5},
    "settled": {"min_surplus": -1.0, "min_surplus_uncapped": null},
    "files_lost": 1, "files_endangered": 12, "copies": 100, "bytes": 3145728, "room": 1073741824, "fits": true,
    "exact": false})"));
  WhatIf added;
  EXPECT_TRUE(what_if_json(added)["node"].is_null());
}

TEST(InsightOutput, AnEventIsOneLine) {
  Event event;
  event.sequence = 99;
  event.time = {.seconds = 1'700'000'000, .nanoseconds = 123'000'000};
  event.kind = "copy";
  event.inode = InodeId{12};
  event.path = "/a\xff";
  event.node = shown_node(1);
  event.cause = "one live copy";
  event.text = "copy /a to 10.0.0.1:4242: one live copy";
  EXPECT_THAT(event_text(event), ::testing::EndsWith(".123  copy /a to 10.0.0.1:4242: one live copy\n"));
  std::string line = event_json(event);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  Json json = Json::parse(line);
  EXPECT_EQ(json["sequence"], 99);
  EXPECT_EQ(json["time"], "2023-11-14T22:13:20.123Z");
  EXPECT_EQ(json["kind"], "copy");
  EXPECT_EQ(json["inode"], 12);
  EXPECT_EQ(json["path_base64"], "L2H/");
  EXPECT_EQ(json["node"], "00000000-0000-0000-0000-000000000001");
  EXPECT_EQ(json["cause"], "one live copy");
  Json bare = Json::parse(event_json(Event{}));
  EXPECT_TRUE(bare["inode"].is_null());
  EXPECT_TRUE(bare["node"].is_null());
  EXPECT_FALSE(bare.contains("path"));
}

TEST(InsightOutput, NodesShowHowTheirDrainingGoes) {
  NodeInfo info;
  info.node = shown_node(1);
  info.state = NodeState::kUp;
  info.admin_state = AdminState::kDraining;
  info.drain_left = 12;
  EXPECT_THAT(nodes_text({info}), HasSubstr("draining (12 left)"));
  info.drained = true;
  EXPECT_THAT(nodes_text({info}), HasSubstr(" drained "));
  info.admin_state = AdminState::kRemoving;
  EXPECT_THAT(nodes_text({info}), HasSubstr(" removing "));
}

TEST(InsightOutput, NodesShowTheirDisksWhereThereIsMoreToSay) {
  NodeInfo info;
  info.node = shown_node(1);
  info.disks = {{"/mnt/a", 100, 50, 30, 2, ""}};
  EXPECT_THAT(nodes_text({info}), Not(HasSubstr("/mnt/a"))) << "its one disk is the node";
  info.disks.push_back({"/mnt/b", 200, 0, 0, 0, ""});
  EXPECT_THAT(nodes_text({info}), AllOf(HasSubstr("/mnt/a"), HasSubstr("/mnt/b"), Not(HasSubstr("failed"))));
  info.disks.erase(info.disks.begin());
  info.disks[0].failed = "not mounted";
  EXPECT_THAT(nodes_text({info}), AllOf(HasSubstr("failed"), HasSubstr("/mnt/b: not mounted")));
}

}  // namespace
}  // namespace fsdfs::client
