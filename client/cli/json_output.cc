#include "client/cli/json_output.h"

#include "client/cli/text_output.h"
#include "common/path.h"

namespace fsdfs::client {

namespace {

void set_bytes(Json& json, const std::string& key, const std::string& bytes) {
  json[key] = bytes;
  if (!is_utf8(bytes)) json[key + "_base64"] = base64_encode(bytes);
}

Json number_or_null(const std::optional<double>& number) {
  return number ? Json(*number) : Json(nullptr);
}

Json load_json(const Load& load) {
  return {{"cpu", load.cpu},
          {"net_in", load.net_in},
          {"net_out", load.net_out},
          {"disk", load.disk},
          {"copies", load.copies},
          {"readers", load.readers},
          {"foreground_ms", load.foreground_ms}};
}

Json scrub_json(const ScrubProgress& scrub) {
  return {{"running", scrub.running},
          {"bytes_done", scrub.bytes_done},
          {"bytes_total", scrub.bytes_total},
          {"replicas", scrub.replicas},
          {"bad", scrub.bad},
          {"passes", scrub.passes},
          {"finished_at", scrub.finished ? Json(iso_time(*scrub.finished)) : Json(nullptr)}};
}

void set_attributes(Json& json, const Attributes& attributes) {
  json["inode"] = attributes.inode.value;
  json["type"] = type_name(attributes.type);
  json["size"] = attributes.size;
  json["version"] = attributes.is_regular() ? Json(attributes.version.to_string()) : Json(nullptr);
  json["target"] = attributes.is_regular() ? Json(attributes.target) : Json(nullptr);
  json["copies"] = attributes.is_regular() ? Json(attributes.copies) : Json(nullptr);
  json["surplus"] = attributes.is_regular() ? Json(attributes.surplus()) : Json(nullptr);
  json["mode"] = attributes.mode;
  json["uid"] = attributes.uid;
  json["gid"] = attributes.gid;
  json["modified"] = iso_time(attributes.modified);
}

void set_target_origin(Json& json, const FileStat& stat) {
  json["own_target"] = number_or_null(stat.attributes.own_target);
  json["target_source"] = source_name(stat.attributes.target_source);
  json["target_origin"] = stat.target_origin;
}

}  // namespace

Json status_json(const SwarmStatus& status) {
  Json histogram = Json::object();
  for (const auto& [surplus, files] : status.surplus_histogram) histogram[std::to_string(surplus)] = files;
  return {
      {"swarm", {{"name", status.swarm_name}, {"id", to_string(status.swarm)}}},
      {"master", {{"address", status.master_address}, {"epoch", status.epoch.value}, {"reachable", true}}},
      {"files", status.files},
      {"directories", status.directories},
      {"bytes", status.bytes},
      {"stored_bytes", status.stored_bytes},
      {"quota_bytes", status.quota_bytes},
      {"used_bytes", status.used_bytes},
      {"default_target", status.default_target},
      {"trash", {{"files", status.trash_files}, {"bytes", status.trash_bytes}}},
      {"min_surplus", number_or_null(status.min_surplus)},
      {"max_surplus", number_or_null(status.max_surplus)},
      {"surplus_histogram", histogram},
      {"unavailable", status.unavailable},
      {"endangered", status.endangered},
      {"capped", status.capped},
      {"min_surplus_uncapped", number_or_null(status.min_surplus_uncapped)},
      {"open", status.open},
      {"copies",
       {{"in_flight", status.copies_in_flight},
        {"queued", status.copies_queued},
        {"parked", status.copies_parked}}},
      {"nodes", {{"up", status.nodes_up}, {"silent", status.nodes_silent}, {"dead", status.nodes_dead}}},
      {"warnings", status.warnings},
  };
}

Json target_json(const std::string& path, const FileStat& stat) {
  Json json;
  set_bytes(json, "path", path);
  set_attributes(json, stat.attributes);
  set_target_origin(json, stat);
  if (stat.attributes.is_directory()) json["target"] = stat.directory_target;
  return json;
}

Json vars_json(const std::string& path, const std::map<std::string, double>& vars) {
  Json json;
  set_bytes(json, "path", path);
  json["vars"] = Json(vars);
  return json;
}

Json policy_json(const PolicyState& policy) {
  return {{"revision", policy.revision}, {"evaluating", policy.evaluating}, {"share", policy.share},
          {"hook", policy.hook},         {"warnings", policy.warnings},     {"rules", policy.text.rules},
          {"python", policy.text.python}};
}

Json checked_json(const std::string& path, const CheckedFile& file) {
  Json json;
  set_bytes(json, "path", path);
  if (!file.status.ok()) {
    json["error"] = {{"code", code_name(file.status.code())}, {"message", file.status.message()}};
    return json;
  }
  json["target"] = file.target;
  json["target_origin"] = file.origin;
  json["target_now"] = file.target_now;
  return json;
}

namespace {

Json disks_json(const std::vector<DiskInfo>& disks) {
  Json list = Json::array();
  for (const DiskInfo& disk : disks) {
    list.push_back({{"path", disk.path},
                    {"quota_bytes", disk.quota_bytes},
                    {"used_bytes", disk.used_bytes},
                    {"free_bytes", disk.free_bytes},
                    {"replicas", disk.replicas},
                    {"failed", disk.failed.empty() ? Json() : Json(disk.failed)}});
  }
  return list;
}

}  // namespace

Json nodes_json(const std::vector<NodeInfo>& nodes) {
  Json list = Json::array();
  for (const NodeInfo& node : nodes) {
    list.push_back({{"id", to_string(node.node.node)},
                    {"address", node.node.address},
                    {"zone", node.node.zone},
                    {"state", state_name(node.state)},
                    {"admin_state", state_name(node.admin_state)},
                    {"quota_bytes", node.quota_bytes},
                    {"used_bytes", node.used_bytes},
                    {"files", node.files},
                    {"max_surplus", number_or_null(node.max_surplus)},
                    {"unknown_replicas", node.unknown_replicas},
                    {"incarnation", node.incarnation.value},
                    {"drain_left", node.drain_left},
                    {"drained", node.drained},
                    {"attending", node.attending},
                    {"disks", disks_json(node.disks)},
                    {"quarantined_replicas", node.quarantined_replicas},
                    {"scrub", scrub_json(node.scrub)},
                    {"load", load_json(node.load)}});
  }
  return list;
}

Json stat_json(const std::string& path, const FileStat& stat) {
  Json json;
  set_bytes(json, "path", path);
  set_attributes(json, stat.attributes);
  json["links"] = stat.attributes.links;
  json["accessed"] = iso_time(stat.attributes.accessed);
  json["changed"] = iso_time(stat.attributes.changed);
  set_target_origin(json, stat);
  json["vars"] = Json(stat.vars);
  json["replicas"] = Json::array();
  for (const ReplicaInfo& replica : stat.replicas) {
    json["replicas"].push_back(
        {{"node", to_string(replica.node.node)},
         {"address", replica.node.address},
         {"zone", replica.node.zone},
         {"state", state_name(replica.state)},
         {"version", replica.version.to_string()},
         {"node_state", state_name(replica.node_state)},
         {"verified_at", replica.verified == FileTime{} ? Json(nullptr) : Json(iso_time(replica.verified))}});
  }
  return json;
}

Json locate_json(const std::vector<std::string>& paths, const std::vector<Location>& locations) {
  Json list = Json::array();
  for (size_t i = 0; i < paths.size(); ++i) {
    const Location& location = locations[i];
    Json json;
    set_bytes(json, "path", paths[i]);
    if (!location.status.ok()) {
      json["error"] = {{"code", code_name(location.status.code())}, {"message", location.status.message()}};
      list.push_back(std::move(json));
      continue;
    }
    json["inode"] = location.attributes.inode.value;
    json["version"] = location.attributes.version.to_string();
    json["size"] = location.attributes.size;
    json["holders"] = Json::array();
    for (const Holder& holder : location.holders) {
      json["holders"].push_back({{"node", to_string(holder.node.node)},
                                 {"address", holder.node.address},
                                 {"zone", holder.node.zone},
                                 {"url", nullptr},
                                 {"load", load_json(holder.load)},
                                 {"state", state_name(holder.state)}});
    }
    list.push_back(std::move(json));
  }
  return list;
}

Json entry_json(const std::string& path, const std::string& name, const Attributes& attributes) {
  Json json;
  set_bytes(json, "name", name);
  set_bytes(json, "path", path);
  set_attributes(json, attributes);
  return json;
}

Json trash_json(const TrashEntry& entry) {
  Json json;
  json["inode"] = entry.inode.value;
  set_bytes(json, "path", entry.path);
  json["size"] = entry.size;
  json["deleted_at"] = iso_time(entry.deleted);
  json["purged_at"] = iso_time(entry.purged);
  json["copies"] = entry.copies;
  json["target"] = entry.target;
  return json;
}

Json quota_json(const Quota& quota) {
  auto limit_json = [](const std::optional<uint64_t>& limit) { return limit ? Json(*limit) : Json(nullptr); };
  Json json;
  set_bytes(json, "path", quota.path);
  json["bytes"] = {{"limit", limit_json(quota.bytes_limit)}, {"used", quota.bytes_used}};
  json["files"] = {{"limit", limit_json(quota.files_limit)}, {"used", quota.files_used}};
  return json;
}

std::string json_text(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace fsdfs::client
