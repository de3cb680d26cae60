#include "client/cli/insight_output.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>

#include "client/cli/text_output.h"
#include "common/path.h"
#include "common/units.h"

namespace fsdfs::client {

namespace {

std::string zone_text(const NodeAddress& node) {
  return node.zone.empty() ? "-" : node.zone;
}

// "up", "silent, draining".
std::string node_text(NodeState state, AdminState admin) {
  std::string text(state_name(state));
  return admin == AdminState::kActive ? text : text + ", " + std::string(state_name(admin));
}

std::string place_json_name(PlaceState state) {
  static constexpr std::string_view kNames[] = {"unknown", "current", "arriving",
                                                "waiting", "old",     "deleting"};
  auto index = static_cast<size_t>(state);
  return std::string(index < std::size(kNames) ? kNames[index] : kNames[0]);
}

Json surplus_or_null(const std::optional<double>& surplus) {
  return surplus ? Json(*surplus) : Json(nullptr);
}

Json min_surplus_json(const MinSurplus& surplus) {
  return {{"min_surplus", surplus_or_null(surplus.all)},
          {"min_surplus_uncapped", surplus_or_null(surplus.uncapped)}};
}

std::string surplus_cell(const std::optional<double>& surplus) {
  return surplus ? number_text(*surplus) : "-";
}

std::string files_text(uint64_t count) {
  return count == 1 ? "1 file" : fmt::format("{} files", count);
}

void set_path(Json& json, const std::string& path) {
  json["path"] = path;
  if (!is_utf8(path)) json["path_base64"] = base64_encode(path);
}

Json node_id_or_null(const NodeAddress& node) {
  return node.node.none() ? Json(nullptr) : Json(to_string(node.node));
}

std::string moment(const FileTime& time) {
  std::time_t seconds = time.seconds;
  std::tm parts{};
  if (::localtime_r(&seconds, &parts) == nullptr) return fmt::format("@{}", time.seconds);
  return fmt::format("{:%Y-%m-%d %H:%M:%S}.{:03}", parts, time.nanoseconds / 1'000'000);
}

}  // namespace

std::string_view place_name(PlaceState state) {
  switch (state) {
    case PlaceState::kCurrent:
      return "holds it";
    case PlaceState::kArriving:
      return "being copied there";
    case PlaceState::kWaiting:
      return "a copy waits for room there";
    case PlaceState::kOld:
      return "holds an older version";
    case PlaceState::kDoomed:
      return "its copy is being deleted";
    case PlaceState::kUnknown:
      break;
  }
  return "unknown";
}

// --- why ---

std::string explanation_text(const std::string& path, const Explanation& answer) {
  std::string counts = fmt::format("K = {}", answer.copies);
  if (answer.arriving != 0) counts += fmt::format(", {} more on the way", answer.arriving);
  std::vector<std::vector<std::string>> rows = {
      {"file", path},
      {"target", fmt::format("N = {} ({})", number_text(answer.target), answer.target_origin)},
      {"copies", counts},
      {"surplus", "K-N = " + number_text(answer.surplus)},
      {"next", answer.next}};
  if (answer.open) rows.push_back({"open", "in a session: being written"});
  if (answer.trash) rows.push_back({"trash", "it is deleted, and kept for a while"});
  std::string text = table(rows, {});
  if (answer.places.empty() && answer.not_on.empty()) return text;
  std::vector<std::vector<std::string>> nodes = {{"NODE", "ZONE", "STATE", "COPY", "COUNTS"}};
  for (const ReplicaPlace& place : answer.places) {
    nodes.push_back({place.node.address, zone_text(place.node),
                     node_text(place.node_state, place.admin_state), std::string(place_name(place.state)),
                     place.counts ? "yes" : "no"});
  }
  for (const NoPlace& node : answer.not_on) {
    nodes.push_back({node.node.address, zone_text(node.node), node_text(node.node_state, node.admin_state),
                     "none: " + node.why, "-"});
  }
  return text + "\n" + table(nodes, {});
}

Json explanation_json(const std::string& path, const Explanation& answer) {
  Json json;
  set_path(json, path);
  json["inode"] = answer.attributes.inode.value;
  json["version"] = answer.attributes.version.to_string();
  json["size"] = answer.attributes.size;
  json["target"] = answer.target;
  json["target_origin"] = answer.target_origin;
  json["copies"] = answer.copies;
  json["arriving"] = answer.arriving;
  json["surplus"] = answer.surplus;
  json["open"] = answer.open;
  json["trash"] = answer.trash;
  json["places"] = Json::array();
  for (const ReplicaPlace& place : answer.places) {
    json["places"].push_back({{"node", to_string(place.node.node)},
                              {"address", place.node.address},
                              {"zone", place.node.zone},
                              {"state", place_json_name(place.state)},
                              {"counts", place.counts},
                              {"node_state", state_name(place.node_state)},
                              {"admin_state", state_name(place.admin_state)}});
  }
  json["not_on"] = Json::array();
  for (const NoPlace& node : answer.not_on) {
    json["not_on"].push_back({{"node", to_string(node.node.node)},
                              {"address", node.node.address},
                              {"zone", node.node.zone},
                              {"why", node.why},
                              {"node_state", state_name(node.node_state)},
                              {"admin_state", state_name(node.admin_state)}});
  }
  json["next"] = answer.next;
  return json;
}

// --- what if ---

std::string what_if_text(const std::string& what, const WhatIf& answer) {
  std::string text = "if " + what + ":\n\n";
  text += table({{"MIN(K-N)", "ALL FILES", "THOSE THAT CAN HAVE THEIR N"},
                 {"now", surplus_cell(answer.now.all), surplus_cell(answer.now.uncapped)},
                 {"at once", surplus_cell(answer.right_away.all), surplus_cell(answer.right_away.uncapped)},
                 {answer.exact ? "after copying" : "after copying (estimate)",
                  surplus_cell(answer.settled.all), surplus_cell(answer.settled.uncapped)}},
                {1, 2});
  text += "\n";
  if (answer.files_lost != 0) {
    text += fmt::format("lost        {}: no other live copy\n", files_text(answer.files_lost));
  }
  if (answer.files_left_one != 0) {
    text += fmt::format("endangered  {} with a single copy left\n", files_text(answer.files_left_one));
  }
  text += fmt::format("to copy     {} copies, {}, to bring every file to its N; spare copies aside\n",
                      answer.copies, format_size(answer.bytes));
  text += fmt::format("room        {} for them: {}{}\n", format_size(answer.room),
                      answer.fits ? "enough" : "not enough, add a server or a quota",
                      answer.exact ? "" : " (an estimate, rather too good than too bad)");
  return text;
}

Json what_if_json(const WhatIf& answer) {
  return {{"node", node_id_or_null(answer.node)},
          {"now", min_surplus_json(answer.now)},
          {"at_once", min_surplus_json(answer.right_away)},
          {"settled", min_surplus_json(answer.settled)},
          {"files_lost", answer.files_lost},
          {"files_endangered", answer.files_left_one},
          {"copies", answer.copies},
          {"bytes", answer.bytes},
          {"room", answer.room},
          {"fits", answer.fits},
          {"exact", answer.exact}};
}

// --- events ---

std::string event_text(const Event& event) {
  return moment(event.time) + "  " + event.text + "\n";
}

std::string event_json(const Event& event) {
  Json json = {{"sequence", event.sequence}, {"time", iso_time(event.time)}, {"kind", event.kind}};
  json["inode"] = event.inode.value == 0 ? Json(nullptr) : Json(event.inode.value);
  if (!event.path.empty()) set_path(json, event.path);
  json["node"] = node_id_or_null(event.node);
  json["address"] = event.node.address.empty() ? Json(nullptr) : Json(event.node.address);
  json["cause"] = event.cause;
  json["text"] = event.text;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

// --- nodes ---

Json admin_state_json(const AdminStateChange& change) {
  return {{"id", to_string(change.node.node)},
          {"address", change.node.address},
          {"admin_state", state_name(change.state)},
          {"before", state_name(change.before)}};
}

Json sole_copy_json(const SoleCopy& copy) {
  Json json = {{"inode", copy.inode.value}};
  if (!copy.path.empty()) set_path(json, copy.path);
  json["size"] = copy.size;
  return json;
}

}  // namespace fsdfs::client
