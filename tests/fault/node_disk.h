// What lies on a node's disk, looked at from outside, without its process: for tests of what a crash leaves.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string>

#include "common/checksum.h"
#include "node/store/layout.h"
#include "node/store/sidecar.h"

namespace fsdfs::testing {

inline std::string read_bytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The replicas in their place below a data directory: path of the data by id. Those without data are none.
inline std::map<ReplicaId, std::filesystem::path> replicas_in_place(const std::string& data_directory) {
  std::map<ReplicaId, std::filesystem::path> found;
  std::error_code error;
  std::filesystem::recursive_directory_iterator walk(node::Layout(data_directory).replicas(), error);
  for (; !error && walk != std::filesystem::recursive_directory_iterator(); walk.increment(error)) {
    auto named = node::Layout::parse_file_name(walk->path().filename().string());
    if (named && !named->meta) found.emplace(named->replica, walk->path());
  }
  return found;
}

// Nullopt: the replica is whole by what it says of itself; else what is wrong with it.
inline std::optional<std::string> fault_of(const std::filesystem::path& data) {
  auto description = node::decode_sidecar(read_bytes(data.string() + std::string(node::Layout::kMetaSuffix)));
  if (!description.ok()) return data.string() + ": " + description.status().message();
  std::string bytes = read_bytes(data);
  BlockSummer summer;
  summer.update(bytes);
  BlockSums sums = summer.finish();
  if (bytes.size() != description->content.size) {
    return data.string() + ": " + std::to_string(bytes.size()) + " bytes instead of " +
           std::to_string(description->content.size);
  }
  if (sums != description->sums || content_digest(sums, bytes.size()) != description->content.digest) {
    return data.string() + ": its bytes do not give its sums";
  }
  return std::nullopt;
}

inline uint64_t bytes_in_place(const std::string& data_directory) {
  uint64_t sum = 0;
  for (const auto& [id, path] : replicas_in_place(data_directory)) sum += std::filesystem::file_size(path);
  return sum;
}

inline bool stage_is_empty(const std::string& data_directory) {
  std::error_code error;
  return std::filesystem::is_empty(node::Layout(data_directory).stage(), error) && !error;
}

}  // namespace fsdfs::testing
