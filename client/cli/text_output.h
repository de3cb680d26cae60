// What the commands print for people: tables, times, modes, the state of the swarm. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "client/types.h"

namespace fsdfs::client {

std::string_view type_name(FileType type);          // "file", "directory", "symlink", ...
std::string_view state_name(NodeState state);       // "up"
std::string_view state_name(AdminState state);      // "active"
std::string_view state_name(ReplicaState state);    // "whole"
std::string_view source_name(TargetSource source);  // "rule"

// UTC: "2024-05-01T12:00:00.123456789Z", without a fraction if it is zero.
std::string iso_time(const FileTime& time);
std::string local_time_text(const FileTime& time);    // "2024-05-01 12:00", of this machine's time zone
std::string mode_text(FileType type, uint32_t mode);  // "-rw-r--r--", "drwxr-sr-t"
// A surplus or target without needless digits: "3", "-1", "2.5".
std::string number_text(double number);
std::string copies_text(const Attributes& attributes);  // "2/3", K of N; "-" for what has no copies

// Columns padded to their widest cell, two blanks between them; those that `right` names are flush right.
std::string table(const std::vector<std::vector<std::string>>& rows, const std::vector<size_t>& right);

std::string policy_text(const PolicyState& policy);
std::string status_text(const SwarmStatus& status);
// With the paths as they shall be shown, side by side.
std::string trash_text(const std::vector<TrashEntry>& entries, const std::vector<std::string>& paths);
std::string quotas_text(const std::vector<Quota>& quotas, const std::vector<std::string>& paths);
std::string nodes_text(const std::vector<NodeInfo>& nodes);
// `path` as it shall be shown.
std::string stat_text(const std::string& path, const FileStat& stat);

}  // namespace fsdfs::client
