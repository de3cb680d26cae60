#include "client/cli/json_output.h"

#include <gtest/gtest.h>

#include "common/path.h"

namespace fsdfs::client {
namespace {

NodeAddress rack_node(uint8_t number) {
  NodeAddress made;
  made.node.bytes[15] = number;
  made.address = "10.0.0." + std::to_string(number) + ":4242";
  made.zone = "rack" + std::to_string(number);
  return made;
}

Attributes file() {
  Attributes attributes;
  attributes.inode = InodeId{4711};
  attributes.type = FileType::kRegular;
  attributes.mode = 0640;
  attributes.uid = 5;
  attributes.gid = 6;
  attributes.links = 1;
  attributes.size = 26;
  attributes.version = {Epoch{3}, 1042};
  attributes.target = 2.5;
  attributes.copies = 2;
  attributes.modified = {.seconds = 1'700'000'000};
  return attributes;
}

// Every name that DESIGN section 4 promises is there; a golden text keeps the shapes.
TEST(JsonOutput, Status) {
  SwarmStatus status;
  status.swarm_name = "music";
  status.swarm.bytes[0] = 0xAB;
  status.master_address = "m:4242";
  status.epoch = Epoch{3};
  status.files = 10;
  status.directories = 2;
  status.bytes = 260;
  status.stored_bytes = 520;
  status.min_surplus = -1;
  status.max_surplus = 1.5;
  status.surplus_histogram = {{-1, 4}, {0, 6}};
  status.unavailable = 1;
  status.endangered = 2;
  status.capped = 3;
  status.open = 4;
  status.copies_in_flight = 5;
  status.copies_queued = 6;
  status.copies_parked = 7;
  status.nodes_up = 8;
  status.nodes_silent = 9;
  status.nodes_dead = 10;
  status.warnings = {"w"};
  status.quota_bytes = 1000;
  status.used_bytes = 520;
  status.default_target = 3;
  status.trash_files = 11;
  status.trash_bytes = 12;
  EXPECT_EQ(status_json(status), Json::parse(R"({
    "swarm": {"name": "music", "id": "ab000000-0000-0000-0000-000000000000"},
    "master": {"address": "m:4242", "epoch": 3, "reachable": true},
    "files": 10, "directories": 2, "bytes": 260, "stored_bytes": 520, "quota_bytes": 1000, "used_bytes": 520,
    "default_target": 3.0, "trash": {"files": 11, "bytes": 12}, "min_surplus": -1.0, "max_surplus": 1.5, "surplus_histogram": {"-1": 4, "0": 6},
    "unavailable": 1, "endangered": 2, "capped": 3, "min_surplus_uncapped": null, "open": 4,
    "copies": {"in_flight": 5, "queued": 6, "parked": 7}, "nodes": {"up": 8, "silent": 9, "dead": 10},
    "warnings": ["w"]})"));
}

TEST(JsonOutput, StatusOfAnEmptySwarmHasNullSurpluses) {
  Json json = status_json({});
  EXPECT_TRUE(json["min_surplus"].is_null());
  EXPECT_TRUE(json["max_surplus"].is_null());
  EXPECT_EQ(json["surplus_histogram"], Json::object());
  EXPECT_EQ(json["warnings"], Json::array());
}

TEST(JsonOutput, Nodes) {
  NodeInfo info;
  info.node = rack_node(7);
  info.state = NodeState::kSilent;
  info.admin_state = AdminState::kDraining;
  info.quota_bytes = 100;
  info.used_bytes = 50;
  info.files = 3;
  info.load = {
      .cpu = 0.5, .net_in = 1, .net_out = 2, .disk = 3.5, .copies = 4, .readers = 5, .foreground_ms = 6};
  info.unknown_replicas = 1;
  info.incarnation = Incarnation{9};
  info.drain_left = 12;
  info.attending = true;
  info.quarantined_replicas = 2;
  info.scrub.running = true;
  info.scrub.bytes_done = 10;
  info.scrub.bytes_total = 20;
  info.scrub.replicas = 3;
  info.scrub.bad = 2;
  info.scrub.passes = 1;
  info.disks = {{"/a", 60, 20, 30, 2, ""}, {"/b", 40, 0, 0, 0, "fsync /b: Input/output error"}};
  EXPECT_EQ(nodes_json({info}), Json::parse(R"([{
    "id": "00000000-0000-0000-0000-000000000007", "address": "10.0.0.7:4242", "zone": "rack7", "state": "silent",
    "admin_state": "draining", "quota_bytes": 100, "used_bytes": 50, "files": 3, "max_surplus": null,
    "unknown_replicas": 1, "incarnation": 9, "drain_left": 12, "drained": false, "attending": true,
    "disks": [{"path": "/a", "quota_bytes": 60, "used_bytes": 20, "free_bytes": 30, "replicas": 2, "failed": null},
              {"path": "/b", "quota_bytes": 40, "used_bytes": 0, "free_bytes": 0, "replicas": 0,
               "failed": "fsync /b: Input/output error"}],
    "quarantined_replicas": 2,
    "scrub": {"running": true, "bytes_done": 10, "bytes_total": 20, "replicas": 3, "bad": 2, "passes": 1,
              "finished_at": null},
    "load": {"cpu": 0.5, "net_in": 1.0, "net_out": 2.0, "disk": 3.5, "copies": 4, "readers": 5,
             "foreground_ms": 6.0}}])"));
}

TEST(JsonOutput, Stat) {
  FileStat stat{.attributes = file(), .replicas = {}};
  stat.replicas.push_back({.node = rack_node(1),
                           .version = {Epoch{3}, 1042},
                           .state = ReplicaState::kWhole,
                           .verified = {.seconds = 1'700'000'001},
                           .node_state = NodeState::kUp});
  ReplicaInfo stale;
  stale.node = rack_node(2);
  stale.state = ReplicaState::kStale;
  stat.replicas.push_back(stale);
  Json json = stat_json("/a.mp3", stat);
  EXPECT_EQ(json["path"], "/a.mp3");
  EXPECT_EQ(json["inode"], 4711);
  EXPECT_EQ(json["type"], "file");
  EXPECT_EQ(json["size"], 26);
  EXPECT_EQ(json["version"], "3.1042");
  EXPECT_EQ(json["target"], 2.5);
  EXPECT_EQ(json["copies"], 2);
  EXPECT_EQ(json["surplus"], -0.5);
  EXPECT_EQ(json["vars"], Json::object());
  ASSERT_EQ(json["replicas"].size(), 2u);
  EXPECT_EQ(json["replicas"][0]["node"], "00000000-0000-0000-0000-000000000001");
  EXPECT_EQ(json["replicas"][0]["state"], "whole");
  EXPECT_EQ(json["replicas"][0]["verified_at"], "2023-11-14T22:13:21Z");
  EXPECT_EQ(json["replicas"][1]["state"], "stale");
  EXPECT_TRUE(json["replicas"][1]["verified_at"].is_null());
}

TEST(JsonOutput, LocateKeepsTheOrderAndTellsWhatFailed) {
  Location found{.status = {},
                 .attributes = file(),
                 .holders = {{.node = rack_node(2), .load = {.cpu = 0.25}, .state = NodeState::kUp}}};
  Location absent{.status = not_found("no such file: /b"), .attributes = {}, .holders = {}};
  Json json = locate_json({"/a", "/b"}, {found, absent});
  ASSERT_EQ(json.size(), 2u);
  EXPECT_EQ(json[0]["path"], "/a");
  EXPECT_EQ(json[0]["inode"], 4711);
  EXPECT_EQ(json[0]["version"], "3.1042");
  EXPECT_EQ(json[0]["size"], 26);
  const Json& holder = json[0]["holders"][0];
  EXPECT_EQ(holder["node"], "00000000-0000-0000-0000-000000000002");
  EXPECT_EQ(holder["address"], "10.0.0.2:4242");
  EXPECT_EQ(holder["zone"], "rack2");
  EXPECT_TRUE(holder.contains("url"));
  EXPECT_EQ(holder["load"]["cpu"], 0.25);
  EXPECT_EQ(holder["state"], "up");
  EXPECT_EQ(json[1]["path"], "/b");
  EXPECT_EQ(json[1]["error"]["code"], "NOT_FOUND");
}

TEST(JsonOutput, NamesThatAreNotUtf8StayFindable) {
  Json json = entry_json("/d/\xFF.mp3", "\xFF.mp3", file());
  std::string text = json_text(json);
  EXPECT_TRUE(is_utf8(text));
  Json back = Json::parse(text);
  EXPECT_EQ(back["path"], "/d/\xEF\xBF\xBD.mp3");
  EXPECT_EQ(*base64_decode(back["path_base64"].get<std::string>()), "/d/\xFF.mp3");
  EXPECT_EQ(*base64_decode(back["name_base64"].get<std::string>()), "\xFF.mp3");
  EXPECT_FALSE(entry_json("/é", "é", file()).contains("path_base64"));
}

TEST(JsonOutput, DirectoriesHaveNoCopies) {
  Attributes directory;
  directory.type = FileType::kDirectory;
  Json json = entry_json("/d", "d", directory);
  EXPECT_EQ(json["type"], "directory");
  EXPECT_TRUE(json["version"].is_null());
  EXPECT_TRUE(json["target"].is_null());
  EXPECT_TRUE(json["copies"].is_null());
}

}  // namespace
}  // namespace fsdfs::client
