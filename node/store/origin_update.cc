#include "node/store/origin_update.h"

#include <fmt/format.h>

#include "node/store/sidecar.h"

namespace fsdfs::node {
namespace {

bool is_same_but_for_counter(Origin a, const Origin& b) {
  a.metadata_counter = b.metadata_counter;
  return a == b;
}

bool is_known(const IndexRow& row, const Origin& origin) {
  return row.current && row.metadata_counter == origin.metadata_counter && row.parent == origin.parent &&
         row.name == origin.name;
}

}  // namespace

Status OriginUpdate::add(const IndexRow& row, const FileRecord& file, bool present_state) {
  if (row.held.state != HeldState::kWhole) return {};
  IndexRow after = row;
  after.current = row.held.replica == file.current;
  if (after.current) {
    if (!present_state && is_known(row, file.origin)) return {};
    FSDFS_ASSIGN(bool said, rewrite(row.held.replica, file.origin));
    if (!said) return {};
    after.parent = file.origin.parent;
    after.name = file.origin.name;
    after.metadata_counter = file.origin.metadata_counter;
  } else if (!row.current) {
    return {};
  }
  before_.push_back(row);
  after_.push_back(std::move(after));
  return {};
}

Result<bool> OriginUpdate::rewrite(const ReplicaId& replica, const Origin& origin) {
  Claims::Claim claim = core_.shared.claims.take(replica);
  FSDFS_ASSIGN(auto row, core_.index->find(replica));
  if (!row || row->held.state != HeldState::kWhole) return false;
  auto description = core_.read_sidecar(core_.layout.meta(replica));
  bool bad = description.status().code() == Code::kDataLoss || description.status().code() == Code::kNotFound;
  if (bad) {
    bad_.emplace_back(replica, description.status());
    return false;
  }
  if (description.status().code() == Code::kUnavailable) return description.status();  // it may pass
  if (!description.ok()) {
    core_.logger.warning("the sidecar of {} cannot be read and does not follow its file: {}",
                         replica.to_string(), description.status().message());
    return false;
  }
  if (description->replica != replica) {
    bad_.emplace_back(replica, data_loss("its sidecar is that of " + description->replica.to_string()));
    return false;
  }
  if (is_same_but_for_counter(description->origin, origin)) return true;
  description->origin = origin;
  FSDFS_TRY(replace_sidecar(*description));
  return true;
}

Status OriginUpdate::replace_sidecar(const Description& description) {
  const std::string stage =
      fmt::format("{}/{}.{}{}", core_.layout.stage(), Layout::file_name(description.replica),
                  core_.stage_counter.fetch_add(1), Layout::kMetaSuffix);
  auto write = [&]() -> Status {
    FSDFS_ASSIGN(auto file, core_.disk.create(stage, kReplicaMode));
    FSDFS_TRY(file->pwrite(encode_sidecar(description), 0));
    FSDFS_TRY(file->sync_data());
    FSDFS_TRY(file->close());
    return core_.disk.rename(stage, core_.layout.meta(description.replica));
  };
  if (Status status = write(); !status.ok()) {
    (void)core_.unlink_if_there(stage);  // the first failure is the one to tell
    return status;
  }
  directories_.insert(core_.layout.directory_of(description.replica));
  return {};
}

Status OriginUpdate::sync() {
  for (const std::string& directory : directories_) FSDFS_TRY(core_.disk.sync_directory(directory));
  for (const IndexRow& row : after_) FSDFS_TRY(core_.index->set_place(row));
  for (const IndexRow& row : before_) core_.tree.settle(row.parent, row.name);
  for (const IndexRow& row : after_) core_.tree.settle(row.parent, row.name);
  return {};
}

}  // namespace fsdfs::node
