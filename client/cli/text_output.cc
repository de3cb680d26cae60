#include "client/cli/text_output.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>

#include "common/units.h"

namespace fsdfs::client {

namespace {

template <size_t Count, typename Enum>
std::string_view name_of(const std::array<std::string_view, Count>& names, Enum value) {
  auto index = static_cast<size_t>(value);
  return index < Count ? names[index] : names[0];
}

char type_letter(FileType type) {
  static constexpr std::array<char, 8> kLetters = {'?', '-', 'd', 'l', 'p', 's', 'c', 'b'};
  auto index = static_cast<size_t>(type);
  return index < kLetters.size() ? kLetters[index] : '?';
}

void set_execute(std::string& text, size_t at, bool special, char letter) {
  if (!special) return;
  text[at] = text[at] == 'x' ? letter : static_cast<char>(letter - 'a' + 'A');
}

// How many display columns a cell takes: its UTF-8 code points.
size_t columns(const std::string& cell) {
  return static_cast<size_t>(std::count_if(
      cell.begin(), cell.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace

std::string_view type_name(FileType type) {
  static constexpr std::array<std::string_view, 8> kNames = {
      "unknown", "file", "directory", "symlink", "fifo", "socket", "character_device", "block_device"};
  return name_of(kNames, type);
}

std::string_view state_name(NodeState state) {
  static constexpr std::array<std::string_view, 4> kNames = {"unknown", "up", "silent", "dead"};
  return name_of(kNames, state);
}

std::string_view state_name(AdminState state) {
  static constexpr std::array<std::string_view, 5> kNames = {"unknown", "active", "readonly", "draining",
                                                             "removing"};
  return name_of(kNames, state);
}

std::string_view state_name(ReplicaState state) {
  static constexpr std::array<std::string_view, 5> kNames = {"unknown", "whole", "stale", "deleting",
                                                             "quarantined"};
  return name_of(kNames, state);
}

std::string_view source_name(TargetSource source) {
  static constexpr std::array<std::string_view, 5> kNames = {"default", "directory", "rule", "hook", "own"};
  return name_of(kNames, source);
}

std::string iso_time(const FileTime& time) {
  std::time_t seconds = time.seconds;
  std::tm parts{};
  if (::gmtime_r(&seconds, &parts) == nullptr) return fmt::format("@{}", time.seconds);
  std::string text = fmt::format("{:%Y-%m-%dT%H:%M:%S}", parts);
  if (time.nanoseconds != 0) {
    text += fmt::format(".{:09}", time.nanoseconds);
    while (text.back() == '0') text.pop_back();
  }
  return text + "Z";
}

std::string local_time_text(const FileTime& time) {
  std::time_t seconds = time.seconds;
  std::tm parts{};
  if (::localtime_r(&seconds, &parts) == nullptr) return fmt::format("@{}", time.seconds);
  return fmt::format("{:%Y-%m-%d %H:%M}", parts);
}

std::string mode_text(FileType type, uint32_t mode) {
  static constexpr std::string_view kBits = "rwxrwxrwx";
  std::string text(1, type_letter(type));
  for (size_t i = 0; i < kBits.size(); ++i) text += (mode >> (8 - i) & 1) != 0 ? kBits[i] : '-';
  set_execute(text, 3, (mode & 04000) != 0, 's');
  set_execute(text, 6, (mode & 02000) != 0, 's');
  set_execute(text, 9, (mode & 01000) != 0, 't');
  return text;
}

std::string number_text(double number) {
  if (number == std::floor(number) && std::abs(number) < 1e15) return fmt::format("{:.0f}", number);
  return fmt::format("{:.6g}", number);
}

std::string copies_text(const Attributes& attributes) {
  if (!attributes.is_regular()) return "-";
  return fmt::format("{}/{}", attributes.copies, number_text(attributes.target));
}

std::string table(const std::vector<std::vector<std::string>>& rows, const std::vector<size_t>& right) {
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      std::string padding(widths[i] - columns(row[i]), ' ');
      bool at_right = std::find(right.begin(), right.end(), i) != right.end();
      line += (i == 0 ? "" : "  ") + (at_right ? padding + row[i] : row[i] + padding);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

namespace {

std::string plural(uint64_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

std::string health_line(const SwarmStatus& status) {
  if (!status.min_surplus) return "no files yet";
  std::string line = fmt::format("min(K-N) = {}: ", number_text(*status.min_surplus));
  if (status.unavailable > 0) {
    return line +
           fmt::format("{} cannot be read: no copy is up", plural(status.unavailable, "file", "files"));
  }
  if (*status.min_surplus >= 1) return line + "every file has copies to spare";
  if (*status.min_surplus >= 0)
    return line + "every file has its copies, and none to spare: think of adding a server";
  if (status.min_surplus_uncapped.value_or(0) >= 0 && status.capped > 0) {
    return line +
           fmt::format("{} more copies than there are servers: add a server",
                       status.capped == 1 ? "1 file wants" : fmt::format("{} files want", status.capped));
  }
  return line + "files lack copies";
}

std::string histogram_text(const SwarmStatus& status) {
  constexpr size_t kBarColumns = 40;
  uint64_t most = 1;
  for (const auto& [surplus, files] : status.surplus_histogram) most = std::max(most, files);
  std::vector<std::vector<std::string>> rows = {{"K-N", "files", ""}};
  for (const auto& [surplus, files] : status.surplus_histogram) {
    size_t length = static_cast<size_t>(static_cast<double>(files) / static_cast<double>(most) * kBarColumns);
    rows.push_back({fmt::format("{:+}", surplus), std::to_string(files),
                    std::string(files > 0 ? std::max<size_t>(length, 1) : 0, '#')});
  }
  return table(rows, {0, 1});
}

std::string percent_of(uint64_t part, uint64_t whole) {
  if (whole == 0) return "-";
  return fmt::format("{:.0f}%", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

}  // namespace

std::string status_text(const SwarmStatus& status) {
  std::string text = health_line(status) + "\n";
  if (status.endangered > 0) {
    text += fmt::format("endangered: {} with a single copy\n", plural(status.endangered, "file", "files"));
  }
  if (!status.surplus_histogram.empty()) text += "\n" + histogram_text(status);
  text += "\n";
  text += fmt::format("files     {} in {}, {} ({} with all copies)\n", status.files,
                      plural(status.directories, "directory", "directories"), format_size(status.bytes),
                      format_size(status.stored_bytes));
  text += fmt::format("trash     {}, {}\n", plural(status.trash_files, "deleted file", "deleted files"),
                      format_size(status.trash_bytes));
  text += fmt::format("space     {} of {} used ({})\n", format_size(status.used_bytes),
                      format_size(status.quota_bytes), percent_of(status.used_bytes, status.quota_bytes));
  text += fmt::format("nodes     {} up, {} silent, {} dead\n", status.nodes_up, status.nodes_silent,
                      status.nodes_dead);
  text += fmt::format("copies    {} in flight, {} queued, {} waiting for room\n", status.copies_in_flight,
                      status.copies_queued, status.copies_parked);
  text += fmt::format("puts      {} open\n", status.open);
  text += fmt::format("swarm     {} {}, N = {} by default\n", status.swarm_name, to_string(status.swarm),
                      number_text(status.default_target));
  text += fmt::format("master    {}, epoch {}\n", status.master_address, status.epoch.value);
  for (const std::string& warning : status.warnings) text += "warning: " + warning + "\n";
  return text;
}

std::string trash_text(const std::vector<TrashEntry>& entries, const std::vector<std::string>& paths) {
  std::vector<std::vector<std::string>> rows = {{"DELETED", "PURGED", "SIZE", "K", "ID", "PATH"}};
  for (size_t i = 0; i < entries.size(); ++i) {
    const TrashEntry& entry = entries[i];
    rows.push_back({local_time_text(entry.deleted), local_time_text(entry.purged), format_size(entry.size),
                    std::to_string(entry.copies), to_string(entry.inode), paths[i]});
  }
  return table(rows, {2, 3, 4});
}

std::string quotas_text(const std::vector<Quota>& quotas, const std::vector<std::string>& paths) {
  std::vector<std::vector<std::string>> rows = {
      {"BYTES", "ALLOWED", "USE%", "FILES", "ALLOWED", "USE%", "DIRECTORY"}};
  for (size_t i = 0; i < quotas.size(); ++i) {
    const Quota& quota = quotas[i];
    rows.push_back({format_size(quota.bytes_used), quota.bytes_limit ? format_size(*quota.bytes_limit) : "-",
                    percent_of(quota.bytes_used, quota.bytes_limit.value_or(0)),
                    std::to_string(quota.files_used),
                    quota.files_limit ? std::to_string(*quota.files_limit) : "-",
                    percent_of(quota.files_used, quota.files_limit.value_or(0)), paths[i]});
  }
  return table(rows, {0, 1, 2, 3, 4, 5});
}

std::string policy_text(const PolicyState& policy) {
  if (policy.revision == 0)
    return "there is no policy: every file has its own target, its directory's, or the default\n";
  std::string text = fmt::format("revision {}", policy.revision);
  if (policy.evaluating) text += fmt::format(", re-evaluating: {:.0f} %", policy.share * 100);
  text += "\nhook: " + policy.hook + "\n";
  for (const std::string& warning : policy.warnings) text += "warning: " + warning + "\n";
  if (!policy.text.rules.empty()) text += "\n--- rules ---\n" + policy.text.rules;
  if (!policy.text.python.empty()) text += "\n--- hook ---\n" + policy.text.python;
  if (text.back() != '\n') text += "\n";
  return text;
}

namespace {

// "draining (12 left)", "drained": what an operator waits for.
std::string admin_text(const NodeInfo& node) {
  std::string text(state_name(node.admin_state));
  if (node.admin_state != AdminState::kDraining) return text;
  return node.drained ? "drained" : fmt::format("{} ({} left)", text, node.drain_left);
}

// Where there is more to say of a node's disks than of the node: there are several, or one failed.
std::string disks_text(const std::vector<NodeInfo>& nodes) {
  std::vector<std::vector<std::string>> rows = {
      {"NODE", "DISK", "STATE", "USED", "QUOTA", "USE%", "FREE", "FILES"}};
  for (const NodeInfo& node : nodes) {
    bool failed = std::any_of(node.disks.begin(), node.disks.end(),
                              [](const DiskInfo& disk) { return !disk.failed.empty(); });
    if (node.disks.size() < 2 && !failed) continue;
    for (const DiskInfo& disk : node.disks) {
      rows.push_back({node.node.address, disk.path, disk.failed.empty() ? "good" : "failed",
                      format_size(disk.used_bytes), format_size(disk.quota_bytes),
                      percent_of(disk.used_bytes, disk.quota_bytes), format_size(disk.free_bytes),
                      std::to_string(disk.replicas)});
    }
  }
  if (rows.size() == 1) return {};
  std::string text = "\n" + table(rows, {3, 4, 5, 6, 7});
  for (const NodeInfo& node : nodes) {
    for (const DiskInfo& disk : node.disks) {
      if (!disk.failed.empty()) text += fmt::format("{} {}: {}\n", node.node.address, disk.path, disk.failed);
    }
  }
  return text;
}

}  // namespace

std::string nodes_text(const std::vector<NodeInfo>& nodes) {
  std::vector<std::vector<std::string>> rows = {{"ADDRESS", "ZONE", "STATE", "ADMIN", "USED", "QUOTA", "USE%",
                                                 "FILES", "MAX(K-N)", "CPU", "NET IN", "NET OUT", "DISK",
                                                 "COPIES", "ID"}};
  for (const NodeInfo& node : nodes) {
    rows.push_back({node.node.address, node.node.zone.empty() ? "-" : node.node.zone,
                    std::string(state_name(node.state)), admin_text(node), format_size(node.used_bytes),
                    format_size(node.quota_bytes), percent_of(node.used_bytes, node.quota_bytes),
                    std::to_string(node.files), node.max_surplus ? number_text(*node.max_surplus) : "-",
                    fmt::format("{:.0f}%", node.load.cpu * 100),
                    format_size(static_cast<uint64_t>(node.load.net_in)) + "/s",
                    format_size(static_cast<uint64_t>(node.load.net_out)) + "/s",
                    fmt::format("{:.1f} ms", node.load.disk), std::to_string(node.load.copies),
                    to_string(node.node.node)});
  }
  return table(rows, {4, 5, 6, 7, 8, 9, 10, 11, 12, 13}) + disks_text(nodes);
}

std::string stat_text(const std::string& path, const FileStat& stat) {
  const Attributes& attributes = stat.attributes;
  std::vector<std::vector<std::string>> rows = {
      {"path", path},
      {"type", std::string(type_name(attributes.type))},
      {"size", fmt::format("{} ({} bytes)", format_size(attributes.size), attributes.size)},
      {"mode", fmt::format("{} ({:04o})  uid {}  gid {}", mode_text(attributes.type, attributes.mode),
                           attributes.mode, attributes.uid, attributes.gid)},
      {"modified", iso_time(attributes.modified)},
      {"changed", iso_time(attributes.changed)},
      {"inode", to_string(attributes.inode)}};
  if (attributes.is_directory() && !stat.target_origin.empty()) {
    rows.push_back({"target", fmt::format("N = {} for files in it, from {}",
                                          number_text(stat.directory_target), stat.target_origin)});
  }
  if (!attributes.is_regular()) return table(rows, {});
  rows.push_back({"version", attributes.version.to_string()});
  rows.push_back({"copies", fmt::format("K = {} of N = {}, K-N = {}", attributes.copies,
                                        number_text(attributes.target), number_text(attributes.surplus()))});
  if (!stat.target_origin.empty()) rows.push_back({"N from", stat.target_origin});
  for (const auto& [name, value] : stat.vars) rows.push_back({"var", name + " = " + number_text(value)});
  std::string text = table(rows, {});
  if (stat.replicas.empty()) return text;
  std::vector<std::vector<std::string>> replicas = {
      {"NODE", "ADDRESS", "ZONE", "STATE", "VERSION", "NODE IS", "VERIFIED"}};
  for (const ReplicaInfo& replica : stat.replicas) {
    replicas.push_back({to_string(replica.node.node), replica.node.address,
                        replica.node.zone.empty() ? "-" : replica.node.zone,
                        std::string(state_name(replica.state)), replica.version.to_string(),
                        std::string(state_name(replica.node_state)),
                        replica.verified == FileTime{} ? "-" : local_time_text(replica.verified)});
  }
  return text + "\n" + table(replicas, {});
}

}  // namespace fsdfs::client
