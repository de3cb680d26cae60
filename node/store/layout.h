// Layout: where things are in a node's data directory (docs/architecture.md). Pure functions of the root and
// the id; constant after construction.
//
// The directory of a replica is ab/cd, the two low bytes of a hash of its inode number without the lowest 8
// bits: 256 neighbours share a directory, so that an import makes (and syncs) few directories, and millions
// spread over 65536.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/ids.h"

namespace fsdfs::node {

class Layout {
 public:
  explicit Layout(std::string root) : root_(std::move(root)) {}

  const std::string& root() const { return root_; }
  std::string lock() const { return root_ + "/lock"; }
  std::string identity() const { return root_ + "/fsdfs-identity"; }
  std::string key() const { return root_ + "/node.key"; }
  std::string replicas() const { return root_ + "/replicas"; }
  std::string stage() const { return root_ + "/stage"; }
  std::string quarantine() const { return root_ + "/quarantine"; }
  std::string index() const { return root_ + "/index.db"; }
  // Present while the index is closed and right: made last at a clean stop, removed first at a start.
  std::string index_clean() const { return root_ + "/index.clean"; }

  std::string directories() const { return root_ + "/directories.db"; }
  std::string scrub_state() const { return root_ + "/scrub.state"; }
  std::string tree() const { return root_ + "/tree"; }
  std::string sha256_list() const { return root_ + "/SHA256SUMS"; }

  std::string directory_of(const ReplicaId& replica) const;
  std::string data(const ReplicaId& replica) const {
    return directory_of(replica) + "/" + file_name(replica);
  }
  std::string meta(const ReplicaId& replica) const { return data(replica) + std::string(kMetaSuffix); }
  std::string quarantined_data(const ReplicaId& replica) const {
    return quarantine() + "/" + file_name(replica);
  }
  std::string quarantined_meta(const ReplicaId& replica) const {
    return quarantined_data(replica) + std::string(kMetaSuffix);
  }

  static constexpr std::string_view kMetaSuffix = ".meta";
  static std::string file_name(const ReplicaId& replica);  // "<inode>.<epoch>.<counter>"
  struct Named {
    ReplicaId replica;
    bool meta = false;
  };
  // What file_name and kMetaSuffix made; nullopt for any other name.
  static std::optional<Named> parse_file_name(std::string_view name);

 private:
  std::string root_;
};

}  // namespace fsdfs::node
