// The JSON that scripts rely on: names and shapes are those of DESIGN section 4, to which more may be added.
//
// Pure functions from the library's values. Every text is valid UTF-8: in a name that is not, bad bytes are
// replaced and "path_base64" (or "name_base64") beside it has the bytes. Objects keep the order of their
// members.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "client/types.h"

namespace fsdfs::client {

using Json = nlohmann::ordered_json;

Json status_json(const SwarmStatus& status);
Json nodes_json(const std::vector<NodeInfo>& nodes);
Json stat_json(const std::string& path, const FileStat& stat);
// paths and locations side by side.
Json locate_json(const std::vector<std::string>& paths, const std::vector<Location>& locations);
// What computes N.
Json target_json(const std::string& path, const FileStat& stat);
Json vars_json(const std::string& path, const std::map<std::string, double>& vars);
Json policy_json(const PolicyState& policy);
Json checked_json(const std::string& path, const CheckedFile& file);
// One entry of ls and tree.
Json entry_json(const std::string& path, const std::string& name, const Attributes& attributes);
// trash and quotas
Json trash_json(const TrashEntry& entry);
Json quota_json(const Quota& quota);

// With replacement characters where a text is not UTF-8; ends in a line break.
std::string json_text(const Json& json);

}  // namespace fsdfs::client
