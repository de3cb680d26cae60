#include "node/store/recovery.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

#include "common/io/files.h"
#include "node/store/sidecar.h"

namespace fsdfs::node {
namespace {

constexpr std::string_view kCleanText = "closed\n";
constexpr size_t kScanBytes = 1 << 20;

// One replica as the scan meets it: which of its two files are there.
struct Found {
  bool data = false;
  bool meta = false;
};
using FoundFiles = std::map<ReplicaId, Found>;

// Of a sidecar's replacement that a crash cut short (write_file_atomically).
bool is_left_over(std::string_view name) {
  constexpr std::string_view kSuffix = ".tmp";
  if (!name.ends_with(kSuffix)) return false;
  auto named = Layout::parse_file_name(name.substr(0, name.size() - kSuffix.size()));
  return named && named->meta;
}

Result<FoundFiles> list_replicas(StoreCore& core, const std::string& directory) {
  FoundFiles found;
  std::vector<std::string> left_over;
  FSDFS_TRY(core.disk.list(directory, [&](const DirectoryEntry& entry) {
    if (is_left_over(entry.name)) {
      left_over.push_back(directory + "/" + std::string(entry.name));
      return true;
    }
    auto named = Layout::parse_file_name(entry.name);
    if (!named || entry.type != FileType::kRegular) {
      core.logger.warning("{}/{} is nothing that fsdfs made; it is left alone", directory, entry.name);
      return true;
    }
    (named->meta ? found[named->replica].meta : found[named->replica].data) = true;
    return true;
  }));
  for (const std::string& path : left_over) FSDFS_TRY(core.unlink_if_there(path));
  return found;
}

Result<std::vector<std::string>> list_directories(StoreCore& core, const std::string& path) {
  std::vector<std::string> paths;
  FSDFS_TRY(core.disk.list(path, [&](const DirectoryEntry& entry) {
    if (entry.type == FileType::kDirectory) paths.push_back(path + "/" + std::string(entry.name));
    return true;
  }));
  std::sort(paths.begin(), paths.end());
  return paths;
}

class Scan {
 public:
  explicit Scan(StoreCore& core) : core_(core) {}

  Status run() {
    FSDFS_TRY(core_.index->begin_scan());
    FSDFS_TRY(scan_quarantine());
    FSDFS_ASSIGN(auto upper, list_directories(core_, core_.layout.replicas()));
    for (const std::string& directory : upper) {
      FSDFS_ASSIGN(auto lower, list_directories(core_, directory));
      for (const std::string& path : lower) FSDFS_TRY(scan_directory(path));
    }
    FSDFS_ASSIGN(uint64_t dropped, core_.index->end_scan());
    // A row that is there may have lost what it was told, and the position be older than what was told.
    FSDFS_TRY(core_.index->set_followed({}));
    core_.logger.info("index of {} reconciled with its replicas: {} whole, {} quarantined, {} rows dropped",
                      core_.layout.root(), whole_, quarantined_, dropped);
    return {};
  }

 private:
  Status scan_quarantine() {
    FSDFS_ASSIGN(FoundFiles found, list_replicas(core_, core_.layout.quarantine()));
    for (const auto& [replica, files] : found) {
      if (files.data) {
        FSDFS_TRY(put_quarantined(replica));
      } else if (core_.disk.stat(core_.layout.data(replica)).status().code() == Code::kNotFound) {
        FSDFS_TRY(core_.unlink_if_there(core_.layout.quarantined_meta(replica)));
      }
    }
    return {};
  }

  Status scan_directory(const std::string& path) {
    FSDFS_ASSIGN(FoundFiles found, list_replicas(core_, path));
    for (const auto& [replica, files] : found) {
      if (core_.layout.directory_of(replica) != path) {
        core_.logger.warning("{}/{} is not where it belongs; it is left alone", path,
                             Layout::file_name(replica));
      } else if (files.data) {
        FSDFS_TRY(scan_replica(replica));
      } else {
        FSDFS_TRY(scan_lone_sidecar(replica));
      }
    }
    return {};
  }

  // Its data was moved to the quarantine and it was not, or an arrival or a removal was cut in two.
  Status scan_lone_sidecar(const ReplicaId& replica) {
    if (!lies_in_quarantine(replica)) return core_.unlink_if_there(core_.layout.meta(replica));
    FSDFS_TRY(core_.disk.rename(core_.layout.meta(replica), core_.layout.quarantined_meta(replica)));
    --quarantined_;
    return put_quarantined(replica);
  }

  Status scan_replica(const ReplicaId& replica) {
    FSDFS_ASSIGN(auto row, core_.index->find(replica));
    FSDFS_ASSIGN(FileStat stat, core_.disk.stat(core_.layout.data(replica)));
    auto description = core_.read_sidecar(core_.layout.meta(replica));
    if (!description.ok() && row && row->held.state == HeldState::kWhole) {
      description = remake_sidecar(*row, stat.size);
    }
    bool good = description.ok() && description->replica == replica && description->content.size == stat.size;
    if (!good || was_found_bad(row, *description)) return set_aside(replica, description.status());
    ++whole_;
    FSDFS_TRY(drop_quarantined(replica));
    if (row && row->held.state == HeldState::kWhole && row->held.content == description->content) {
      return core_.index->mark_seen(replica);
    }
    return core_.index->put(row_of(*description, HeldState::kWhole, description->created));
  }

  // And is the same one still: a power cut may take back the index's last writes, that a good one has come
  // instead among them, and leave the good one.
  bool was_found_bad(const std::optional<IndexRow>& row, const Description& description) {
    return row && row->held.state == HeldState::kQuarantined && description.created <= row->verified &&
           !lies_in_quarantine(description.replica);
  }

  bool lies_in_quarantine(const ReplicaId& replica) {
    return core_.disk.stat(core_.layout.quarantined_data(replica)).ok();
  }

  // A crash came between the arrival of a good replica and the removal of the bad one.
  Status drop_quarantined(const ReplicaId& replica) {
    if (!lies_in_quarantine(replica)) return {};
    --quarantined_;
    FSDFS_TRY(core_.unlink_if_there(core_.layout.quarantined_data(replica)));
    return core_.unlink_if_there(core_.layout.quarantined_meta(replica));
  }

  // The sums of the bytes that are there, if together they give the digest of the row.
  Result<Description> remake_sidecar(const IndexRow& row, uint64_t size) {
    const ReplicaId& replica = row.held.replica;
    if (size != row.held.content.size) return data_loss("its length is not what the index says");
    Description description;
    description.swarm = core_.directory.identity().swarm;
    description.replica = replica;
    description.content = row.held.content;
    description.origin.parent = row.parent;
    description.origin.name = row.name;
    description.origin.metadata_counter = row.metadata_counter;
    description.created = core_.clock.wall();
    FSDFS_ASSIGN(description.sums, sum_file(core_.layout.data(replica), size));
    if (content_digest(description.sums, size) != row.held.content.digest) {
      return data_loss("its sidecar is lost and its bytes do not give the digest of the index");
    }
    FSDFS_TRY(write_file_atomically(core_.disk, core_.layout.meta(replica), encode_sidecar(description),
                                    kReplicaMode));
    core_.logger.warning("the sidecar of {} was lost or damaged; made anew from its bytes, which are right",
                         replica.to_string());
    return description;
  }

  Result<BlockSums> sum_file(const std::string& path, uint64_t size) {
    FSDFS_ASSIGN(auto file, core_.disk.open(path, Disk::Access::kRead));
    BlockSummer summer;
    std::string buffer(kScanBytes, '\0');
    while (summer.size() < size) {
      FSDFS_ASSIGN(size_t count, file->pread(std::span<char>(buffer), summer.size()));
      if (count == 0) return data_loss(path + " ends early");
      summer.update(std::string_view(buffer).substr(0, count));
    }
    return summer.finish();
  }

  Status set_aside(const ReplicaId& replica, const Status& why) {
    core_.logger.error("replica {} is not whole and is quarantined: {}", replica.to_string(),
                       why.ok() ? "its data and its sidecar do not agree" : why.message());
    FSDFS_TRY(core_.disk.rename(core_.layout.data(replica), core_.layout.quarantined_data(replica)));
    Status meta = core_.disk.rename(core_.layout.meta(replica), core_.layout.quarantined_meta(replica));
    if (!meta.ok() && meta.code() != Code::kNotFound) return meta;
    FSDFS_TRY(core_.disk.sync_directory(core_.layout.quarantine()));
    FSDFS_TRY(core_.disk.sync_directory(core_.layout.directory_of(replica)));
    return put_quarantined(replica);
  }

  Status put_quarantined(const ReplicaId& replica) {
    FSDFS_ASSIGN(FileStat stat, core_.disk.stat(core_.layout.quarantined_data(replica)));
    IndexRow row;
    auto description = core_.read_sidecar(core_.layout.quarantined_meta(replica));
    if (description.ok() && description->replica == replica) {
      row = row_of(*description, HeldState::kQuarantined, description->created);
    }
    row.held.replica = replica;
    row.held.state = HeldState::kQuarantined;
    if (row.held.content.size != stat.size)
      row.held.content = {stat.size, {}};  // what it takes is what counts
    ++quarantined_;
    return core_.index->put(row);
  }

  StoreCore& core_;
  uint64_t whole_ = 0;
  uint64_t quarantined_ = 0;
};

}  // namespace

Result<OpenedIndex> open_index(const Layout& layout, Disk& disk, Logger& logger) {
  bool clean = disk.stat(layout.index_clean()).ok();
  if (clean) {
    FSDFS_TRY(disk.unlink(layout.index_clean()));
    FSDFS_TRY(disk.sync_directory(layout.root()));
  }
  FSDFS_ASSIGN(Index::Opened opened, Index::open(layout.index(), logger));
  if (!clean && !opened.made_anew && !opened.index->check().ok()) {
    logger.warning("the index {} was damaged by a crash and is made anew from the replicas", layout.index());
    opened.index.reset();
    FSDFS_TRY(Index::discard(layout.index()));
    FSDFS_ASSIGN(opened, Index::open(layout.index(), logger));
  }
  return OpenedIndex{std::move(opened.index), !clean || opened.made_anew};
}

Status recover(StoreCore& core, bool reconcile) {
  const std::string stage = core.layout.stage();
  std::vector<std::string> names;
  FSDFS_TRY(core.disk.list(stage, [&](const DirectoryEntry& entry) {
    names.emplace_back(entry.name);
    return true;
  }));
  for (const std::string& name : names) FSDFS_TRY(remove_tree(core.disk, stage + "/" + name));
  if (!names.empty()) {
    FSDFS_TRY(core.disk.sync_directory(stage));
    core.logger.info("swept {} files of arrivals that had not ended", names.size());
  }
  return reconcile ? Scan(core).run() : Status();
}

Status mark_index_clean(const Layout& layout, Disk& disk) {
  return write_file_atomically(disk, layout.index_clean(), kCleanText, kReplicaMode);
}

}  // namespace fsdfs::node
