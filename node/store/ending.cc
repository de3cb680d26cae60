// How arrivals end: every step is taken for all of them before the next one. Data and sidecars are on their
// way to the disk before the first of them is waited for, and a directory is synced once for all that came
// into it; so the filesystem's journal is written a few times, not three times for each.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "node/store/arrival.h"
#include "node/store/sidecar.h"
#include "node/store/store_core.h"

namespace fsdfs::node {

// One arrival on its way into its place.
struct Arrival::Placing {
  Arrival& arrival;
  Description description;
  std::unique_ptr<DiskFile> sidecar;
  std::string directory;  // where it was renamed to; empty: not yet
  std::optional<IndexRow> before;
  std::optional<HeldReplica> held;  // the node holds it already
};

Result<HeldReplica> Arrival::finish(const Content& expected, const Origin& origin) {
  const Ending ending{*this, expected, origin};
  return std::move(finish_together({&ending, 1}).front());
}

std::vector<Result<HeldReplica>> Arrival::finish_together(std::span<const Ending> endings) {
  std::vector<Placing> placings;
  std::vector<Status> statuses(endings.size());
  placings.reserve(endings.size());
  for (const Ending& ending : endings) {
    const StoreCore& its = ending.arrival.core_;
    placings.push_back({ending.arrival,
                        {its.directory.identity().swarm,
                         ending.arrival.replica_,
                         ending.expected,
                         {},
                         ending.origin,
                         its.clock.wall()},
                        nullptr,
                        {},
                        {},
                        {}});
  }
  auto step = [&](Status (Arrival::*take)(Placing&)) {
    for (size_t i = 0; i < placings.size(); ++i) {
      if (statuses[i].ok()) statuses[i] = (placings[i].arrival.*take)(placings[i]);
    }
  };
  if (endings.empty()) return {};
  StoreCore& core = endings.front().arrival.core_;
  std::set<ReplicaId> replicas;
  for (size_t i = 0; i < placings.size(); ++i) {
    const Arrival& arrival = placings[i].arrival;
    if (!replicas.insert(arrival.replica_).second || &arrival.core_ != &core) {
      statuses[i] = internal_error(arrival.replica_.to_string() + " cannot end together with the others");
    }
  }
  {
    DiskMeter::Timer timer(core.meter, core.clock);  // one for all, as they wait for the same
    step(&Arrival::seal);
    step(&Arrival::sync_stage);
  }
  std::vector<Claims::Claim> claims;  // in ascending order
  for (const ReplicaId& replica : replicas) claims.push_back(core.shared.claims.take(replica));
  step(&Arrival::put_in_place);

  std::map<std::string, Status> synced;
  std::vector<Result<HeldReplica>> results;
  for (size_t i = 0; i < placings.size(); ++i) {
    const Placing& placing = placings[i];
    Arrival& arrival = placing.arrival;
    if (statuses[i].ok() && !placing.held) {
      auto [of, fresh] = synced.try_emplace(placing.directory);
      if (fresh) {
        DiskMeter::Timer timer(core.meter, core.clock);
        of->second = core.disk.sync_directory(placing.directory);
      }
      statuses[i] = of->second;
      if (!statuses[i].ok()) statuses[i] = arrival.undo_placing(placing.description, statuses[i]);
    }
    results.push_back(
        arrival.ended(statuses[i].ok() ? arrival.count_in(placing) : Result<HeldReplica>(statuses[i])));
  }
  return results;
}

// Writes the sidecar, and has the kernel begin to write both.
Status Arrival::seal(Placing& placing) {
  FSDFS_TRY(failed_);
  FSDFS_TRY(check_content(placing.description.content));
  placing.description.sums = std::move(sums_);
  FSDFS_ASSIGN(placing.sidecar, core_.disk.create(stage_meta_, kReplicaMode));
  const std::string bytes = encode_sidecar(placing.description);
  FSDFS_TRY(placing.sidecar->pwrite(bytes, 0));
  placing.sidecar->start_writeback(0, bytes.size());
  file_->start_writeback(written_back_, received_ - written_back_);
  return {};
}

Status Arrival::sync_stage(Placing& placing) {
  for (DiskFile* file : {placing.sidecar.get(), file_.get()}) {
    FSDFS_TRY(file->sync_data());
    FSDFS_TRY(file->close());
  }
  return {};
}

// The index row is not summed, the sidecar is: where the sidecar says that this very content is
// held and the index says another, what has arrived takes its place.
bool Arrival::is_index_wrong(const IndexRow& row, const Description& description) const {
  if (row.held.content == description.content) return false;
  auto sidecar = core_.read_sidecar(core_.layout.meta(replica_));
  return sidecar.ok() && sidecar->replica == replica_ && sidecar->content == description.content;
}

// With the replica's claim, from here on. The sidecar goes first: a sidecar without data is swept, while data
// without a sidecar would have to be kept.
Status Arrival::put_in_place(Placing& placing) {
  const Description& description = placing.description;
  if (doom_->load()) {
    return aborted(replica_.to_string() + " was deleted while it arrived", Reason::kSessionLost);
  }
  FSDFS_ASSIGN(placing.before, core_.index->find(replica_));
  bool wrong = placing.before && placing.before->held.state == HeldState::kWhole &&
               is_index_wrong(*placing.before, description);
  FSDFS_ASSIGN(auto held, core_.shared.find_whole(replica_));
  if (held && !wrong) {
    if (held->content != description.content) {
      return failed_precondition(fmt::format(
          "node {} holds {} already, with another content (digest {}, not {})", to_string(core_.node),
          replica_.to_string(), held->content.digest.to_string(), description.content.digest.to_string()));
    }
    placing.held = held;
    return {};
  }
  placing.directory = core_.layout.directory_of(replica_);
  FSDFS_TRY(core_.ensure_directory(placing.directory));
  FSDFS_TRY(core_.disk.rename(stage_meta_, core_.layout.meta(replica_)));
  Status status = core_.disk.rename(stage_data_, core_.layout.data(replica_));
  return status.ok() ? status : undo_placing(description, status);
}

// It lies in its place for good.
Result<HeldReplica> Arrival::count_in(const Placing& placing) {
  if (placing.held) {
    core_.shared.changes.added(*placing.held);
    return *placing.held;
  }
  const Description& description = placing.description;
  IndexRow row = row_of(description, HeldState::kWhole, core_.clock.wall());
  if (Status status = core_.index->put(row); !status.ok()) {
    return undo_placing(description, core_.health.failed() ? core_.health.status() : status);
  }
  file_.reset();
  unstage();
  reservation_.keep(description.content.size);
  if (placing.before) {  // a bad one lay in quarantine until this replaced it, or the row was wrong
    (void)core_.unlink_if_there(core_.layout.quarantined_data(replica_));
    (void)core_.unlink_if_there(core_.layout.quarantined_meta(replica_));
    core_.quota.remove_held(placing.before->held.content.size);
    core_.tree.settle(placing.before->parent, placing.before->name);
  } else {
    core_.replicas.fetch_add(1);
  }
  core_.shared.drop_quarantined(replica_);  // from other disks
  FSDFS_TRY(core_.health.status());
  core_.shared.changes.added(row.held);
  // Where the disk fails from here on, a new inventory says so; where it failed just now, this does.
  if (Status status = core_.health.status(); !status.ok()) {
    core_.shared.changes.removed(replica_);
    return status;
  }
  return row.held;
}

Status Arrival::undo_placing(const Description& description, Status why) {
  Status data = core_.unlink_if_there(core_.layout.data(replica_));
  Status meta = core_.unlink_if_there(core_.layout.meta(replica_));
  if (!data.ok()) {
    // Its bytes are still there, so they stay counted; the next start finds the file and decides.
    core_.logger.error("{} could not be put in place and not be removed again: {}", replica_.to_string(),
                       data.message());
    unstage();
    reservation_.keep(std::min(reservation_.bytes(), description.content.size));
  }
  if (!meta.ok()) core_.logger.warning("a sidecar was left behind: {}", meta.message());
  return why;
}

Result<HeldReplica> Arrival::ended(Result<HeldReplica> how) {
  if (!how.ok()) {
    if (failed_.ok()) failed_ = how.status();
    return how;
  }
  discard();  // of what is left in the stage, where the node held it already
  failed_ = failed_precondition("the arrival of " + replica_.to_string() + " has ended");
  return how;
}

}  // namespace fsdfs::node
