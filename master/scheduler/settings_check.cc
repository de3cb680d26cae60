#include "master/scheduler/settings_check.h"

#include <cmath>

namespace fsdfs::master {

namespace {

Status out_of_range(const char* name, const std::string& value, const char* range) {
  return invalid_argument(std::string(name) + " is " + value + ", it must be " + range);
}

}  // namespace

Status check_settings(const SchedulerSettings& s) {
  auto number = [](auto value) { return std::to_string(value); };
  if (s.sync_copies < 1 || s.sync_copies > 100)
    return out_of_range("sync_copies", number(s.sync_copies), "1 to 100");
  if (s.sync_copies_min < 1 || s.sync_copies_min > s.sync_copies) {
    return out_of_range("sync_copies_min", number(s.sync_copies_min), "1 to sync_copies");
  }
  if (s.min_copies < 1 || s.min_copies > 100)
    return out_of_range("min_copies", number(s.min_copies), "1 to 100");
  if (!(s.write_reserve >= 0 && s.write_reserve <= 0.9)) {
    return out_of_range("write_reserve", number(s.write_reserve), "0 to 0.9 (0% to 90%)");
  }
  if (s.copies_in_per_node < 1 || s.copies_in_per_node > 10'000) {
    return out_of_range("copies_in_per_node", number(s.copies_in_per_node), "1 to 10000");
  }
  if (s.copies_out_per_node < 1 || s.copies_out_per_node > 10'000) {
    return out_of_range("copies_out_per_node", number(s.copies_out_per_node), "1 to 10000");
  }
  if (!(s.load_max > 0)) return out_of_range("load_max", number(s.load_max), "above 0");
  if (s.copy_timeout <= Duration{}) return invalid_argument("copy_timeout must be above 0");
  if (s.copy_rate_min == 0) return invalid_argument("copy_rate_min must be above 0");
  if (s.copy_retry_min <= Duration{} || s.copy_retry_max < s.copy_retry_min) {
    return invalid_argument("copy_retry_min must be above 0 and at most copy_retry_max");
  }
  if (s.delete_retry <= Duration{}) return invalid_argument("delete_retry must be above 0");
  if (s.admit_timeout <= Duration{}) return invalid_argument("admit_timeout must be above 0");
  if (s.deletes_per_node == 0) return invalid_argument("deletes_per_node must be above 0");
  if (s.files_swept_per_tick == 0) return invalid_argument("files_swept_per_tick must be above 0");
  if (s.decisions_per_tick == 0) return invalid_argument("decisions_per_tick must be above 0");
  return {};
}

Status check_version(Version version) {
  if (version.none()) return invalid_argument("a file without a version has no copies to schedule");
  if (version.epoch.value > kVersionEpochMax || version.counter > kVersionCounterMax) {
    return invalid_argument("version " + version.to_string() +
                            " is beyond the limit of 16777215.1099511627775");
  }
  return {};
}

Status check_file(const FileInfo& info) {
  if (info.inode.value == 0) return invalid_argument("inode 0 is no file");
  FSDFS_TRY(check_version(info.version));
  if (info.size > kFileSizeMax) {
    return invalid_argument("inode " + to_string(info.inode) + " has " + std::to_string(info.size) +
                            " bytes, the limit is " + std::to_string(kFileSizeMax));
  }
  if (!(info.target >= 0 && info.target <= kTargetMax)) {
    return out_of_range("target", std::to_string(info.target), "a number from 0 to 10000");
  }
  if (info.weight && std::isnan(*info.weight)) return out_of_range("weight", "not a number", "a number");
  return {};
}

}  // namespace fsdfs::master
